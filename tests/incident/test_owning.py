from __future__ import annotations

from pathlib import Path

import pytest

from incident import engine, owning
from incident.owning import Owned
from ledger.errors import LeaseLostError
from ledger.ledger import Ledger
from tests.incident import making
from tests.incident.making import NORMAL, PaperHands


def try_from_another_process(state: Path) -> int:
    """Return 0 if another process may recover the incident now, 4 if not."""

    def work() -> int:
        with making.real_ledger(state) as ledger:
            try:
                with Owned(ledger, "inc-1"):
                    return 0
            except LeaseLostError:
                return 4

    return making.in_child(work)


def test_while_one_recovers_nobody_else_does_and_afterwards_anybody_may(state: Path) -> None:
    with making.real_ledger(state) as ledger:
        with Owned(ledger, "inc-1"):
            assert try_from_another_process(state) == 4
        assert try_from_another_process(state) == 0
        with Owned(ledger, "inc-2"):
            assert try_from_another_process(state) == 0


def test_a_long_step_keeps_its_ownership(ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(owning, "_RENEW_SECONDS", 0.01)
    renewed: list[str] = []
    own = ledger.own
    monkeypatch.setattr(ledger, "own", lambda name, **more: (renewed.append(name), own(name, **more))[1])

    def slow(_name: str) -> None:
        for _ in range(500):
            if len(renewed) > 3:
                return
            making.SystemClock().sleep(0.01)

    hands = PaperHands(tmp_path / "paper", slow)
    made = making.opened(ledger, "sso")
    run_id = engine.start(ledger, making.planned(made.id, {"sso": making.system()}, NORMAL))
    assert engine.go_on(ledger, run_id, hands).complete
    assert len(renewed) > 3
