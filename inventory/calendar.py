"""What is due on a day: each year or once, spoken of in time, until somebody records that it went out. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from inventory.policy import CalendarRule

State = Literal["done", "later", "soon", "late"]


@dataclass(frozen=True)
class Due:
    """One thing on one day: `soon` from its first warning on, `late` after the day, until it is recorded as done.

    `warning` is the closest warning that has come (None before the first).
    """

    rule: CalendarRule
    day: date
    state: State
    left: timedelta
    warning: timedelta | None


def due(rules: Sequence[CalendarRule], done: Collection[tuple[str, date]], today: date) -> list[Due]:
    """Return each rule's days that matter now: a past one that was not done, and the next; soonest first.

    Args:
        rules: what is asked.
        done: the key and day of what was recorded as done.
        today: the day where the site is.
    """
    found = [_due(rule, day, done, today) for rule in rules for day in _days(rule, today)]
    current = [each for each in found if each.day >= today or each.state == "late"]
    return sorted(current, key=lambda each: (each.day, each.rule.key))


def _days(rule: CalendarRule, today: date) -> Iterator[date]:
    """Yield the last day before today on which it was asked, and the next."""
    if rule.day is not None:
        yield rule.day
        return
    assert rule.every_year is not None
    every = [day for year in range(today.year - 1, today.year + 9) if (day := _in(year, rule.every_year)) is not None]
    past = [day for day in every if rule.since <= day < today]
    yield from past[-1:]
    yield from [day for day in every if day >= today][:1]


def _in(year: int, month_and_day: str) -> date | None:
    try:
        return date.fromisoformat(f"{year}-{month_and_day}")
    except ValueError:  # 29 February
        return None


def _due(rule: CalendarRule, day: date, done: Collection[tuple[str, date]], today: date) -> Due:
    left = day - today
    warning = min((each for each in rule.warn if left <= each), default=None) if left >= timedelta() else None
    if (rule.key, day) in done:
        state: State = "done"
    elif left < timedelta():
        state = "late"
    else:
        state = "later" if warning is None else "soon"
    return Due(rule, day, state, left, warning)
