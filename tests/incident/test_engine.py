from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from incident import engine
from incident.effects import Answers
from incident.incident import find
from inventory.approval import Approval
from inventory.errors import RefusedError, UsageError
from ledger.ledger import Ledger
from tests.incident import making
from tests.incident.making import ANNOUNCE, BY_HAND, CLEAN, COPY, NOON, NORMAL, POLICE, RESTORE, START, PaperHands

TWO = {"sso": making.system(host="signon-1"), "edoc": making.system("sso", host="documents-1")}
INDEPENDENT = {"sso": making.system(), "open": making.system()}


@pytest.fixture
def hands(tmp_path: Path) -> PaperHands:
    return PaperHands(tmp_path / "paper")


def begin(ledger: Ledger, systems: Any, *steps: Any) -> str:
    incident = making.opened(ledger, *systems)
    return engine.start(ledger, making.planned(incident.id, systems, *steps))


def test_a_run_does_every_step_in_order_and_records_each_system_as_normal(ledger: Ledger, hands: PaperHands) -> None:
    run = engine.go_on(ledger, begin(ledger, TWO, COPY, RESTORE, START, NORMAL), hands)
    assert run.complete
    assert run.ended == "done"
    steps = [f"{key}/{step}" for key in TWO for step in ("copy", "restore", "start", "normal")]
    assert hands.lines() == [f"{word} {step}" for step in steps for word in ("begin", "end")]
    assert find(ledger, None).still_down == ()
    assert [record.system for record in ledger.read(kinds=("system.normal",))] == ["sso", "edoc"]


def test_the_intent_is_on_disk_before_the_effect_and_the_result_after_it(ledger: Ledger, hands: PaperHands) -> None:
    kinds: list[list[str]] = []
    hands.during = lambda _name: kinds.append([record.kind for record in ledger.read()][-1:])
    engine.go_on(ledger, begin(ledger, INDEPENDENT, RESTORE, NORMAL), hands)
    assert kinds == [["step.intent"]] * 4


@pytest.mark.parametrize(("steps", "option"), [((CLEAN, NORMAL), "approve"), ((BY_HAND, NORMAL), "done")])
def test_nothing_after_an_unanswered_gate_or_hand_step_runs(
    ledger: Ledger, hands: PaperHands, steps: Any, option: str
) -> None:
    run_id = begin(ledger, TWO, *steps)
    run = engine.go_on(ledger, run_id, hands)
    asked = steps[0]["id"]
    assert [step.key for step in run.waiting] == [f"sso/{asked}"]
    assert hands.lines() == []
    assert run.ended is None
    run = engine.go_on(ledger, run_id, hands, Answers(**{option: frozenset({asked}), "reason": "seen by Hoa"}))
    assert run.complete
    answers = [record.body for record in ledger.read(kinds=("step.answered",))]
    assert [body["reason"] for body in answers] == ["seen by Hoa"] * 2


def test_an_answer_for_one_system_says_nothing_about_another(ledger: Ledger, hands: PaperHands) -> None:
    run_id = begin(ledger, INDEPENDENT, CLEAN, NORMAL)
    run = engine.go_on(ledger, run_id, hands, Answers(approve=frozenset({"open/clean-target"})))
    assert [step.key for step in run.waiting] == ["sso/clean-target"]
    assert hands.lines() == ["begin open/normal", "end open/normal"]


def signed(login: str) -> Approval:
    return Approval(login.title(), login, f"SHA256:{login}", signed=True, at=NOON, signature="-----BEGIN")


TWO_SIGN = {**CLEAN, "people": 2, "signed": "required"}


def test_a_gate_that_wants_two_signatures_waits_for_both_whatever_is_claimed(ledger: Ledger, hands: PaperHands) -> None:
    run_id = begin(ledger, {"sso": making.system()}, TWO_SIGN, NORMAL)
    words = frozenset({"clean-target"})
    yes = Answers(approve=words, ask=lambda _question: True)
    for given in (yes, replace(yes, signed={"clean-target": [signed("hoa")]})):
        run = engine.go_on(ledger, run_id, hands, given)
        assert [step.key for step in run.waiting] == ["sso/clean-target"]
        assert "takes 2 different people, signed" in run.state("sso/clean-target").ask
    assert "so far approved by Hoa (signed)" in run.state("sso/clean-target").ask
    both = [signed("hoa"), signed("lan")]
    run = engine.go_on(ledger, run_id, hands, replace(yes, signed={"sso/clean-target": both}))
    assert run.complete
    assert run.state("sso/clean-target").found == "approved by Hoa (signed); approved by Lan (signed)"
    assert run.claimed("sso") == []
    (answered,) = ledger.read(kinds=("step.answered",))
    assert [each["signature"] for each in answered.body["approvals"]] == ["-----BEGIN"] * 2


def test_a_word_counts_as_one_person_beside_a_signature_and_never_twice(ledger: Ledger, hands: PaperHands) -> None:
    run_id = begin(ledger, {"sso": making.system()}, {**CLEAN, "people": 2}, NORMAL)
    word = Answers(approve=frozenset({"clean-target"}), name="Minh Tran")
    for given in (word, replace(word, signed={"clean-target": [signed("minh")]})):
        assert engine.go_on(ledger, run_id, hands, given).waiting
    run = engine.go_on(ledger, run_id, hands, replace(word, signed={"clean-target": [signed("hoa")]}))
    assert run.complete
    assert run.state("sso/clean-target").found == "approved by Hoa (signed); claimed by Minh Tran, unsigned"
    assert run.claimed("sso") == []


def test_a_gate_passed_on_a_word_is_known_as_claimed(ledger: Ledger, hands: PaperHands) -> None:
    run_id = begin(ledger, {"sso": making.system()}, CLEAN, NORMAL)
    run = engine.go_on(ledger, run_id, hands, Answers(approve=frozenset({"clean-target"})))
    assert [step.key for step in run.claimed("sso")] == ["sso/clean-target"]
    (claim,) = run.state("sso/clean-target").approvals
    assert (claim.login, claim.signed) == ("minh", False)


def test_somebody_at_the_terminal_can_answer(ledger: Ledger, hands: PaperHands) -> None:
    asked: list[str] = []
    answers = Answers(ask=lambda question: not asked.append(question))
    assert engine.go_on(ledger, begin(ledger, TWO, CLEAN, NORMAL), hands, answers).complete
    assert asked[0] == "sso/clean-target: is signon-1 of sso clean?"


def test_the_police_gate_passes_only_with_the_decision(ledger: Ledger, hands: PaperHands) -> None:
    run_id = begin(ledger, TWO, POLICE, RESTORE, NORMAL)
    hands.police = False
    run = engine.go_on(ledger, run_id, hands, Answers(approve=frozenset({"police"}), ask=lambda _question: True))
    assert [step.key for step in run.waiting] == ["sso/police"]
    assert hands.lines() == []
    hands.police = True
    assert engine.go_on(ledger, run_id, hands).complete


def test_a_failed_step_blocks_what_depends_on_it_and_nothing_else(ledger: Ledger, hands: PaperHands) -> None:
    systems = {**TWO, "open": making.system()}
    run_id = begin(ledger, systems, RESTORE, NORMAL)
    hands.fails = {"sso/restore"}
    run = engine.go_on(ledger, run_id, hands)
    assert [step.key for step in run.failed] == ["sso/restore"]
    assert run.ended == "failed"
    assert run.state("edoc/restore").status == "open"
    assert run.state("open/normal").status == "done"
    assert find(ledger, None).still_down == ("sso", "edoc")
    hands.fails = set()
    assert engine.go_on(ledger, run_id, hands).complete
    assert hands.begun("open/restore") == 1
    assert hands.begun("sso/restore") == 2


def test_a_failure_the_runbook_goes_past_stays_visible(ledger: Ledger, hands: PaperHands) -> None:
    hands.fails = {"sso/announce"}
    announce = ANNOUNCE | {"on_failure": "go_on"}
    run = engine.go_on(ledger, begin(ledger, {"sso": making.system()}, announce, NORMAL), hands)
    assert run.complete
    assert "FAILED and gone past: sso/announce" in run.verdict


def test_the_names_in_a_result_cannot_pretend_to_be_lines_of_ours(ledger: Ledger, hands: PaperHands) -> None:
    run_id = begin(ledger, {"sso": making.system()}, RESTORE, NORMAL)
    real = hands.restore
    hands.restore = lambda *given: making.Result(real(*given).ok, "file 'a\nnext: rm -rf /' as copied")
    assert engine.go_on(ledger, run_id, hands).state("sso/restore").found == "file 'a next: rm -rf /' as copied"


def test_a_finished_run_is_left_alone(ledger: Ledger, hands: PaperHands) -> None:
    run_id = begin(ledger, TWO, RESTORE, NORMAL)
    engine.go_on(ledger, run_id, hands)
    before = [record.seq for record in ledger.read()], hands.lines()
    assert engine.go_on(ledger, run_id, hands).complete
    assert ([record.seq for record in ledger.read()], hands.lines()) == before


@pytest.mark.parametrize(
    ("kind", "hint"), [("medium", "holdfast backup media attach weekly-a"), ("vault", "make safe 2 readable again")]
)
def test_a_run_with_an_unreachable_copy_is_refused_before_anything_is_recorded(
    ledger: Ledger, kind: str, hint: str
) -> None:
    incident = making.opened(ledger, "sso")
    plan = making.planned(incident.id, {"sso": making.system()}, NORMAL)
    away = plan.systems[0].copy_from.model_copy(update={"reachable": False, "store": "weekly-a", "kind": kind})
    plan = plan.model_copy(update={"systems": [plan.systems[0].model_copy(update={"copy_from": away})]})
    with pytest.raises(RefusedError) as caught:
        engine.start(ledger, plan)
    assert hint in caught.value.hint
    assert list(ledger.read(kinds=("recover.started",))) == []


def test_a_misspelt_answer_is_refused_before_anything_runs(ledger: Ledger, hands: PaperHands) -> None:
    run_id = begin(ledger, TWO, RESTORE, NORMAL)
    with pytest.raises(UsageError, match="restoer"):
        engine.go_on(ledger, run_id, hands, Answers(done=frozenset({"restoer"})))
    assert hands.lines() == []
