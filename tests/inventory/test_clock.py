from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory import clock


@given(st.datetimes(min_value=datetime(1970, 1, 1), timezones=st.timezones()))
def test_a_moment_survives_the_round_trip(moment: datetime) -> None:
    if moment.astimezone(UTC).year < 9999:
        assert clock.from_text(clock.to_text(moment)) == moment.astimezone(UTC)


@given(st.datetimes(timezones=st.just(UTC)), st.datetimes(timezones=st.just(UTC)))
def test_the_order_of_texts_is_the_order_of_moments(one: datetime, other: datetime) -> None:
    assert (clock.to_text(one) < clock.to_text(other)) == (one < other)


def test_any_offset_is_read_as_utc() -> None:
    seven = timezone(timedelta(hours=7))
    assert clock.from_text("2026-11-23T10:10:00+07:00") == datetime(2026, 11, 23, 10, 10, tzinfo=seven)
    assert clock.to_text(clock.from_text("2026-11-23T10:10:00+07:00")) == "2026-11-23T03:10:00.000000Z"


@pytest.mark.parametrize("text", ["2026-11-23T03:10:00", "yesterday", "", "2026-13-01T00:00:00Z"])
def test_a_text_without_offset_or_moment_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        clock.from_text(text)
