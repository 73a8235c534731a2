from __future__ import annotations

from datetime import timedelta

import pytest

from cli.clock import SystemClock
from incident.clocks import IncidentClock
from incident.watch import calendar
from incident.watch.calendar import Due
from incident.watch.heartbeat import Beat
from tests.backup.world import World
from tests.fakes.clock import FakeClock

NOW = FakeClock().now()
HOUR = timedelta(hours=1)


def copying(world: World, days: int) -> list[Due]:
    now = SystemClock().now()
    return calendar.in_order(calendar.copying(world.site, world.depot.copies(), now, now + timedelta(days=days)))


def test_a_copy_never_made_is_due_now_and_then_each_period(world: World) -> None:
    coming = copying(world, 1)
    first = coming[0].at
    vault = [each for each in coming if each.kind == "vault"]
    assert [(each.at - first).total_seconds() / 3600 for each in vault] == [0, 6, 12, 18, 24]
    assert [(each.at, each.store) for each in coming if each.kind == "media"] == [(first, "weekly")]


@pytest.mark.restic
def test_a_copy_that_was_made_is_due_a_period_later(copied: World) -> None:
    now = SystemClock().now()
    first = {each.kind: each for each in reversed(copying(copied, 8))}
    assert timedelta(hours=5) < first["vault"].at - now < timedelta(hours=6)
    assert timedelta(days=6) < first["media"].at - now < timedelta(days=7)
    assert first["vault"].seconds is not None


@pytest.mark.parametrize(
    ("last", "minutes", "seconds"),
    [
        (None, 0, None),
        (Beat("detect", NOW - timedelta(minutes=2), NOW), 3, 120),
        (Beat("detect", NOW - timedelta(hours=2), None), 0, None),
        (Beat("detect", NOW + timedelta(hours=2), NOW + timedelta(hours=3)), 0, 3600),
    ],
)
def test_detection_is_one_line_that_comes_again_and_is_never_in_the_past(
    world: World, last: Beat | None, minutes: int, seconds: float | None
) -> None:
    assert calendar.detecting(world.site, last, NOW) == [], "no system names logs"
    inventory = world.root / "site/inventory/edoc.yml"
    inventory.write_text(inventory.read_text() + "      logs: [{host: documents-1, file: /var/log/auth.log}]\n")
    world.__dict__.pop("site", None)
    [each] = calendar.detecting(world.site, last, NOW)
    assert (each.at, each.seconds) == (NOW + timedelta(minutes=minutes), seconds)
    assert each.what == "the logs of 1 system, every 5m"


def test_what_an_incident_owes_is_told_until_it_is_done_also_when_it_is_late() -> None:
    def clock(due: timedelta, *, stopped: bool = False) -> IncidentClock:
        start = NOW - 9 * HOUR
        return IncidentClock("ack", "Acknowledge", None, start, NOW + due, NOW if stopped else None, NOW, (1.0,))

    running = [
        ("i-1", clock(HOUR)),
        ("i-2", clock(-HOUR)),
        ("i-3", clock(HOUR, stopped=True)),
        ("i-4", clock(99 * HOUR)),
    ]
    owed = calendar.in_order(calendar.owing(running, NOW + 24 * HOUR))
    assert [(each.at, each.what) for each in owed] == [
        (NOW - HOUR, "i-2: Acknowledge, LATE"),
        (NOW + HOUR, "i-1: Acknowledge"),
    ]
