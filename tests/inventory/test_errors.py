from __future__ import annotations

from inventory.errors import ExitCode, HoldfastError, MissingToolError, RefusedError, UsageError, worst


def test_exit_codes_are_what_the_readme_promises() -> None:
    assert {code.name: int(code) for code in ExitCode} == {
        "DONE": 0,
        "FINDINGS": 1,
        "USAGE": 2,
        "UNFINISHED": 3,
        "REFUSED": 4,
        "INTERRUPTED": 130,
    }


def test_the_worst_of_several_ends_is_reported() -> None:
    assert worst([]) == ExitCode.DONE
    assert worst([ExitCode.DONE, ExitCode.FINDINGS]) == ExitCode.FINDINGS
    assert worst([ExitCode.FINDINGS, ExitCode.UNFINISHED]) == ExitCode.UNFINISHED
    assert worst([ExitCode.UNFINISHED, ExitCode.REFUSED, ExitCode.FINDINGS]) == ExitCode.REFUSED


def test_every_error_says_what_and_what_next() -> None:
    error = HoldfastError("the disk is full", hint="make room")
    assert (str(error), error.message, error.hint) == ("the disk is full", "the disk is full", "make room")
    assert [kind.exit_code for kind in (HoldfastError, UsageError, RefusedError, MissingToolError)] == [3, 2, 4, 2]
