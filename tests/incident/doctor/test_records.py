from __future__ import annotations

from dataclasses import replace

import pytest

from incident.doctor import records
from ledger import checkpoint
from ledger.ledger import Ledger
from tests.fakes.clock import FakeClock


def test_newest_records_that_hang_together_have_no_fault(ledger: Ledger) -> None:
    for number in range(5):
        ledger.append("note", {"n": number})
    assert records.tail_faults(list(ledger.read(newest=3))) == []


def test_a_changed_a_missing_and_an_exchanged_record_are_told_apart(ledger: Ledger) -> None:
    for number in range(5):
        ledger.append("note", {"n": number})
    newest = list(ledger.read())
    changed = [*newest[:2], replace(newest[2], payload=newest[2].payload + b" "), *newest[3:]]
    assert records.tail_faults(changed) == ["record 3 was changed"]
    assert records.tail_faults([*newest[:2], *newest[3:]]) == ["record 3 is missing"]
    other = replace(newest[2], previous_hash="0" * 64)
    assert records.tail_faults([*newest[:2], other, *newest[3:]]) == ["record 3 does not follow the record before it"]


@pytest.mark.parametrize(("days", "judged"), [(1, "green"), (9, "amber"), (32, "red")])
def test_a_checkpoint_outside_ages(ledger: Ledger, clock: FakeClock, days: int, judged: str) -> None:
    ledger.append(checkpoint.RECORD_KIND, {"seq": 0, "hash": "x", "to": "/mnt/offline"})
    clock.advance(days=days)
    assert [each.state for each in records.proved(ledger, clock.now())] == [judged]


def test_without_any_checkpoint_nothing_is_proved(ledger: Ledger, clock: FakeClock) -> None:
    assert [each.state for each in records.proved(ledger, clock.now())] == ["amber"]
