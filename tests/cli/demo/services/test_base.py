from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.demo.services import base
from cli.demo.services.base import AnswerError, JsonObject, Log, Request


@pytest.fixture
def server() -> Iterator[str]:
    def refuse(_: Request) -> JsonObject:
        raise AnswerError(403, "no")

    def fail(_: Request) -> JsonObject:
        raise ValueError("broken")

    routes = {"GET /ok": lambda request: {"token": request.token}, "GET /refuse": refuse, "GET /fail": fail}
    made = base._Server(0, routes, lambda _request, _error: None)
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{made.server_address[1]}"
    made.shutdown()
    made.server_close()


def test_answers_refusals_failures_and_unknown_pages_have_their_status(server: str) -> None:
    assert base.call(f"{server}/ok", token="abc") == (200, {"token": "abc"})
    assert base.call(f"{server}/refuse")[0] == 403
    assert base.call(f"{server}/fail")[0] == 500
    assert base.call(f"{server}/nothing")[0] == 404


def test_nobody_answering_is_status_0() -> None:
    assert base.call("http://127.0.0.1:1/")[0] == 0


def test_an_event_is_one_line_with_ecs_names(tmp_path: Path) -> None:
    Log(tmp_path / "log" / "x.jsonl").ecs(
        "documents", "h", "document-read", "failure", "m\nn", reason="r", file={"path": "p"}
    )
    [line] = (tmp_path / "log" / "x.jsonl").read_text().splitlines()
    event = json.loads(line)
    assert event["event"] == {"action": "document-read", "outcome": "failure", "category": ["web"], "reason": "r"}
    assert event["file"] == {"path": "p"}
