from __future__ import annotations

import pytest

from incident.effects import Answers
from inventory.errors import ExitCode, UsageError
from tests.incident import making
from tests.incident.making import CLEAN, NORMAL

PLAN = making.planned("inc-1", {"sso": making.system(), "edoc": making.system("sso")}, CLEAN, NORMAL)


@pytest.mark.parametrize(("given", "meant"), [("clean-target", [True, True]), ("edoc/clean-target", [False, True])])
def test_an_answer_names_a_step_of_one_system_or_of_all(given: str, meant: list[bool]) -> None:
    answers = Answers(approve=frozenset({given}))
    gates = [step for step in PLAN.steps if step.step.kind == "gate"]
    assert [answers.about(step, answers.approve) for step in gates] == meant
    answers.must_fit(PLAN)


@pytest.mark.parametrize("option", ["approve", "done", "again"])
def test_a_step_the_plan_does_not_have_is_named(option: str) -> None:
    with pytest.raises(UsageError, match="clean-targt") as caught:
        Answers(**{option: frozenset({"clean-targt"})}).must_fit(PLAN)
    assert "clean-target, normal" in caught.value.hint
    assert caught.value.exit_code == ExitCode.USAGE


def test_a_step_cannot_be_both_done_and_to_be_done_again() -> None:
    with pytest.raises(UsageError, match="sso/normal"):
        Answers(done=frozenset({"sso/normal"}), again=frozenset({"normal"})).must_fit(PLAN)
