from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory import rights
from inventory.people import Person
from inventory.rights import Right

RUN = Right("backup run", ("operator",), ("--due", "--json"))
ITSELF = Right("incident", ("viewer", "operator"), values=False)
TODAY = Right("today", ("viewer", "operator"), ("--json",), values=False)
ALL = (Right("", ("viewer", "operator"), ("--version",), values=False), RUN, ITSELF, TODAY)


@pytest.mark.parametrize(
    ("words", "command"),
    [
        ("backup run edoc", "backup run"),
        ("backup run edoc sso --json", "backup run"),
        ("backup run --help", "backup run"),
        ("incident", "incident"),
        ("--version", ""),
        ("today --json", "today"),
    ],
)
def test_a_command_with_its_own_options_and_values_is_allowed(words: str, command: str) -> None:
    found = rights.allowing(ALL, ["operator"], words.split())
    assert found is not None
    assert found.command == command


@pytest.mark.parametrize(
    "words",
    [
        "backup run --site /x",
        "backup run edoc --rules=/x",
        "--site /x backup run",
        "backup running",
        "backup",
        "incident open",
        "today x",
        "--version today",
        "",
        "backup run -x",
        "backup run -- --site",
    ],
)
def test_everything_else_is_not(words: str) -> None:
    assert rights.allowing(ALL, ["operator"], words.split()) is None


def test_a_role_has_its_own_commands_only() -> None:
    assert rights.allowing(ALL, ["viewer"], ["backup", "run"]) is None
    assert rights.allowing(ALL, [], ["today"]) is None


@given(st.lists(st.text(max_size=12), max_size=5))
def test_no_word_after_a_command_smuggles_in_an_option_that_is_not_listed(words: list[str]) -> None:
    """Whatever the words are, if they are allowed then every option among them, as sudo and we see it, is listed."""
    if rights.allowing(ALL, ["operator"], ["backup", "run", *words]):
        given_options = {word for word in words if word.startswith("-")}
        assert given_options <= {"--due", "--json", "--help", "-h"}


def test_a_line_break_is_not_the_end_of_a_line() -> None:
    assert rights.allowing(ALL, ["operator"], ["today", "\n--site"]) is None
    assert rights.allowing(ALL, ["operator"], ["today\n"]) is None


def test_the_patterns_need_no_quoting_in_sudos_rules() -> None:
    for right in ALL:
        assert not re.search(r"[,:=\\#!\"]", rights.pattern(right))


def test_sudos_rules_name_each_person_once_with_their_commands() -> None:
    people = [Person(name="Lan", login="lan", roles=["operator"]), Person(name="Minh", login="minh", roles=["viewer"])]
    text = rights.sudoers(people, ALL, "/usr/local/bin/holdfast", "holdfast")
    lan, minh = (part for part in re.split(r"\n(?=\w+ ALL)", text) if part.startswith(("lan", "minh")))
    assert "backup run" in lan
    assert "backup run" not in minh
    assert lan.startswith("lan ALL=(holdfast) NOPASSWD:")


def test_somebody_without_any_right_gets_no_line() -> None:
    assert "lan" not in rights.sudoers([Person(name="Lan", login="lan", roles=[])], ALL, "/l", "holdfast")
