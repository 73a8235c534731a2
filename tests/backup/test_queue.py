"""Who goes first, how late, and what a clock that was wrong does to it; copies are records in a ledger."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backup import queue
from backup.history import state_of
from backup.queue import Waiting
from inventory import clock as clocks
from inventory.system import System
from ledger.ledger import Ledger
from tests.fakes.clock import FakeClock

HOUR = timedelta(hours=1)


def system(level: int = 1, rpo: str = "24h", *vaults: str) -> System:
    copies = [{"vault": vault, "every": "6h"} for vault in vaults or ("main",)]
    return System.model_validate({"name": "x", "level": level, "rpo": rpo, "copies": copies})


def copied(ledger: Ledger, key: str, store: str = "main") -> None:
    now = ledger.clock.now()
    body: dict[str, Any] = {"status": "complete", "kind": "vault", "store": store, "problems": [], "data_time": None}
    body |= {"snapshot": f"{now.timestamp():064.0f}", "at": clocks.to_text(now), "files": 1, "bytes": 1, "seconds": 1.0}
    ledger.append("backup.finished", body, system=key)


def order(ledger: Ledger, systems: dict[str, System]) -> list[str]:
    return [one.system for one in queue.waiting(systems, state_of(ledger), ledger.clock.now())]


def test_after_a_night_without_power_the_most_important_go_first_and_each_once(
    ledger: Ledger, clock: FakeClock
) -> None:
    systems = {"a": system(1), "b": system(3), "c": system(3, "4h"), "d": system(1), "e": system(1)}
    for key in ("d", "a"):
        copied(ledger, key)
        clock.advance(minutes=30)
    for key in ("b", "c"):
        copied(ledger, key)
    clock.advance(hours=14)
    assert order(ledger, systems) == ["c", "b", "d", "a", "e"], (
        "level, then data lost, then the wait; never copied last"
    )
    for key in list(systems):
        copied(ledger, key)
    assert order(ledger, systems) == []


@pytest.mark.parametrize(("wait", "late"), [(None, 0), (timedelta(minutes=15), 0), (8 * HOUR, 8)])
def test_a_copy_is_late_when_it_waited_for_long(clock: FakeClock, wait: timedelta | None, late: int) -> None:
    since = None if wait is None else clock.now() - wait
    assert Waiting("a", since).late(clock.now()) == late * HOUR


def test_a_system_with_two_vaults_waits_since_the_first_of_them_came_due(ledger: Ledger, clock: FakeClock) -> None:
    copied(ledger, "a", "main")
    clock.advance(hours=1)
    copied(ledger, "a", "second")
    clock.advance(hours=8)
    [one] = queue.waiting({"a": system(1, "24h", "main", "second")}, state_of(ledger), clock.now())
    assert one.late(clock.now()) == 3 * HOUR


steps = st.lists(st.tuples(st.sampled_from(["wait", "step"]), st.integers(-500, 500)), min_size=1, max_size=12)


@settings(max_examples=20)
@given(steps)
def test_however_the_clock_jumps_no_copy_is_lost_and_none_is_made_over_and_over(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]]
) -> None:
    clock = FakeClock()
    ledger = Ledger.open(tmp_path_factory.mktemp("state"), clock, "holdfast")
    systems = {"a": system()}
    made: list[float] = []

    def watch(until: float) -> None:
        """Look every quarter of an hour; what is due is copied."""
        while clock.monotonic() < until:
            if order(ledger, systems):
                made.append(clock.monotonic())
                copied(ledger, "a")
                assert order(ledger, systems) == [], "what was just copied is not due"
            clock.advance(minutes=15)

    jumps = 0
    began = clock.monotonic()
    for kind, amount in steps:
        if kind == "wait":
            watch(clock.monotonic() + abs(amount) % 30 * 3600)
        else:
            jumps += 1
            clock.set(clock.now() + timedelta(hours=amount))
    watch(clock.monotonic() + 7 * 3600)
    assert len(made) <= (clock.monotonic() - began) / (5.5 * 3600) + jumps + 1
    assert clock.monotonic() - made[-1] <= 7 * 3600
    ledger.close()


def test_of_copies_from_the_future_those_count_that_were_recorded_after(ledger: Ledger, clock: FakeClock) -> None:
    true: datetime = clock.now()
    clock.set(true + 1000 * HOUR)
    copied(ledger, "a")
    clock.set(true)
    assert state_of(ledger).last_at("a", "vault", "main", true) is None
    copied(ledger, "a")
    assert state_of(ledger).last_at("a", "vault", "main", true + HOUR) == true
