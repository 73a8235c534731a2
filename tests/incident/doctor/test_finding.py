from __future__ import annotations

import threading
from collections.abc import Iterable

import pytest

from cli.clock import SystemClock
from incident.doctor.finding import Check, Finding, Found, examine, exit_code, worst
from inventory.errors import ExitCode, HoldfastError


def answers(*found: Found) -> Check:
    return Check("asked", "it matters", lambda: found, mend="holdfast mend")


def raises(error: Exception) -> Check:
    def look() -> Iterable[Found]:
        raise error

    return Check("asked", "it matters", look, mend="holdfast mend")


def one(check: Check) -> Finding:
    return examine([check], SystemClock())[0]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (HoldfastError("no ledger\nyet", hint="holdfast backup run"), "no ledger yet"),
        (PermissionError(13, "Permission denied", "/x"), "Permission denied (/x)"),
        (ZeroDivisionError("division by zero"), "ZeroDivisionError: division by zero"),
    ],
)
def test_a_check_that_fails_is_unknown_and_never_green(error: Exception, words: str) -> None:
    found = one(raises(error))
    assert found.state == "unknown"
    assert words in found.found
    assert found.mend


def test_a_check_that_finds_nothing_is_unknown() -> None:
    assert one(answers()).state == "unknown"


def test_a_check_that_never_ends_is_unknown_and_the_others_are_heard() -> None:
    never = threading.Event()

    def look() -> Iterable[Found]:
        never.wait()
        return ()

    found = examine([Check("hangs", "", look, limit=0.1), answers(Found("green", "well"))], SystemClock())
    assert [(each.check, each.state) for each in found] == [("hangs", "unknown"), ("asked", "green")]
    never.set()


def test_what_is_green_needs_no_mending() -> None:
    found = examine(
        [answers(Found("green", "well"), Found("red", "ill"), Found("red", "worse", mend="now"))], SystemClock()
    )
    assert [each.mend for each in found] == ["", "holdfast mend", "now"]


@pytest.mark.parametrize(
    ("states", "code"),
    [
        (["green", "amber"], ExitCode.DONE),
        (["green", "unknown"], ExitCode.FINDINGS),
        (["green", "red"], ExitCode.FINDINGS),
        ([], ExitCode.FINDINGS),
    ],
)
def test_red_and_unknown_end_with_1_and_so_does_having_asked_nothing(states: list[str], code: ExitCode) -> None:
    assert exit_code([Finding("a", "", state, "", "", "") for state in states]) == code  # type: ignore[arg-type]


def test_the_worst_of_nothing_is_unknown() -> None:
    assert (worst([]), worst(["green", "amber", "red", "unknown"]), worst(["green", "unknown", "amber"])) == (
        "unknown",
        "red",
        "unknown",
    )
