from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import typer.main

from cli import app
from cli.powers import powers
from cli.rights import rights
from inventory.errors import ExitCode, HoldfastError, RefusedError
from tests.test_layout import ROOT

HEAVY = {"ansible_runner", "pydantic", "sigma", "sqlite3", "yaml"}


def failing(monkeypatch: pytest.MonkeyPatch, failure: BaseException | ExitCode) -> None:
    """Let whatever command is run end with `failure`."""

    def ends(**_: Any) -> ExitCode:
        if isinstance(failure, BaseException):
            raise failure
        return failure

    monkeypatch.setattr(app, "_asked_for", lambda _: ends)


@pytest.fixture(autouse=True)
def _signal_handler() -> Iterator[None]:
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def test_the_version_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["--version"]) == 0
    assert capsys.readouterr().out.startswith("holdfast ")


@pytest.mark.parametrize("arguments", [["frobnicate"], ["--frobnicate"], ["inventory", "frobnicate"]])
def test_a_wrong_word_is_a_usage_error(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(arguments) == ExitCode.USAGE
    said = capsys.readouterr()
    assert "frobnicate" in said.err
    assert said.out == ""


@pytest.mark.parametrize("code", list(ExitCode))
def test_what_a_command_returns_is_the_exit_code(monkeypatch: pytest.MonkeyPatch, code: ExitCode) -> None:
    failing(monkeypatch, code)
    assert app.run([]) == code


def test_an_expected_failure_is_two_lines_and_its_own_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    failing(monkeypatch, RefusedError("this is another disk", hint="attach weekly-a"))
    assert app.run([]) == ExitCode.REFUSED
    assert capsys.readouterr().err == "error: this is another disk\nhint: attach weekly-a\n"


def test_a_fault_of_ours_shows_no_traceback_unless_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    failing(monkeypatch, ValueError("surprise"))
    assert app.run([]) == ExitCode.UNFINISHED
    said = capsys.readouterr().err
    assert "a fault in Holdfast itself: ValueError: surprise" in said
    assert "Traceback" not in said
    monkeypatch.setattr(sys, "argv", ["holdfast", "--debug"])
    app.run([])
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize("failure", [KeyboardInterrupt(), typer.Abort()])
def test_an_interrupted_command_ends_with_130(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], failure: BaseException
) -> None:
    failing(monkeypatch, failure)
    assert app.run([]) == ExitCode.INTERRUPTED
    assert "nothing that was recorded is lost" in capsys.readouterr().err


def test_ctrl_c_inside_a_command_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def pressed(_context: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("cli.readiness_commands.current", pressed)
    assert app.run(["today"]) == ExitCode.INTERRUPTED
    assert capsys.readouterr().err.count("interrupted; nothing that was recorded is lost") == 1


def test_a_terminated_command_ends_like_an_interrupted_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "_asked_for", lambda _: lambda **_: os.kill(os.getpid(), signal.SIGTERM))
    assert app.run([]) == ExitCode.INTERRUPTED


def test_every_failure_class_has_a_documented_exit_code() -> None:
    waiting, seen = [HoldfastError], set()
    while waiting:
        error = waiting.pop()
        seen.add(error.exit_code)
        waiting += error.__subclasses__()
    assert seen <= set(ExitCode)


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_a_reader_that_goes_away_is_no_failure(option: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    ended = subprocess.run(
        [sys.executable, "-m", "cli.app", option], stdout=writer, stderr=subprocess.PIPE, check=False
    )
    os.close(writer)
    assert (ended.returncode, ended.stderr) == (0, b"")


def test_help_loads_nothing_heavy() -> None:
    """What makes `holdfast --help` quick; `bench/help.py` measures it."""
    code = f"import cli.app, sys; print(sorted({HEAVY!r} & sys.modules.keys()))"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "[]"


def commands(group: Any, path: str = "holdfast") -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


def test_every_commands_help_says_what_it_does_and_gives_an_example() -> None:
    tree = typer.main.get_command(app.app)
    silent = [
        path
        for path, command in commands(tree)
        if not command.help or f"{path}" not in f"{command.help} {command.epilog or ''}"
    ]
    assert silent == []


def test_usage_names_the_command_as_it_is_typed_however_it_was_started() -> None:
    words = [sys.executable, "-m", "cli.app", "ledger", "export"]
    said = subprocess.run(words, capture_output=True, text=True, check=False, cwd=ROOT).stderr
    assert said.startswith("Usage: holdfast ledger export ")


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["backup", "status"], ["backup"]),
        (["--site", "today", "ledger", "verify"], ["ledger"]),
        (["--debug", "today"], ["today"]),
    ],
)
def test_only_the_command_that_is_asked_for_is_got_ready(arguments: list[str], found: list[str]) -> None:
    one = app._asked_for(arguments)
    commands = [app._name(each.callback) for each in one.registered_commands]
    assert commands + [app._name(each.typer_instance) for each in one.registered_groups] == found
    assert one.registered_callback is app.app.registered_callback


@pytest.mark.parametrize("command", ["setup", "whoami"])
def test_who_may_run_what_is_read_from_every_command_not_from_the_one_asked_for(command: str) -> None:
    """`setup` writes sudo's rules from it, `whoami` tells it."""
    got_ready = typer.main.get_command(app._asked_for(["--site", "x", command]))
    assert rights(got_ready) == rights(typer.main.get_command(app.app))
    assert {"backup run", "recover run"} <= powers(got_ready).keys()


@pytest.mark.parametrize("arguments", [[], ["--help"], ["--site", "x"], ["tody"], ["--unknown", "nothing"]])
def test_what_names_no_command_is_left_to_the_whole_application(arguments: list[str]) -> None:
    assert app._asked_for(arguments) is app.app


def test_a_mistyped_command_is_told_with_the_near_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["readines"]) == ExitCode.USAGE
    assert "readiness" in capsys.readouterr().err
