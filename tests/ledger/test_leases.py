"""What `test_ledger.py` says of owners, under races: at most one owner, and only the owner writes."""

from __future__ import annotations

import threading
from datetime import timedelta

from ledger.errors import LeaseLostError
from ledger.ledger import Ledger
from tests.fakes.clock import FakeClock
from tests.ledger.fixtures import Place


def test_of_many_who_ask_at_once_one_becomes_the_owner(place: Place) -> None:
    place.open().close()
    owners: list[str] = []

    def ask(number: int) -> None:
        ledger = place.open(f"asker-{number}")
        try:
            ledger.own("recovery")
            owners.append(ledger.actor)
        except LeaseLostError:
            pass
        ledger.close()

    askers = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    assert len(owners) == 1


def test_an_old_owner_who_writes_while_a_new_one_takes_over_is_before_it_or_refused(place: Place) -> None:
    first_clock, second_clock = FakeClock(), FakeClock()
    first, second = place.open("old", first_clock), place.open("new", second_clock)
    stale = first.own("recovery", length=timedelta(seconds=1))
    second_clock.advance(hours=1)
    refused: list[Exception] = []

    def write() -> None:
        for number in range(60):
            try:
                first.append("old", {"n": number}, guard=stale)
            except LeaseLostError as error:
                refused.append(error)
                return

    writer = threading.Thread(target=write)
    writer.start()
    fresh = second.own("recovery")
    second.append("new", {}, guard=fresh)
    writer.join()
    kinds = [record.kind for record in second.read()]
    assert kinds == ["old"] * (len(kinds) - 1) + ["new"]
    assert len(refused) == 1 or kinds.count("old") == 60
    _close(first, second)


def _close(*ledgers: Ledger) -> None:
    for ledger in ledgers:
        ledger.close()
