from __future__ import annotations

import os
from datetime import timedelta

import pytest

from ledger.errors import LeaseLostError
from ledger.ledger import Entry, Ledger
from tests.fakes.clock import FakeClock
from tests.ledger.fixtures import Place


@pytest.fixture
def ledger(both: Ledger) -> Ledger:
    """Each of these tests runs on SQLite and on a real PostgreSQL server."""
    return both


def test_what_is_appended_is_read_back_in_order_with_who_and_when(ledger: Ledger, clock: FakeClock) -> None:
    first = ledger.append("a", {"n": 1}, system="sso")
    clock.advance(minutes=1)
    ledger.append_all([Entry("b", {"n": 2}), Entry("a", {"n": 3}, "edoc")])
    records = list(ledger.read())
    assert records[0] == first
    assert [(r.seq, r.kind, r.system, r.actor, r.body["n"]) for r in records] == [
        (1, "a", "sso", "minh", 1),
        (2, "b", None, "minh", 2),
        (3, "a", "edoc", "minh", 3),
    ]
    assert records[1].at - records[0].at == timedelta(minutes=1)


def test_records_can_be_chosen(ledger: Ledger) -> None:
    for number in range(6):
        ledger.append("ab"[number % 2], {}, system="sso" if number < 3 else None)
    assert [r.seq for r in ledger.read(after=4)] == [5, 6]
    assert [r.seq for r in ledger.read(kinds=["a"])] == [1, 3, 5]
    assert [r.seq for r in ledger.read(system="sso")] == [1, 2, 3]
    assert [r.seq for r in ledger.read(newest=2)] == [5, 6]
    assert [r.seq for r in ledger.read(newest=1, kinds=["a"])] == [5]


def test_several_records_are_written_together_or_not_at_all(ledger: Ledger) -> None:
    with pytest.raises(TypeError):
        ledger.append_all([Entry("a", {}), Entry("b", {"bad": {1}})])
    assert list(ledger.read()) == []
    assert ledger.append("a", {}).seq == 1


def test_another_process_that_opens_the_ledger_sees_everything(ledger: Ledger, place: Place) -> None:
    ledger.append("a", {})
    other = place.open("lan")
    other.append("b", {})
    assert [record.actor for record in ledger.read()] == ["minh", "lan"]
    assert ledger.verify().whole


def test_a_second_owner_is_refused_until_the_first_gives_up(ledger: Ledger, place: Place, clock: FakeClock) -> None:
    other = place.open("lan", clock)
    lease = ledger.own("recovery")
    with pytest.raises(LeaseLostError, match=f"recovery is being worked on by process {os.getpid()} on ") as caught:
        other.own("recovery")
    assert "|" not in caught.value.message
    assert ledger.own("recovery") == lease
    ledger.disown(lease)
    assert other.own("recovery").epoch > lease.epoch


def test_ownership_runs_out(ledger: Ledger, place: Place, clock: FakeClock) -> None:
    other = place.open("lan", clock)
    ledger.own("recovery", length=timedelta(minutes=2))
    clock.advance(seconds=119)
    with pytest.raises(LeaseLostError):
        other.own("recovery")
    clock.advance(seconds=1)
    assert other.own("recovery").epoch == 2


def test_ownership_can_be_prolonged(ledger: Ledger, place: Place, clock: FakeClock) -> None:
    ledger.own("recovery", length=timedelta(minutes=2))
    clock.advance(seconds=100)
    ledger.own("recovery", length=timedelta(minutes=2))
    clock.advance(seconds=100)
    with pytest.raises(LeaseLostError):
        place.open("lan", clock).own("recovery")


def test_a_stale_owner_cannot_write_any_more(ledger: Ledger, place: Place, clock: FakeClock) -> None:
    stale = ledger.own("recovery")
    clock.advance(hours=1)
    other = place.open("lan", clock)
    fresh = other.own("recovery")
    with pytest.raises(LeaseLostError, match="has another owner now"):
        ledger.append("a", {}, guard=stale)
    assert list(ledger.read()) == []
    assert other.append("a", {}, guard=fresh).seq == 1


def test_an_owner_who_gave_up_cannot_write_any_more_and_takes_nothing_from_the_next(
    ledger: Ledger, place: Place, clock: FakeClock
) -> None:
    lease = ledger.own("recovery")
    ledger.disown(lease)
    with pytest.raises(LeaseLostError):
        ledger.append("a", {}, guard=lease)
    other = place.open("lan", clock)
    fresh = other.own("recovery")
    ledger.disown(lease)
    assert other.append("a", {}, guard=fresh).seq == 1


def test_ownerships_of_different_names_do_not_meet(ledger: Ledger, place: Place, clock: FakeClock) -> None:
    ledger.own("one")
    assert place.open("lan", clock).own("two").epoch == 1
