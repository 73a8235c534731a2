from __future__ import annotations

from typing import Any

import pytest

from inventory import verdict
from inventory.command import Command, TimeLimitError
from inventory.errors import ExitCode, HoldfastError
from inventory.ssh import HostKeyChangedError, NotPreparedError
from inventory.verdict import HostRestartedError, InDoubtError, LostError, StillRunningError

ENDED = {"exit_code": 3, "why": "", "seconds": 1.5, "ends": [4, 6], "left": [], "program": "restic", "limit": 9.0}


def judge(restarted: bool = False, received: tuple[int, int] = (4, 6), **changed: Any) -> object:
    return verdict.outcome(verdict.checked(ENDED | changed), received, "db-1", ["out", "error"], restarted=restarted)


def test_an_end_becomes_an_outcome() -> None:
    outcome = judge()
    assert repr(outcome) == "Outcome(exit_code=3, stdout='out', stderr='error', seconds=1.5)"


@pytest.mark.parametrize(
    ("changed", "kind", "words"),
    [
        ({"error": "restic", "missing": True}, HoldfastError, "restic is not installed on db-1"),
        ({"error": "[Errno 13] Permission denied"}, HoldfastError, "could not be started on db-1: .*denied"),
        ({"left": [41, 42]}, StillRunningError, "could not be ended on db-1: 2 of its processes remain"),
        ({"why": "limit"}, TimeLimitError, "restic ran longer than 9 seconds on db-1"),
        ({"why": "abandoned"}, LostError, "was ended on db-1: the connection was gone"),
        ({"why": "stopped with its keeper"}, InDoubtError, "was ended on db-1 from outside"),
        ({"exit_code": None}, InDoubtError, "from outside"),
        ({"restarted": True, "exit_code": -15}, HostRestartedError, "db-1 was restarted while restic ran"),
        ({"received": (4, 5)}, InDoubtError, "output is missing"),
    ],
)
def test_an_end_that_is_none_is_a_named_error(changed: dict[str, Any], kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        judge(**changed)


def test_a_result_that_outlived_a_restart_is_an_outcome() -> None:
    assert judge(restarted=True, exit_code=0) is not None


@pytest.mark.parametrize("changed", [{"exit_code": "0"}, {"why": 1}, {"ends": None}, {"left": ["x"]}, {"seconds": []}])
def test_an_end_of_another_shape_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises((ValueError, TypeError)):
        verdict.checked(ENDED | changed)


def test_what_a_host_says_is_shown_without_its_escapes() -> None:
    answer = {"problem": "refused", "text": "\x1b[31mno\x07\nreally \x1b]0;title\x07no"}
    assert verdict.problem(answer, "db-1", Command(("x",))).message == "db-1 refuses to run x: really ]0;titleno"


@pytest.mark.parametrize(
    ("problem", "code"),
    [("restarted", 3), ("lost", 3), ("unknown", 3), ("version", 3), ("refused", 4), ("disk", 3), ("?", 3)],
)
def test_every_refusal_of_a_keeper_is_a_named_error_with_a_hint(problem: str, code: int) -> None:
    error = verdict.problem({"problem": problem}, "db-1", Command(("x",)))
    assert (error.exit_code, bool(error.hint)) == (code, True)
    assert "db-1" in error.message


def test_a_stop_that_nobody_confirms_says_why_it_was_stopped() -> None:
    error = verdict.not_stopped(Command(("x",)), "db-1", 600, HoldfastError("the disk is full"))
    assert error.message == "db-1 does not confirm that x was stopped (the disk is full)"
    assert "within 10m" in error.hint
    assert verdict.not_stopped(Command(("x",)), "db-1", 600, KeyboardInterrupt()).exit_code == ExitCode.INTERRUPTED


def test_another_host_key_is_final_and_a_missing_python_only_at_first() -> None:
    assert verdict.is_final(HostKeyChangedError("x"), delivered=True)
    assert verdict.is_final(NotPreparedError("x"), delivered=False)
    assert not verdict.is_final(NotPreparedError("x"), delivered=True)
    assert not verdict.is_final(HoldfastError("x"), delivered=False)
