from __future__ import annotations

import os

import pytest

from inventory import people
from inventory.errors import ExitCode, RefusedError
from inventory.people import Actor, People, Person

STAFF = People(people=[Person(name="Minh", login="minh", roles=["operator"]), Person(name="Lan", login="lan")])


def test_a_person_with_the_role_may() -> None:
    people.who("minh", STAFF).may("security", "operator")


def test_a_person_without_the_role_is_refused_with_what_it_needs() -> None:
    with pytest.raises(RefusedError, match="Lan holds viewer; this needs operator") as caught:
        people.who("lan", STAFF).may("operator")
    assert caught.value.exit_code == ExitCode.REFUSED


def test_an_unknown_login_may_only_read() -> None:
    actor = people.who("stranger", STAFF)
    assert actor == Actor("stranger", None)
    with pytest.raises(RefusedError, match="stranger is not in people") as caught:
        actor.may("operator", "responder")
    assert "operator or responder" in caught.value.hint


def test_behind_sudo_the_caller_acts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 0)
    monkeypatch.setenv("SUDO_USER", "minh")
    assert people.current_login() == "minh"


def test_a_plain_user_cannot_pretend_to_be_behind_sudo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 65534)
    monkeypatch.setenv("SUDO_USER", "minh")
    assert people.current_login() == "nobody"
