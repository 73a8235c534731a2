from __future__ import annotations

import contextlib
import random
import shlex
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incident import acts, engine, guide, incident, runs, view
from incident.effects import Answers
from incident.guide import Next
from incident.incident import Incident
from incident.plan import Missing
from incident.runs import Run, StepState
from inventory.people import People
from inventory.site import Settings, Site
from ledger.ledger import Ledger
from tests.incident import making
from tests.incident.making import ANNOUNCE, BY_HAND, CLEAN, COPY, NOON, NORMAL, POLICE, RESTORE, START, PaperHands

SYSTEMS = {"sso": making.system(), "edoc": making.system("sso")}
STEPS = (POLICE, CLEAN, COPY, RESTORE, BY_HAND, ANNOUNCE, START, NORMAL)


class Responder:
    """Somebody who pastes whatever command is shown, and does nothing else."""

    def __init__(self, ledger: Ledger, hands: PaperHands, packs: Sequence[str] = ("baseline",)) -> None:
        self.ledger = ledger
        self.site = Site(Path("/"), Settings(site="x", policies=list(packs)), SYSTEMS, {}, {}, People())
        self.hands = hands
        self.id = making.opened(ledger, *SYSTEMS).id

    def incident(self) -> Incident:
        return incident.find(self.ledger, self.id)

    def shown(self) -> Next:
        return view.following(self.ledger, self.site, self.incident(), self.ledger.clock.now())

    def paste(self, command: str) -> None:
        match shlex.split(command)[1:]:
            case ["incident", "ack", self.id]:
                acts.acknowledge(self.ledger, self.incident())
            case ["incident", "classify", self.id, "--serious", "--reason", reason]:
                acts.classify(self.ledger, self.incident(), serious=True, reason=reason)
            case ["incident", "notify", self.id, "police", "--told", "--receipt", receipt]:
                acts.notify_police(self.ledger, self.incident(), told=True, reason="", receipt=receipt)
            case ["incident", "classify" | "notify" as act, self.id, *words]:
                self.decide(act, words)
            case ["incident", "close", self.id, "--reason", reason]:
                acts.close(self.ledger, self.incident(), reason)
            case ["recover", "run", self.id]:
                lost = {key: SYSTEMS[key] for key in self.incident().still_down}
                self.work(engine.start(self.ledger, making.planned(self.id, lost, *STEPS)), Answers())
            case ["recover", "resume", run_id]:
                self.work(run_id, Answers())
            case ["recover", "resume", run_id, "--approve", step]:
                self.work(run_id, Answers(approve=frozenset({step})))
            case ["recover", "resume", run_id, "--done", step]:
                self.work(run_id, Answers(done=frozenset({step})))
            case _:
                pytest.fail(f"nobody can paste {command!r}")

    def decide(self, act: str, words: list[str]) -> None:
        what = words[0].removeprefix("--").replace("-", "_")
        if act == "notify":
            assert words[1:3] == ["--told", "--receipt"]
            acts.notify(self.ledger, self.incident(), what, told=True, reason="", receipt=words[3])
        else:
            assert what in ("personal_data", "national_security")
            acts.judge(self.ledger, self.incident(), what, yes=True, reason=words[2])

    def work(self, run_id: str, answers: Answers) -> None:
        with contextlib.suppress(KeyboardInterrupt):
            engine.go_on(self.ledger, run_id, self.hands, answers)


def disturb(responder: Responder, chance: random.Random) -> None:
    """Let something happen that no command asked for: a failing step, an interruption, a person who is quicker."""
    hands = responder.hands
    steps = [f"{key}/{step['id']}" for key in SYSTEMS for step in STEPS]
    hands.fails = set(chance.sample(steps, chance.randrange(3)))
    interrupted = chance.sample(steps, chance.randrange(3))

    def during(step: str) -> None:
        if step in interrupted:
            interrupted.remove(step)
            raise KeyboardInterrupt

    hands.during = during
    quicker = chance.choice(["ack", "classify", "police", "note", "affect", "nothing"])
    found = responder.incident()
    if found.open:
        match quicker:
            case "ack":
                acts.acknowledge(responder.ledger, found)
            case "classify":
                acts.classify(responder.ledger, found, serious=False, reason="calm")
            case "police":
                acts.notify_police(responder.ledger, found, told=False, reason="a cable", receipt="")
            case "note":
                acts.add_note(responder.ledger, found, "second site is well")
            case "affect" if chance.random() < 0.3:
                acts.affect(responder.ledger, found, ["sso"])


@settings(max_examples=15)
@given(st.integers(0, 1_000_000), st.sampled_from([("baseline",), ("vn-2026",), ("baseline", "vn-2016", "vn-2026")]))
def test_pasting_what_is_shown_always_gets_on_and_ends_with_everything_back(seed: int, packs: tuple[str, ...]) -> None:
    chance = random.Random(seed)
    with making.temporary_ledger() as ledger, tempfile.TemporaryDirectory() as folder:
        responder = Responder(ledger, PaperHands(Path(folder) / "paper"), packs)
        for _ in range(chance.randrange(12)):
            disturb(responder, chance)
            paste_and_get_on(responder)
        responder.hands.fails, responder.hands.during = set(), lambda _step: None
        for _ in range(40):
            if not responder.shown().command:
                break
            paste_and_get_on(responder)
        assert not responder.incident().open
        assert not responder.shown().command
        assert responder.incident().still_down == ()


def paste_and_get_on(responder: Responder) -> None:
    shown = responder.shown()
    assert shown.command or not responder.incident().open
    assert shown.why
    if shown.command:
        assert shown.command.count("holdfast") == 1
        before = len(list(responder.ledger.read()))
        responder.paste(shown.command)
        assert len(list(responder.ledger.read())) > before, f"{shown.command} changed nothing"


PLAN = making.planned("inc-1", {"sso": SYSTEMS["sso"]}, CLEAN, COPY, ANNOUNCE, NORMAL)
DECIDED = incident.Decision("serious", NOON, "minh", "citizens wait")
OPEN = Incident(
    "inc-1", "Unreadable", NOON, NOON, "minh", ("sso",), (), acknowledged=DECIDED, classified=DECIDED, police=DECIDED
)


def after(ended: str | None = None, missing: bool = False, **states: StepState) -> Next:
    plan = PLAN.model_copy(update={"missing": [Missing(key="edoc", why="no copy is known")] if missing else []})
    steps = {f"sso/{name.replace('_', '-')}": state for name, state in states.items()}
    return guide.next_command(OPEN, Run("inc-1-r1", plan, steps, NOON, ended, None))


DONE = StepState(status="done")


def test_a_gate_is_approved_for_the_one_system_that_asks() -> None:
    shown = after(clean_target=StepState(status="waiting", ask="is spare-1 clean?"))
    assert shown == Next("holdfast recover resume inc-1-r1 --approve sso/clean-target", "is spare-1 clean?")


def test_a_step_in_doubt_is_asked_about_in_both_directions() -> None:
    doubtful = StepState(status="waiting", attempts=1, in_doubt=True)
    shown = after(clean_target=DONE, copy=DONE, announce=doubtful)
    assert shown.command == "holdfast recover resume inc-1-r1 --done sso/announce"
    assert "--again sso/announce if not" in shown.why


def test_a_damaged_copy_leads_to_a_new_plan_and_any_other_failure_to_another_try() -> None:
    broken = StepState(status="failed", attempts=1, found="the copy on main is damaged")
    assert after("failed", clean_target=DONE, copy=broken).command == "holdfast recover run inc-1"
    assert after("failed", clean_target=DONE, copy=DONE, announce=broken).command == "holdfast recover resume inc-1-r1"


def test_a_system_without_a_copy_is_named_with_the_reason() -> None:
    shown = after("failed", missing=True, clean_target=DONE, copy=DONE, announce=DONE, normal=DONE)
    assert shown.command == "holdfast recover run inc-1"
    assert "edoc has no copy to come back from: no copy is known" in shown.why


def test_a_closed_incident_asks_for_nothing() -> None:
    assert guide.next_command(replace(OPEN, closed=DECIDED), None).command == ""


def test_the_newest_run_is_the_one_that_counts(ledger: Ledger) -> None:
    made = making.opened(ledger, "sso")
    plan = making.planned(made.id, {"sso": SYSTEMS["sso"]}, NORMAL)
    engine.start(ledger, plan)
    newer = engine.start(ledger, plan)
    found = view.newest_run(ledger, incident.find(ledger, made.id))
    assert found == runs.find(ledger, newer)
