from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incident import gates
from incident.effects import Answers
from incident.runbook import Step
from inventory.approval import Approval
from inventory.errors import UsageError
from tests.incident import making
from tests.incident.making import CLEAN, NOON, NORMAL, POLICE

SYSTEMS = {"sso": making.system(host="signon-1"), "edoc": making.system("sso", host="documents-1")}
PLAN = making.planned("inc-1", SYSTEMS, POLICE, CLEAN, NORMAL)
FIRST = gates.approvable(PLAN)[0]
ME = Approval("Minh", "minh", "", signed=False, at=NOON)


def by(login: str, *, signed: bool = True) -> Approval:
    return Approval(login.title(), login, "SHA256:x" if signed else "", signed=signed, at=NOON)


def test_only_gates_that_people_approve_are_signed_and_each_name_is_told_once() -> None:
    assert [step.key for step in gates.approvable(PLAN)] == ["sso/clean-target", "edoc/clean-target"]
    assert gates.words(gates.approvable(PLAN)) == ["clean-target"]
    with pytest.raises(UsageError, match="no gate 'police' to approve") as caught:
        gates.request("site", "inc-1-r1", PLAN, "police")
    assert "clean-target" in caught.value.hint


def test_a_request_covers_one_gate_of_one_run_of_one_plan_or_all_that_share_its_name() -> None:
    every = gates.request("site", "inc-1-r1", PLAN, "clean-target")
    assert every.plan == PLAN.digest()
    assert every.action == "recover inc-1-r1 gate clean-target"
    assert every.what == "sso/clean-target: is signon-1 of sso clean?; edoc/clean-target: is documents-1 of edoc clean?"
    one = gates.request("site", "inc-1-r1", PLAN, "edoc/clean-target")
    assert one.what == "edoc/clean-target: is documents-1 of edoc clean?"
    other = [
        gates.request("site", "inc-1-r2", PLAN, "clean-target"),
        gates.request("elsewhere", "inc-1-r1", PLAN, "clean-target"),
        gates.request("site", "inc-1-r1", making.planned("inc-2", SYSTEMS, CLEAN, NORMAL), "clean-target"),
    ]
    assert len({each.text() for each in (every, one, *other)}) == 5


@pytest.mark.parametrize(
    ("answers", "found"),
    [
        (Answers(), []),
        (Answers(approve=frozenset({"clean-target"})), [ME]),
        (Answers(approve=frozenset({"edoc/clean-target"})), []),
        (Answers(approve=frozenset({"clean-target"}), signed={"clean-target": [by("hoa")]}), [by("hoa")]),
        (Answers(approve=frozenset({"x"}), signed={"edoc/clean-target": [by("hoa")]}), []),
        (
            Answers(signed={"clean-target": [by("hoa")], "sso/clean-target": [by("lan"), by("hoa")]}),
            [by("lan"), by("hoa")],
        ),
    ],
)
def test_who_approved_a_gate_are_those_who_signed_it_or_else_who_said_so(
    answers: Answers, found: list[Approval]
) -> None:
    assert gates.given(answers, FIRST, ME) == found


def test_what_a_gate_still_needs_is_said() -> None:
    step = Step.model_validate({**CLEAN, "people": 2, "signed": "required"})
    assert gates.lacking(step, []) == "takes 2 different people, signed"
    assert gates.lacking(step, [by("hoa")]) == "takes 2 different people, signed; so far approved by Hoa (signed)"
    assert gates.lacking(step, [by("hoa"), by("lan")]) == ""
    assert gates.lacking(Step.model_validate(CLEAN), [by("hoa", signed=False)]) == ""


@given(
    st.lists(st.tuples(st.sampled_from(["hoa", "lan", "minh", "vo"]), st.booleans())), st.integers(1, 3), st.booleans()
)
def test_a_gate_never_passes_with_fewer_different_people_than_it_takes(
    who: list[tuple[str, bool]], people: int, required: bool
) -> None:
    step = Step.model_validate({**CLEAN, "people": people, **({"signed": "required"} if required else {})})
    passed = not gates.lacking(step, [by(login, signed=signed) for login, signed in who])
    counted = {login for login, signed in who if signed or not required}
    assert passed == (len(counted) >= people)
