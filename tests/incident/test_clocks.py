from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incident.clocks import IncidentClock, clocks
from incident.incident import Decision, Incident, Normal
from inventory import policy
from inventory.policy import ClockRule
from tests.incident import making
from tests.incident.making import NOON

RULES = policy.load(["baseline"]).clocks
moments = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))
spans = st.timedeltas(timedelta(seconds=1), timedelta(days=30))
INCIDENT = Incident("inc-1", "Unreadable", NOON, NOON, "minh", ("sso", "edoc"), ())
SYSTEMS = {"sso": making.system(rto="4h"), "edoc": making.system("sso", rto="8h")}


def running(due: timedelta, now: datetime, stopped: datetime | None = None) -> IncidentClock:
    return IncidentClock("recover", "Back", "sso", NOON, NOON + due, stopped, now, (0.5, 0.75, 1.0))


@given(spans, moments, st.none() | moments)
def test_what_is_used_and_what_is_left_make_the_whole(due: timedelta, now: datetime, stopped: datetime | None) -> None:
    clock = running(due, now, stopped)
    assert clock.used + clock.left == clock.due - clock.started
    assert clock.late == (clock.left < timedelta())
    assert (clock.state == "running") == (stopped is None and not clock.late)


@given(spans, spans, spans)
def test_late_stays_late(due: timedelta, past: timedelta, later: timedelta) -> None:
    late = running(due, NOON + due + past)
    assert late.late
    assert running(due, late.now + later).late
    assert running(due, late.now + later, stopped=late.now).state == "late"


@given(spans, spans)
def test_a_thing_done_in_time_never_becomes_late(due: timedelta, later: timedelta) -> None:
    assert running(due, NOON + due + later, stopped=NOON + due).state == "met"


def test_the_deadline_itself_is_in_time_and_a_moment_after_it_is_not() -> None:
    due = timedelta(hours=4)
    assert running(due, NOON + due).state == "running"
    assert running(due, NOON + due + timedelta(microseconds=1)).state == "late"


@pytest.mark.parametrize(
    ("hours", "warning"), [(0, None), (1.999, None), (2, 0.5), (2.999, 0.5), (3, 0.75), (4, 1.0), (40, 1.0)]
)
def test_the_highest_warning_passed_is_shown(hours: float, warning: float | None) -> None:
    clock = running(timedelta(hours=4), NOON + timedelta(hours=hours))
    assert clock.warning == warning
    assert replace(clock, stopped=clock.now).warning is None


def test_an_incident_has_one_clock_per_rule_and_one_per_system_for_its_target() -> None:
    found = clocks(INCIDENT, RULES, SYSTEMS, NOON)
    assert [(clock.key, clock.system, clock.left) for clock in found] == [
        ("acknowledge", None, timedelta(hours=4)),
        ("recover", "sso", timedelta(hours=4)),
        ("recover", "edoc", timedelta(hours=8)),
    ]


def test_each_clock_is_stopped_by_its_own_deed() -> None:
    deed = Decision("", NOON + timedelta(hours=1), "minh", "")
    told = replace(deed, at=NOON + timedelta(hours=2))
    rules = [*RULES, fixed("police"), fixed("first_notice")]
    normal = {"sso": Normal(NOON + timedelta(hours=3), None, 0, False, 7)}
    incident = replace(INCIDENT, acknowledged=deed, police=told, normal=normal)
    found = {(clock.key, clock.system): clock.stopped for clock in clocks(incident, rules, SYSTEMS, NOON)}
    assert found == {
        ("acknowledge", None): deed.at,
        ("police", None): told.at,
        ("first_notice", None): None,
        ("recover", "sso"): NOON + timedelta(hours=3),
        ("recover", "edoc"): None,
    }


def test_no_clock_runs_on_in_a_closed_incident() -> None:
    closed = Decision("closed", NOON + timedelta(hours=5), "minh", "false alarm")
    normal = {key: Normal(NOON, None, 0, False, 7) for key in SYSTEMS}
    found = clocks(replace(INCIDENT, closed=closed, normal=normal), RULES, SYSTEMS, NOON + timedelta(days=9))
    assert "running" not in {clock.state for clock in found}


def test_a_system_that_left_the_inventory_keeps_a_clock_of_24_hours() -> None:
    found = [clock for clock in clocks(INCIDENT, RULES, {}, NOON) if clock.key == "recover"]
    assert [(clock.system, clock.left) for clock in found] == [
        ("sso", timedelta(hours=24)),
        ("edoc", timedelta(hours=24)),
    ]


def fixed(key: str) -> ClockRule:
    return ClockRule(key, key, "detection", timedelta(hours=24), (1.0,), "a source of ours", False)
