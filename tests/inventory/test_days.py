from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory import days

HANOI = "Asia/Ho_Chi_Minh"


def test_a_day_begins_and_ends_at_midnight_where_the_site_is() -> None:
    assert days.local(datetime(2026, 12, 31, 16, 59, tzinfo=UTC), HANOI) == date(2026, 12, 31)
    assert days.local(datetime(2026, 12, 31, 17, 0, tzinfo=UTC), HANOI) == date(2027, 1, 1)
    assert days.end(date(2026, 12, 31), HANOI) == datetime(2026, 12, 31, 17, 0, tzinfo=UTC)


@given(st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)))
def test_a_moment_is_before_the_end_of_its_own_day_and_not_before_the_end_of_the_day_before(now: datetime) -> None:
    for name in (HANOI, "UTC", "Europe/Berlin", "America/St_Johns"):
        today = days.local(now, name)
        assert days.end(today - timedelta(days=1), name) <= now < days.end(today, name)


@pytest.mark.parametrize("name", ["Hanoi", "", "../etc/passwd", "Asia/Ho Chi Minh", "x" * 5000])
def test_a_zone_nobody_knows_is_refused_by_name(name: str) -> None:
    with pytest.raises(ValueError, match="is no time zone"):
        days.zone(name)
