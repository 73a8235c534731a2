from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory import calendar, policy
from inventory.policy import CalendarRule

RULES = policy.load(["vn-2026"]).calendar
DAYS = st.dates(date(2026, 1, 1), date(2032, 12, 31))


def states(today: date, *done: tuple[str, date]) -> dict[tuple[str, str], str]:
    return {(each.rule.key, str(each.day)): each.state for each in calendar.due(RULES, done, today)}


@pytest.mark.parametrize(
    ("today", "state", "warning"),
    [
        (date(2026, 11, 13), "later", None),
        (date(2026, 11, 14), "soon", 30),
        (date(2026, 11, 30), "soon", 14),
        (date(2026, 12, 11), "soon", 3),
        (date(2026, 12, 14), "soon", 3),
        (date(2026, 12, 15), "late", None),
    ],
)
def test_a_day_is_spoken_of_from_its_first_warning_on_and_is_late_the_day_after(
    today: date, state: str, warning: int | None
) -> None:
    found = next(each for each in calendar.due(RULES, (), today) if each.rule.key == "yearly_december_14")
    assert (found.state, found.warning.days if found.warning else None) == (state, warning)


def test_what_is_recorded_is_done_for_that_year_only() -> None:
    done = ("yearly_december_14", date(2026, 12, 14))
    assert states(date(2026, 12, 1), done)["yearly_december_14", "2026-12-14"] == "done"
    assert ("yearly_december_14", "2026-12-14") not in states(date(2027, 1, 10), done)
    assert states(date(2027, 12, 1), done)["yearly_december_14", "2027-12-14"] == "soon"


def test_what_was_due_before_the_rules_were_there_is_not_late() -> None:
    assert "late" not in states(date(2026, 6, 1)).values()


def test_what_is_due_once_stays_late_until_it_is_done() -> None:
    assert states(date(2031, 1, 1))["transition_2026", "2026-12-31"] == "late"
    assert ("transition_2026", "2026-12-31") not in states(date(2031, 1, 1), ("transition_2026", date(2026, 12, 31)))


@given(DAYS)
def test_every_rule_has_a_day_to_come_or_one_that_is_late(today: date) -> None:
    found = calendar.due(RULES, (), today)
    assert {each.rule.key for each in found} == {rule.key for rule in RULES}
    assert all((each.state == "late") == (each.left < timedelta()) for each in found)
    assert [each.day for each in found] == sorted(each.day for each in found)


@given(DAYS)
def test_the_29th_of_february_comes_in_leap_years_only(today: date) -> None:
    leap = CalendarRule("leap", "Leap", "02-29", None, (timedelta(days=3),), date(2020, 1, 1), "a source", False)
    found = calendar.due([leap], (), today)
    assert all((each.day.month, each.day.day) == (2, 29) for each in found)
    assert any(each.day >= today for each in found)
