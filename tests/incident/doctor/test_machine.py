from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incident.doctor.machine import growth, judge_room, judge_times
from incident.doctor.patient import Room
from ledger.ledger import Ledger
from tests.fakes.clock import FakeClock

NOW = datetime(2026, 11, 23, 3, 10, tzinfo=UTC)
GB = 10**9


@pytest.mark.parametrize(
    ("room", "per_day", "state"),
    [
        (Room(50 * GB, 100 * GB, 90, 100), 0, "green"),
        (Room(14 * GB, 100 * GB, 90, 100), 0, "amber"),
        (Room(4 * GB, 100 * GB, 90, 100), 0, "red"),
        (Room(50 * GB, 100 * GB, 4, 100), 0, "red"),
        (Room(50 * GB, 100 * GB, 0, 0), 0, "green"),
        (Room(50 * GB, 100 * GB, 90, 100), 5 * GB, "amber"),
        (Room(50 * GB, 100 * GB, 90, 100), 60 * GB, "red"),
        (Room(50 * GB, 100 * GB, 90, 100), 1 * GB, "green"),
    ],
)
def test_a_disk_is_judged_by_what_is_free_and_when_it_will_be_full(room: Room, per_day: float, state: str) -> None:
    assert judge_room(room, per_day).state == state


@given(st.integers(0, 100), st.integers(0, 100), st.floats(0, 1e12))
def test_more_room_is_never_judged_worse(less: int, more: int, per_day: float) -> None:
    order = ("red", "amber", "green")
    low, high = sorted((less, more))
    states = [judge_room(Room(free * GB, 100 * GB, 90, 100), per_day).state for free in (low, high)]
    assert order.index(states[0]) <= order.index(states[1])


def test_a_clock_behind_a_record_is_red_and_one_that_once_fell_amber() -> None:
    hours = [NOW - timedelta(hours=hour) for hour in (3, 2, 1)]
    assert judge_times(hours, NOW).state == "green"
    assert judge_times([*hours, NOW + timedelta(seconds=90)], NOW).state == "red"
    assert judge_times([hours[0], hours[2], hours[1]], NOW).state == "amber"
    assert judge_times([], NOW).state == "amber"


def test_growth_is_what_copies_added_a_day_the_first_one_apart(ledger: Ledger, clock: FakeClock) -> None:
    for added in (1000, 10, 30):
        body = {"kind": "vault", "store": "main", "snapshot": "a", "added": added}
        ledger.append("backup.finished", body, system="edoc")
        clock.advance(days=1)
    assert growth(ledger, clock.now()) == {"vault main": pytest.approx((10 + 30) / 2)}


def test_a_failed_copy_and_one_long_ago_are_no_growth(ledger: Ledger, clock: FakeClock) -> None:
    for snapshot in ("a", "b", None):
        body = {"kind": "vault", "store": "main", "snapshot": snapshot, "added": 5}
        ledger.append("backup.finished", body, system="edoc")
    clock.advance(days=40)
    assert growth(ledger, clock.now()) == {}
