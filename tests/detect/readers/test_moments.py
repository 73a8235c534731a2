from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detect.readers import moments
from tests.detect.making import NOW


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-23T03:10:00.123456+07:00", datetime(2026, 11, 22, 20, 10, 0, 123456, UTC)),
        ("2026-11-23T03:10:00.1234567Z", datetime(2026, 11, 23, 3, 10, 0, 123456, UTC)),
        ("2026-11-23 03:10:00", datetime(2026, 11, 23, 3, 10, tzinfo=UTC)),
        ("today", None),
        ("0001-01-01T00:00:00+14:00", None),
        (5, None),
        (None, None),
    ],
)
def test_an_iso_moment(text: object, expected: datetime | None) -> None:
    assert moments.iso(text) == expected


@pytest.mark.parametrize(
    ("month", "day", "now", "year"),
    [
        ("Nov", "23", NOW, 2026),
        ("Nov", "24", NOW, 2026),  # a clock that runs ahead
        ("Dec", "31", NOW, 2025),
        ("Dec", "31", datetime(2027, 1, 1, tzinfo=UTC), 2026),
        ("Jan", "1", datetime(2026, 12, 31, 23, tzinfo=UTC), 2027),
        ("Feb", "29", NOW, 2024),
    ],
)
def test_a_moment_without_a_year_gets_the_newest_that_can_be(month: str, day: str, now: datetime, year: int) -> None:
    found = moments.bsd(month, day, "00:10:00", now)
    assert found is not None
    assert found.year == year


@pytest.mark.parametrize(
    ("month", "day", "clock"), [("Foo", "1", "00:00:00"), ("Jan", "45", "00:00:00"), ("Jan", "1", "9")]
)
def test_a_moment_that_cannot_be_is_none(month: str, day: str, clock: str) -> None:
    assert moments.bsd(month, day, clock, NOW) is None


def test_moments_of_web_logs() -> None:
    assert moments.clf("23/Nov/2026:10:10:00 +0700") == datetime(2026, 11, 23, 3, 10, tzinfo=UTC)
    assert moments.asctime("Sun Dec 04 04:47:44 2005") == datetime(2005, 12, 4, 4, 47, 44, tzinfo=UTC)
    assert moments.clf("yesterday") is None
    assert moments.asctime("yesterday") is None


@given(st.one_of(st.text(), st.integers(), st.floats(), st.none()))
def test_nothing_makes_the_reading_of_moments_fail(value: object) -> None:
    for found in (moments.iso(value), moments.epoch(value, 1e-6), moments.clf(str(value)), moments.asctime(str(value))):
        assert found is None or found.tzinfo is not None
