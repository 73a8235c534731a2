from __future__ import annotations

from typing import Any

import pytest

from cli.demo import clients
from cli.demo.clients import Office


def test_people_log_in_before_they_read_and_keep_their_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[str, str]] = []

    def answer(url: str, body: dict[str, Any] | None = None, token: str = "") -> tuple[int, dict[str, Any]]:
        calls.append((url, token))
        return (200, {"token": "t-1"}) if url.endswith("/login") else (200, {"documents": [1]})

    monkeypatch.setattr(clients, "call", answer)
    office = Office({"sso": "S", "edoc": "D", "lgsp": "L"}, {"anna": "secret"}, seed=1)
    for _ in range(30):
        office.work()
    assert calls[0][0] == "S/login"
    others = [(url, token) for url, token in calls if not url.endswith("/login")]
    assert others
    assert all(token == "t-1" for _, token in others)


def test_the_same_seed_gives_the_same_day(monkeypatch: pytest.MonkeyPatch) -> None:
    def day() -> list[str]:
        urls: list[str] = []
        monkeypatch.setattr(
            clients, "call", lambda url, *_, **__: urls.append(url) or (200, {"token": "t", "documents": [1]})
        )
        office = Office({"sso": "S", "edoc": "D", "lgsp": "L"}, {"anna": "a", "duc": "b"}, seed=9)
        for _ in range(50):
            office.work()
        return urls

    assert day() == day()


def test_people_mistype_now_and_then_but_not_the_one_whose_account_is_attacked(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong: list[str] = []

    def refuse(_url: str, body: dict[str, Any] | None = None, token: str = "") -> tuple[int, dict[str, Any]]:
        if body is not None and body["password"] != "right":
            wrong.append(body["login"])
        return 401, {}

    monkeypatch.setattr(clients, "call", refuse)
    office = Office({"sso": "S"}, {"anna": "right", "duc": "right"}, seed=9, careful="duc")
    for _ in range(300):
        office.work()
    assert set(wrong) == {"anna"}
