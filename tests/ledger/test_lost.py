from __future__ import annotations

from pathlib import Path

import pytest

from inventory.errors import ExitCode
from ledger import lost
from ledger.ledger import LEDGER_FILE, Ledger
from ledger.lost import LostLedgerError
from tests.fakes.clock import FakeClock


def password(state: Path) -> None:
    file = state / "keys" / "vault" / "main" / "edoc"
    file.parent.mkdir(parents=True)
    file.write_text("secret")


def test_a_new_site_begins_its_ledger(ledger: Ledger, state: Path) -> None:
    assert lost.require(ledger, state) is ledger


def test_a_ledger_with_records_is_there_whatever_else_is(ledger: Ledger, state: Path) -> None:
    password(state)
    ledger.append("vault.made", {})
    assert lost.require(ledger, state) is ledger


def test_a_lost_ledger_is_not_begun_anew_beside_the_passwords_of_its_repositories(ledger: Ledger, state: Path) -> None:
    password(state)
    ledger.append("vault.made", {})
    ledger.close()
    for file in state.glob(f"{LEDGER_FILE}*"):
        file.unlink()
    with pytest.raises(LostLedgerError, match="ledger is lost: it holds no record") as caught:
        lost.require(Ledger.open(state, FakeClock(), "minh"), state)
    assert caught.value.exit_code == ExitCode.REFUSED
    assert "holdfast ledger import DIR" in caught.value.hint
