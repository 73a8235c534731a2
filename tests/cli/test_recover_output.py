from __future__ import annotations

import json
from typing import Any

import pytest

from cli import recover_output
from incident.runs import Run, StepState
from inventory.errors import ExitCode
from tests.incident import making
from tests.incident.making import NOON, NORMAL, RESTORE

PLAN = making.planned("inc-1", {"sso": making.system()}, RESTORE, NORMAL)
DONE = StepState(status="done", attempts=1)


def run(**states: StepState) -> Run:
    return Run("inc-1-r1", PLAN, {f"sso/{key}": state for key, state in states.items()}, NOON, None, None)


@pytest.mark.parametrize(
    ("states", "code"),
    [
        ({"restore": DONE, "normal": DONE}, ExitCode.DONE),
        ({"restore": StepState(status="failed", attempts=1)}, ExitCode.UNFINISHED),
        ({"restore": StepState(status="waiting")}, ExitCode.REFUSED),
        ({}, ExitCode.UNFINISHED),
    ],
)
def test_the_exit_code_says_where_a_run_stands(
    states: dict[str, Any], code: ExitCode, capsys: pytest.CaptureFixture[str]
) -> None:
    assert recover_output.report(run(**states), json=False) == code
    said = capsys.readouterr().out
    assert ("every step done" in said) == (code == ExitCode.DONE)


def test_the_json_names_every_step(capsys: pytest.CaptureFixture[str]) -> None:
    recover_output.report(run(restore=DONE), json=True)
    found = json.loads(capsys.readouterr().out)
    assert [step["step"] for step in found["steps"]] == ["sso/restore", "sso/normal"]
    assert found["complete"] is False


def test_a_plan_is_shown_with_its_digest_and_the_number_of_steps(capsys: pytest.CaptureFixture[str]) -> None:
    recover_output.show_plan(PLAN, ())
    said = capsys.readouterr().out
    assert f"plan {PLAN.digest()[:16]}, 2 steps" in said
    assert "untested" not in said


def test_a_plan_says_which_of_its_runbooks_nobody_has_proved(capsys: pytest.CaptureFixture[str]) -> None:
    recover_output.show_plan(PLAN, {"generic"})
    said = capsys.readouterr().out
    assert "generic (untested)" in said
    assert "untested: nobody has proved runbook generic on any system yet" in said
