from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from incident import engine, runs
from incident.incident import find
from ledger.errors import LeaseLostError
from ledger.ledger import Ledger
from tests.incident import making
from tests.incident.making import NORMAL, RESTORE, PaperHands

TWO = {"sso": making.system(host="signon-1"), "edoc": making.system("sso", host="documents-1")}


@pytest.fixture
def hands(tmp_path: Path) -> PaperHands:
    return PaperHands(tmp_path / "paper")


def begin(ledger: Ledger, systems: Any, *steps: Any) -> str:
    incident = making.opened(ledger, *systems)
    return engine.start(ledger, making.planned(incident.id, systems, *steps))


def test_a_run_that_another_process_took_over_writes_nothing_more(ledger: Ledger, hands: PaperHands) -> None:
    run_id = begin(ledger, TWO, RESTORE, NORMAL)
    now = ledger.clock.now()

    def taken_over(name: str) -> None:
        if name == "sso/restore":
            lease = f"recover:{find(ledger, None).id}"
            ledger.store.acquire(lease, "somebody else", now, now + timedelta(hours=1), lambda _holder: True)

    hands.during = taken_over
    with pytest.raises(LeaseLostError):
        engine.go_on(ledger, run_id, hands)
    assert [record.kind for record in ledger.read()][-1] == "step.intent"
    assert runs.find(ledger, run_id).state("sso/restore").in_doubt
    assert hands.begun("sso/normal") == 0
    with pytest.raises(LeaseLostError):
        engine.go_on(ledger, run_id, hands)
