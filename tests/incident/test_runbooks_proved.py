"""Every place a shipped runbook names under `proved_on`: carried out there for real, from loss to normal."""

from __future__ import annotations

from pathlib import Path

import pytest

from incident import engine, planning, runbook, runs
from incident.effects import Answers
from ledger.ledger import Ledger
from tests.incident import making
from tests.incident.district import SYSTEMS, District, tree
from tests.incident.making import PaperHands

SHIPPED = runbook.load().runbooks
ON_A_DIRECTORY = {"directory host", "directory host with SQLite"}
PROVABLE = sorted(name for name, each in SHIPPED.items() if set(each.proved_on) & ON_A_DIRECTORY)


def answered(name: str) -> Answers:
    steps = SHIPPED[name].steps
    return Answers(
        approve=frozenset(step.id for step in steps if step.gate == "approve"),
        done=frozenset(step.id for step in steps if step.kind == "manual"),
    )


def test_no_runbook_claims_a_place_that_no_test_knows() -> None:
    assert {place for each in SHIPPED.values() for place in each.proved_on} <= ON_A_DIRECTORY
    assert PROVABLE


@pytest.mark.restic
@pytest.mark.parametrize("name", PROVABLE)
def test_a_runbook_proved_on_a_directory_host_brings_a_lost_system_back(safe: District, name: str) -> None:
    file = safe.root / "site" / "inventory" / "sso.yml"
    file.write_text(file.read_text().replace("runbook: identity", f"runbook: {name}"))
    host = safe.host(SYSTEMS["sso"])
    files = tree(host / "srv" / "sso" / "files")
    safe.damage("sso")
    incident = making.opened(safe.ledger, "sso")
    making.settle(safe.ledger, incident)
    plan = planning.plan(safe.site, safe.state, safe.ledger, incident, [], {})
    assert [system.runbook for system in plan.systems] == [name]
    run_id = engine.start(safe.ledger, plan)
    waiting = engine.go_on(safe.ledger, run_id, safe.hands(incident.id))
    assert waiting.waiting
    assert not (host / "srv").exists()
    run = engine.go_on(safe.ledger, run_id, safe.hands(incident.id), answered(name))
    assert run.complete
    assert tree(host / "srv" / "sso" / "files") == files


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_every_shipped_runbook_can_be_walked_to_its_end_and_waits_at_each_question(
    ledger: Ledger, tmp_path: Path, name: str
) -> None:
    steps = [step.model_dump(mode="json", exclude_defaults=True) for step in SHIPPED[name].steps]
    incident = making.opened(ledger, "sso")
    making.settle(ledger, incident)
    plan = making.planned(incident.id, {"sso": making.system(host="signon-1")}, *steps)
    run_id = engine.start(ledger, plan)
    paper = PaperHands(tmp_path / "paper")
    asked = [step.id for step in SHIPPED[name].steps if step.kind == "manual" or step.gate == "approve"]
    for question in asked:
        stopped = engine.go_on(ledger, run_id, paper)
        assert [step.step.id for step in stopped.waiting] == [question]
        engine.go_on(ledger, run_id, paper, Answers(approve=frozenset({question}), done=frozenset({question})))
    assert runs.find(ledger, run_id).complete
