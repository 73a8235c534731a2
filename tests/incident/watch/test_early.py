from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from incident.clocks import IncidentClock
from incident.watch.early import notices

START = datetime(2026, 11, 23, 3, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
MARKS = (0.5, 0.75, 0.9, 1.0)


def clock(after: timedelta, *, stopped: bool = False) -> IncidentClock:
    due = START + 4 * HOUR
    return IncidentClock("ack", "Acknowledge", None, START, due, START if stopped else None, START + after, MARKS)


def keys(*afters: timedelta) -> list[str]:
    return [notice.key for after in afters for notice in notices("inc-1", "Documents", [clock(after)])]


@pytest.mark.parametrize(
    ("after", "subject"),
    [
        (HOUR, None),
        (2 * HOUR, "inc-1: Acknowledge has 2h left"),
        (3.75 * HOUR, "inc-1: Acknowledge has 15m left"),
        (5 * HOUR, "inc-1: Acknowledge is LATE by 1h"),
    ],
)
def test_a_mark_that_was_passed_is_told_with_the_time_left(after: timedelta, subject: str | None) -> None:
    found = notices("inc-1", "Documents", [clock(after)])
    assert [notice.subject for notice in found] == ([] if subject is None else [subject])
    assert all("holdfast incident show inc-1" in notice.text for notice in found)


def test_one_mark_is_one_notice_and_the_next_another() -> None:
    assert len(set(keys(2 * HOUR, 2.5 * HOUR, 2.9 * HOUR))) == 1
    assert len(set(keys(2 * HOUR, 3 * HOUR, 3.7 * HOUR, 5 * HOUR, 9 * HOUR))) == 4


def test_a_clock_that_was_stopped_is_silent() -> None:
    assert notices("inc-1", "Documents", [clock(5 * HOUR, stopped=True)]) == []


def test_what_is_due_at_once_is_told_at_once_and_every_ten_minutes_until_it_is_recorded() -> None:
    every = timedelta(minutes=10)

    def police(after: timedelta, stopped: datetime | None = None) -> list[str]:
        running = IncidentClock("police", "Police", None, START, START + every, stopped, START + after, (), every)
        return [notice.key for notice in notices("inc-1", "Documents", [running])]

    told = [police(timedelta(minutes=minute))[0] for minute in range(31)]
    assert len(set(told)) == 4
    assert told[0] == told[9] != told[10] == told[19] != told[20]
    assert police(timedelta(minutes=31), START + every) == []
