"""An alert in words, with its lines if they are still there and no others."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path

import pytest

from detect import evidence
from ledger.alerts import Alert
from tests.detect.making import NOW, at, failed


@pytest.fixture
def log(tmp_path: Path) -> Path:
    file = tmp_path / "auth.log"
    file.write_text("".join(failed("minh", n) for n in range(9)))
    return file


def alert(file: Path | str, *numbers: int) -> Alert:
    """Return an alert over lines of a log whose line N is N - 1 seconds after its beginning."""
    first, last = at(numbers[0] - 1), at(numbers[-1] - 1)
    events = [{"file": str(file), "line": number, "id": None} for number in numbers]
    return Alert("3f2a", "r", "Guessing", "high", "detect", None, first, last, len(numbers), events, "many", ("a", "b"))


def test_the_lines_are_quoted_with_their_place(log: Path) -> None:
    found = evidence.quotes(alert(log, 2, 5), NOW)
    kept = log.read_text().splitlines()
    assert [(quote.place, quote.text) for quote in found] == [(f"{log}:2", kept[1]), (f"{log}:5", kept[4])]


def test_of_a_compressed_log_too(log: Path) -> None:
    packed = log.with_suffix(".gz")
    packed.write_bytes(gzip.compress(log.read_bytes()))
    assert "Failed password for minh" in evidence.quotes(alert(packed, 1), NOW)[0].text


def test_a_line_that_stands_there_since_is_not_taken_for_evidence(log: Path) -> None:
    found = alert(log, 2, 5)
    log.write_text("".join(failed("hoa", n + 600) for n in range(9)))
    assert {quote.text for quote in evidence.quotes(found, NOW)} == {evidence.GONE}


@pytest.mark.parametrize("what", ["removed", "cut short", "a directory", "standard input"])
def test_what_is_gone_is_said_to_be_gone(log: Path, what: str) -> None:
    found = alert("-" if what == "standard input" else log, 2)
    if what == "cut short":
        log.write_text(failed("minh", 0))
    elif what != "standard input":
        log.unlink()
    if what == "a directory":
        log.mkdir()
    assert [quote.text for quote in evidence.quotes(found, NOW)] == [evidence.GONE]


def test_a_long_line_is_cut(log: Path) -> None:
    log.write_text(failed("minh" * 500, 0))
    assert len(evidence.quotes(alert(log, 1), NOW)[0].text) == evidence.LONGEST_QUOTE


def test_a_line_without_a_time_is_quoted(log: Path) -> None:
    log.write_text("nothing that tells a time\n")
    assert evidence.quotes(alert(log, 1), NOW)[0].text == "nothing that tells a time"


def test_the_facts_are_words(log: Path) -> None:
    said = evidence.words(replace(alert(log, 1), first_at=None))
    assert (said["tags"], said["incident"], said["system"], said["first event"]) == ("a, b", "-", "-", "-")
