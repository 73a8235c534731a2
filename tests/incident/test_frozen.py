from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from incident import engine, runs
from incident.effects import Answers
from incident.frozen import PlanChangedError
from incident.incident import find
from incident.plan import RecoveryPlan
from inventory.errors import ExitCode, RefusedError
from ledger.ledger import LEDGER_FILE, Ledger
from tests.fakes.clock import FakeClock
from tests.incident import making
from tests.incident.making import CLEAN, NORMAL, RESTORE, PaperHands

TWO = {"sso": making.system(host="signon-1"), "edoc": making.system("sso", host="documents-1")}


@pytest.fixture
def hands(tmp_path: Path) -> PaperHands:
    return PaperHands(tmp_path / "paper")


def begin(ledger: Ledger, systems: Any, *steps: Any) -> str:
    incident = making.opened(ledger, *systems)
    return engine.start(ledger, making.planned(incident.id, systems, *steps))


def test_a_run_whose_place_a_newer_one_took_is_refused(ledger: Ledger, hands: PaperHands) -> None:
    plan = making.planned(making.opened(ledger, "sso").id, {"sso": making.system()}, CLEAN, NORMAL)
    older, newer = engine.start(ledger, plan), engine.start(ledger, plan)
    with pytest.raises(RefusedError) as caught:
        engine.go_on(ledger, older, hands)
    assert newer in caught.value.hint
    assert hands.lines() == []


def test_nothing_is_recovered_for_a_closed_incident(ledger: Ledger, hands: PaperHands) -> None:
    run_id = begin(ledger, {"sso": making.system()}, CLEAN, NORMAL)
    incident = find(ledger, None)
    making.settle(ledger, incident)
    making.back(ledger, incident, "sso")
    ledger.append("incident.closed", {"incident": incident.id, "what": "closed", "reason": "false alarm"})
    with pytest.raises(RefusedError, match="is closed"):
        engine.go_on(ledger, run_id, hands, Answers(approve=frozenset({"clean-target"})))
    assert hands.lines() == []


Forgery = Callable[[dict[str, Any]], None]


def retarget(body: dict[str, Any]) -> None:
    body["plan"]["systems"][0]["targets"] = {"signon-1": "attacker-1"}


def retarget_and_sign(body: dict[str, Any]) -> None:
    retarget(body)
    body["digest"] = RecoveryPlan.model_validate(body["plan"]).digest()


@pytest.mark.parametrize("forgery", [retarget, retarget_and_sign])
@pytest.mark.parametrize("seen_before", [True, False])
def test_a_plan_altered_in_the_ledger_is_refused(
    state: Path, clock: FakeClock, hands: PaperHands, forgery: Forgery, seen_before: bool
) -> None:
    ledger = Ledger.open(state, clock, "minh")
    run_id = begin(ledger, TWO, RESTORE, NORMAL)
    if seen_before:
        runs.find(ledger, run_id)
    ledger.close()
    with closing(sqlite3.connect(state / LEDGER_FILE)) as database:
        (payload,) = database.execute("select payload from records where kind = 'recover.started'").fetchone()
        record = json.loads(payload)
        forgery(record["body"])
        database.execute(
            "update records set payload = ? where kind = 'recover.started'", (json.dumps(record).encode(),)
        )
        database.commit()
    refused(state, clock, run_id, hands)


def test_a_plan_altered_in_a_kept_view_is_refused(state: Path, clock: FakeClock, hands: PaperHands) -> None:
    ledger = Ledger.open(state, clock, "minh")
    run_id = begin(ledger, TWO, RESTORE, NORMAL)
    runs.find(ledger, run_id)
    ledger.close()
    with closing(sqlite3.connect(state / LEDGER_FILE)) as database:
        changed = database.execute(
            """update projection_parts set state = replace(state, '"targets":{"signon-1":"signon-1"}',
                                                             '"targets":{"signon-1":"attacker-1"}')"""
        )
        assert changed.rowcount > 0
        database.commit()
    refused(state, clock, run_id, hands)


def refused(state: Path, clock: FakeClock, run_id: str, hands: PaperHands) -> None:
    ledger = Ledger.open(state, clock, "minh")
    with pytest.raises(PlanChangedError) as caught:
        engine.go_on(ledger, run_id, hands)
    assert caught.value.exit_code == ExitCode.REFUSED
    assert hands.lines() == []
    ledger.close()
