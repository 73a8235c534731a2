from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incident import engine, runs
from incident.runs import RUNS, Run
from inventory.errors import UsageError
from ledger.ledger import Ledger
from ledger.record import GENESIS, Record, seal
from tests.incident import making
from tests.incident.making import ANNOUNCE, CLEAN, COPY, NOON, NORMAL

SYSTEMS = {"sso": making.system(), "edoc": making.system("sso")}
PLAN = making.planned("inc-1", SYSTEMS, CLEAN, COPY, ANNOUNCE, NORMAL)
KEYS = [step.key for step in PLAN.steps]
BODIES = {
    "step.intent": {"attempt": 1},
    "step.waiting": {"ask": "is it clean?"},
    "step.answered": {"answer": "approved", "reason": ""},
    "step.finished": {"ok": True, "found": "well", "seconds": 1.0, "data": {}},
}
happenings = st.lists(st.tuples(st.sampled_from([*BODIES, "failed", "recover.finished"]), st.sampled_from(KEYS)))


def record(seq: int, kind: str, step: str) -> Record:
    body = {"run": "r1", "incident": "inc-1"}
    if kind == "recover.finished":
        return seal(seq, NOON, kind, None, "minh", body | {"status": "failed"}, GENESIS)
    body |= {"step": step} | BODIES.get(kind, BODIES["step.finished"] | {"ok": False})
    return seal(seq, NOON, kind if kind in BODIES else "step.finished", None, "minh", body, GENESIS)


def folded(told: list[tuple[str, str]]) -> Run:
    state: dict[str, object] = {}
    plan = {"run": "r1", "incident": "inc-1", "plan": PLAN.model_dump(mode="json"), "digest": "", "systems": []}
    RUNS.fold(state, seal(1, NOON, "recover.started", None, "minh", plan, GENESIS))
    for seq, (kind, step) in enumerate(told, 2):
        RUNS.fold(state, record(seq, kind, step))
    return runs._run("r1", state["r1"])


@given(happenings)
def test_a_run_only_offers_steps_whose_needs_are_settled_and_that_are_not_done(told: list[tuple[str, str]]) -> None:
    run = folded(told)
    offered: set[str] = set()
    while (step := run.next_step(frozenset(offered))) is not None:
        offered.add(step.key)
        assert not run.settled(step)
        assert all(run.state(key).status == "done" for key in step.needs)
    assert run.complete == all(run.state(key).status == "done" for key in KEYS)


@given(happenings)
def test_a_step_is_in_doubt_from_its_intent_until_its_end_is_known(told: list[tuple[str, str]]) -> None:
    run = folded(told)
    for key in KEYS:
        kinds = [kind for kind, step in told if step == key and kind in {"step.intent", "step.finished", "failed"}]
        assert run.state(key).in_doubt == (kinds[-1:] == ["step.intent"])
        assert run.state(key).attempts == kinds.count("step.intent")


@given(happenings)
def test_nothing_is_called_normal_that_is_not_done(told: list[tuple[str, str]]) -> None:
    run = folded(told)
    assert ("NOT back to normal" in run.verdict) == (not run.complete)


@settings(max_examples=10)
@given(st.integers(0, 10_000))
def test_a_view_kept_up_to_date_equals_one_made_anew(seed: int) -> None:
    with making.temporary_ledger() as ledger:
        engine.start(ledger, making.planned(making.opened(ledger, "sso").id, SYSTEMS, CLEAN, NORMAL))
        chance = random.Random(seed)
        for _ in range(12):
            kind = chance.choice([*BODIES, "recover.finished"])
            made = record(1, kind, chance.choice(KEYS))
            ledger.append(kind, {**made.body, "run": chance.choice(["inc-20261123-01-r1", "unknown"])})
            if chance.random() < 0.4:
                ledger.project(RUNS)
        assert ledger.project(RUNS) == ledger.rebuild(RUNS)


def test_without_a_name_the_newest_run_is_found(ledger: Ledger) -> None:
    with pytest.raises(UsageError, match="no recovery has been started"):
        runs.find(ledger, None)
    plan = making.planned(making.opened(ledger, "sso").id, SYSTEMS, NORMAL)
    older, newer = engine.start(ledger, plan), engine.start(ledger, plan)
    assert older != newer
    assert runs.find(ledger, None).id == newer
    assert [run.id for run in runs.all_runs(ledger)] == [older, newer]
    with pytest.raises(UsageError) as caught:
        runs.find(ledger, "r9")
    assert older in caught.value.hint


def test_a_run_that_left_a_system_out_is_never_complete() -> None:
    plan = PLAN.model_copy(update={"missing": [making.plan.Missing(key="lgsp", why="no copy is known")]})
    done = {key: runs.StepState(status="done") for key in KEYS}
    run = Run("r1", plan, done, NOON, None, None)
    assert run.worked_through
    assert not run.complete
    assert run.verdict.startswith("NOT back to normal")
    assert "lgsp has no copy" in run.verdict
