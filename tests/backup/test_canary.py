from __future__ import annotations

from datetime import UTC, datetime

import pytest

from backup import canary


@pytest.mark.parametrize(
    ("answer", "moment"),
    [
        ("2026-11-23T03:10:00Z", datetime(2026, 11, 23, 3, 10, tzinfo=UTC)),
        ("2026-11-23 03:10:00+00", datetime(2026, 11, 23, 3, 10, tzinfo=UTC)),  # as PostgreSQL writes it
        (None, None),
        ("yesterday", None),
        ("17", None),
    ],
)
def test_the_newest_record_is_a_time_or_not_known(answer: str | None, moment: datetime | None) -> None:
    assert canary.moment(answer) == moment


def test_of_several_answers_the_first_time_counts() -> None:
    assert canary.first([None, "soon", "2026-11-23T03:10:00Z"]) == "2026-11-23T03:10:00.000000Z"
    assert canary.first([]) is None
