from __future__ import annotations

import json
import unicodedata
from contextlib import redirect_stdout
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli import app, output
from inventory.errors import ExitCode, HoldfastError

HIDDEN = ["Cc", "Cf", "Cs", "Zl", "Zp"]


@given(st.text())
def test_no_text_can_move_the_cursor_or_colour_the_screen(text: str) -> None:
    shown = output.clean(text)
    assert [c for c in shown if unicodedata.category(c) in HIDDEN and c not in "\t\n"] == []


@given(st.text(st.characters(exclude_categories=HIDDEN, exclude_characters="\u034f\u115f\u1160\u3164\uffa0")))
def test_ordinary_text_is_shown_as_it_is(text: str) -> None:
    assert output.clean(text) == text


def test_what_turns_text_round_or_is_not_seen_is_shown_as_an_escape() -> None:
    assert output.clean("edoc\u202egpj.exe") == "edoc\\u202egpj.exe"
    assert output.clean("s\u200bso\u00ad\ufeff \u3164 \U000e0041") == "s\\u200bso\\xad\\ufeff \\u3164 \\U000e0041"
    assert output.clean("Hệ thống \u1ec7 e\u0323\u0302") == "Hệ thống \u1ec7 e\u0323\u0302"


@given(st.text(st.characters(categories=["Cc", "Cf", "Zl", "Zp", "Lu"])))
def test_json_hides_nothing_either_and_is_the_same_value_when_read(text: str) -> None:
    with redirect_stdout(StringIO()) as said:
        output.json_line([text])
    written = said.getvalue()
    assert [c for c in written if unicodedata.category(c) in HIDDEN] == ["\n"]
    assert json.loads(written) == [text]


def test_an_escape_sequence_becomes_visible() -> None:
    assert output.clean("user \x1b[2Jroot\r") == "user \\x1b[2Jroot\\x0d"


def test_a_choice_there_is_none_of_is_told_in_plain_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["inventory", "graph", "--format", "p\u202edf"]) == ExitCode.USAGE
    said = capsys.readouterr().err
    assert "Invalid value for '--format': 'p\\u202edf' is not one of 'table', 'mermaid', 'dot', 'svg'" in said


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
