from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from backup.schedule import is_due, next_due

moments = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))
periods = st.timedeltas(timedelta(minutes=1), timedelta(days=400))
NOW = datetime(2026, 11, 23, 3, 10, tzinfo=UTC)


def test_what_was_never_copied_is_due() -> None:
    assert is_due(timedelta(days=1), None, NOW)


def test_a_timer_that_fires_a_little_early_does_not_skip_a_period() -> None:
    assert is_due(timedelta(hours=6), NOW - timedelta(hours=5, minutes=55), NOW)


@given(periods, moments, moments)
def test_a_copy_as_old_as_its_period_is_always_due(every: timedelta, last: datetime, now: datetime) -> None:
    if now - last >= every:
        assert is_due(every, last, now)


@given(periods, moments, st.floats(0, 0.94))
def test_a_young_copy_is_not_due(every: timedelta, last: datetime, share: float) -> None:
    assert not is_due(every, last, last + every * share)


@given(periods, moments, st.timedeltas(timedelta(microseconds=1), timedelta(days=3650)))
def test_after_the_clock_was_set_back_the_copy_is_due(every: timedelta, now: datetime, step: timedelta) -> None:
    assert is_due(every, now + step, now)


@given(periods, moments, st.lists(st.timedeltas(timedelta(), timedelta(days=30)), min_size=2, max_size=6))
def test_once_due_it_stays_due_until_a_copy_is_made(every: timedelta, last: datetime, steps: list[timedelta]) -> None:
    now, was_due = last, False
    for step in steps:
        now += step
        due = is_due(every, last, now)
        assert due or not was_due
        was_due = due


@given(periods, moments, moments)
def test_the_next_time_is_never_in_the_past(every: timedelta, last: datetime, now: datetime) -> None:
    assert next_due(every, last, now) >= now
