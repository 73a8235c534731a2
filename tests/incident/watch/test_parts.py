from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from incident.watch import parts

NOW = datetime(2026, 11, 23, 3, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_every_part_has_a_name_a_period_and_a_limit_that_is_longer() -> None:
    for part in parts.PARTS:
        assert parts.named(part.name) is part
        assert timedelta() < part.every < part.limit
    with pytest.raises(KeyError):
        parts.named("other")


@pytest.mark.parametrize(
    ("every", "ago", "may"),
    [
        (6 * HOUR, None, True),
        (6 * HOUR, timedelta(minutes=59), False),
        (6 * HOUR, HOUR, True),
        (HOUR, timedelta(minutes=14), False),
        (HOUR, timedelta(minutes=15), True),
        (timedelta(minutes=5), timedelta(minutes=9), False),
        (timedelta(minutes=5), timedelta(minutes=10), True),
        (6 * HOUR, -HOUR, True),
    ],
)
def test_a_copy_that_failed_rests_a_while_and_a_clock_set_back_does_not_hold_it_up(
    every: timedelta, ago: timedelta | None, may: bool
) -> None:
    assert parts.may_try(every, None if ago is None else NOW - ago, NOW) is may
