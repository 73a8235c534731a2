from __future__ import annotations

from typing import Any

import pytest
import typer.main

from cli import app
from cli import rights as table
from cli.rights import NOBODY, rights
from inventory.rights import Right


@pytest.fixture(scope="module")
def root() -> Any:
    return typer.main.get_command(app.app)


@pytest.fixture(scope="module")
def known(root: Any) -> dict[str, Right]:
    return {right.command: right for right in rights(root)}


def test_the_roles_are_those_the_command_itself_asks_for(known: dict[str, Right]) -> None:
    assert known["backup run"].roles == ("operator", "responder")
    assert "viewer" in known["today"].roles


def test_what_is_roots_is_nobodys(known: dict[str, Right]) -> None:
    assert not {command.split()[0] for command in known if command} & set(NOBODY)
    assert not set(known) & set(NOBODY)


def test_an_option_that_names_a_file_is_nobodys_unless_it_is_listed(known: dict[str, Right]) -> None:
    assert "--rules" not in known["detect run"].options
    assert "--events" not in known["detect run"].options
    assert known["ledger checkpoint"].places == ("--to",)
    assert "--to" in known["backup restore"].options


def test_no_right_leads_to_another_site(known: dict[str, Right]) -> None:
    assert not any({"--site", "--debug"} & set(right.options) for right in known.values())


def test_a_group_alone_takes_no_word_for_that_would_be_a_command(known: dict[str, Right]) -> None:
    assert not known["incident"].values
    assert known["readiness"].values


def test_only_what_a_command_line_could_be_is_read_when_it_is_given(root: Any) -> None:
    assert [right.command for right in rights(root, ["backup", "run", "edoc"])] == ["", "backup run"]


def test_elsewhere_than_on_a_control_host_nothing_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inventory.served.installation", lambda: None)
    assert app.run(["inventory", "schema", "system"]) == 0


@pytest.mark.parametrize("word", app._SPEAK_OF_ALL)
def test_commands_that_tell_of_all_others_see_all_others(word: str) -> None:
    seen, whole = (typer.main.get_command(each) for each in (app._asked_for([word, "--json"]), app.app))
    assert [right.command for right in rights(seen)] == [right.command for right in rights(whole)]


def test_what_is_listed_as_read_or_written_is_really_an_option_of_that_command(known: dict[str, Right]) -> None:
    for words, options in (*table._READ.items(), *table._WRITTEN.items()):
        assert set(options) <= set(known[words].options), words
    assert "--approval" in known["recover run"].options, "signatures are handed in through sudo too"
