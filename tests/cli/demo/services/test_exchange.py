from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cli.demo.services import base, exchange
from cli.demo.services.base import AnswerError, Request
from cli.demo.services.exchange import Exchange


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Exchange:
    exchange.create(tmp_path, ["tax", "land"], 4)
    monkeypatch.setattr(base, "call", lambda *_, **__: (200, {"login": "anna"}))
    return Exchange(tmp_path, "exchange-1", "http://sso")


def ask(**body: Any) -> Request:
    return Request("/messages", dict(body), "127.0.0.1", 1, "token")


def test_a_message_for_a_known_office_is_kept(service: Exchange) -> None:
    assert service.send(ask(office="tax", body="x")) == {"forwarded": "tax"}
    assert service.health(ask())["messages"] == 5


def test_an_unknown_office_and_a_caller_without_a_token_are_refused(
    service: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(AnswerError):
        service.send(ask(office="moon", body="x"))
    monkeypatch.setattr(base, "call", lambda *_, **__: (401, {}))
    with pytest.raises(AnswerError):
        service.send(ask(office="tax", body="x"))
    assert service.health(ask())["messages"] == 4
