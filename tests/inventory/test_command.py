from __future__ import annotations

import pytest

from inventory import command
from inventory.command import Command


def test_a_secret_and_the_input_are_not_shown_with_a_command() -> None:
    shown = repr(Command(("x",), secrets={"p": b"hunter2"}, stdin=b"hunter3"))
    assert "hunter" not in shown


def test_a_command_is_called_by_its_program() -> None:
    assert Command(("restic", "backup")).title == "restic"
    assert Command(()).title == "the run"


def test_a_child_sees_few_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESTIC_PASSWORD", "leaked")
    monkeypatch.setenv("PGHOST", "/run/elsewhere")
    seen = command.base_environment()
    assert "RESTIC_PASSWORD" not in seen
    assert seen["PGHOST"] == "/run/elsewhere"
    assert seen["LC_ALL"] == "C.UTF-8"


def test_errors_name_the_program_and_the_host() -> None:
    gone = command.missing("restic", " on db-1")
    assert (gone.message, gone.hint) == (
        "restic is not installed on db-1 or may not be run",
        "install restic on db-1",
    )
    late = command.past_limit(Command(("restic",), limit=2.5), " on db-1")
    assert late.message == "restic ran longer than 2.5 seconds on db-1 and was ended"
