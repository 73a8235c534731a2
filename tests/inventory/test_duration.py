from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory import duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("15m", 900), ("8h", 28800), ("7d", 604800), ("1d12h", 129600), ("2w", 1209600), (" 1h30m ", 5400)],
)
def test_a_duration_is_read_as_people_write_it(text: str, seconds: int) -> None:
    assert duration.parse(text).total_seconds() == seconds


@pytest.mark.parametrize(
    "text", ["", "8", "h", "8 hours", "-3h", "1.5h", "0s", "8h!", "9" * 30 + "d", "8H", "\n", "8 h", "1 2h", "1h 30m"]
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"duration|no time"):
        duration.parse(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (3.44, "3.4s"),
        (9.96, "10.0s"),
        (59.6, "1m"),
        (86400, "24h"),
        (72 * 3600, "72h"),
        (129600, "36h"),
        (4 * 86400, "4d"),
        (90061 * 10, "10d10h"),
        (-90, "-1m30s"),
        (7 * 86400, "7d"),
    ],
)
def test_a_duration_is_shown_in_two_units_at_most(seconds: float, text: str) -> None:
    assert duration.show(seconds) == text


@given(st.integers(min_value=1, max_value=10**9))
def test_what_is_shown_can_be_read_back_within_its_smaller_unit(seconds: int) -> None:
    shown = duration.show(timedelta(seconds=seconds))
    back = duration.parse(shown).total_seconds()
    assert 0 <= seconds - back <= {"s": 0, "m": 59, "h": 3599, "d": 86399}[shown[-1]]
    assert duration.show(back) == shown


@given(st.floats(min_value=-1e9, max_value=1e9))
def test_every_number_of_seconds_can_be_shown(seconds: float) -> None:
    assert duration.show(seconds)
