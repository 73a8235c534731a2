from __future__ import annotations

import pytest

from inventory.errors import ExitCode
from ledger.errors import LeaseLostError, LedgerError, next_step


@pytest.mark.parametrize(
    ("reason", "step"),
    [
        ("database or disk is full", "make room"),
        ("No space left on device", "make room"),
        ("disk I/O error", "make room"),
        ("attempt to write a readonly database", "must be writable"),
        ("Permission denied", "must be writable"),
        ("database disk image is malformed", "bring back the ledger's own copy"),
        ("database is locked", "try again"),
        ("something new", "holdfast ledger verify"),
    ],
)
def test_every_reason_leads_to_a_next_step(reason: str, step: str) -> None:
    assert step in next_step(reason)


def test_an_unusable_ledger_is_unfinished_and_a_lost_lease_is_refused() -> None:
    assert (LedgerError.exit_code, LeaseLostError.exit_code) == (ExitCode.UNFINISHED, ExitCode.REFUSED)
