from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli import output
from inventory.errors import HoldfastError


@given(st.text())
def test_no_text_can_move_the_cursor_or_colour_the_screen(text: str) -> None:
    shown = output.clean(text)
    assert [c for c in shown if unicodedata.category(c) == "Cc" and c not in "\t\n"] == []


@given(st.text(st.characters(exclude_categories=["Cc"])))
def test_ordinary_text_is_shown_as_it_is(text: str) -> None:
    assert output.clean(text) == text


def test_an_escape_sequence_becomes_visible() -> None:
    assert output.clean("user \x1b[2Jroot\r") == "user \\x1b[2Jroot\\x0d"


def test_data_goes_to_stdout_and_everything_else_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    output.line("a system")
    output.note("a note")
    output.error(HoldfastError("the disk is full", hint="free some space"))
    said = capsys.readouterr()
    assert said.out == "a system\n"
    assert said.err == "a note\nerror: the disk is full\nhint: free some space\n"


def test_a_document_keeps_vietnamese_and_can_be_read_back(capsys: pytest.CaptureFixture[str]) -> None:
    value = {"name": "Hệ thống thông tin", "items": [1, None]}
    output.document(value)
    said = capsys.readouterr().out
    assert json.loads(said) == value
    assert "Hệ thống" in said


def test_a_json_line_is_one_line_whatever_it_holds(capsys: pytest.CaptureFixture[str]) -> None:
    output.json_line({"message": "two\nlines"})
    said = capsys.readouterr().out
    assert said.count("\n") == 1
    assert json.loads(said) == {"message": "two\nlines"}


def test_a_table_shows_every_cell_and_obeys_none(capsys: pytest.CaptureFixture[str]) -> None:
    output.table(["system", "state"], [["edoc", "red"], ["\x1b[31msso", "[bold]green[/]"]])
    said = capsys.readouterr().out
    assert ["edoc", "red"] in [line.split() for line in said.splitlines()]
    assert "\\x1b[31msso" in said
    assert "[bold]green[/]" in said
    assert "\x1b" not in said


def test_progress_is_silent_when_nobody_watches(capsys: pytest.CaptureFixture[str]) -> None:
    with output.progress("copying") as progress:
        progress.show("half", 0.5)
    assert capsys.readouterr() == ("", "")


def test_without_a_terminal_the_answer_to_a_question_is_no(capsys: pytest.CaptureFixture[str]) -> None:
    assert output.confirm("Apply?") is False
    assert capsys.readouterr().err == ""
