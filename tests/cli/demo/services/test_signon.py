from __future__ import annotations

from pathlib import Path

import pytest

from cli.demo.services import signon
from cli.demo.services.base import AnswerError, Request
from cli.demo.services.signon import SignOn


@pytest.fixture
def service(tmp_path: Path) -> SignOn:
    signon.create(tmp_path, {"anna": "right"})
    return SignOn(tmp_path, "signon-1")


def request(token: str = "", **body: str) -> Request:
    return Request("/login", dict(body), "127.0.0.1", 4711, token)


def test_a_right_password_gives_a_token_that_names_its_owner(service: SignOn) -> None:
    token = service.login(request(login="anna", password="right"))["token"]
    assert service.whoami(request(token=token)) == {"login": "anna"}


def test_a_wrong_password_an_unknown_login_and_a_forged_token_are_refused_and_logged(
    service: SignOn, tmp_path: Path
) -> None:
    for body in ({"login": "anna", "password": "wrong"}, {"login": "eve", "password": "x"}):
        with pytest.raises(AnswerError):
            service.login(request(**body))
    with pytest.raises(AnswerError):
        service.whoami(request(token="anna.forged"))
    log = (tmp_path / "var" / "log" / "auth.log").read_text()
    assert "Failed password for anna from 127.0.0.1 port 4711" in log
    assert "Failed password for eve" in log
    assert "wrong" not in log


def test_it_is_healthy_only_with_accounts(service: SignOn) -> None:
    assert service.health(request())["accounts"] == 1
