from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incident.clocks import NOTICES, IncidentClock, clocks, open_questions, owed
from incident.incident import Decision, Incident, Normal
from inventory import policy
from inventory.policy import ClockRule
from tests.incident import making
from tests.incident.making import NOON

RULES = policy.load(["baseline"]).clocks
moments = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))
spans = st.timedeltas(timedelta(seconds=1), timedelta(days=30))
INCIDENT = Incident("inc-1", "Unreadable", NOON, NOON, "minh", ("sso", "edoc"), ())
ALL = policy.load(["baseline", "vn-2016", "vn-2026"]).clocks
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


def test_what_the_response_did_not_do_stops_with_the_incident_and_what_is_owed_runs_on() -> None:
    closed = Decision("closed", NOON + timedelta(hours=5), "minh", "false alarm")
    normal = {key: Normal(NOON, None, 0, False, 7) for key in SYSTEMS}
    over = replace(INCIDENT, closed=closed, normal=normal)
    later = NOON + timedelta(days=9)
    assert "running" not in {clock.state for clock in clocks(over, RULES, SYSTEMS, later)}
    owing = clocks(over, ALL, SYSTEMS, NOON + timedelta(days=4))
    assert [(clock.key, clock.state) for clock in owed(owing)] == [
        ("incident_report", "late"),
        ("notice", "running"),
        ("final_report", "running"),
    ]
    sent = replace(over, notices=dict.fromkeys(NOTICES, replace(closed, what="told")))
    assert owed(clocks(sent, ALL, SYSTEMS, later)) == []


def test_a_final_report_is_counted_from_the_end_of_the_response() -> None:
    assert "final_report" not in {clock.key for clock in clocks(INCIDENT, ALL, SYSTEMS, NOON)}
    closed = Decision("closed", NOON + timedelta(hours=5), "minh", "all back")
    found = {clock.key: clock.due for clock in clocks(replace(INCIDENT, closed=closed), ALL, SYSTEMS, closed.at)}
    assert found["final_report"] == closed.at + timedelta(days=5)


def test_a_clock_that_waits_for_a_decision_is_an_open_question_and_not_silently_absent() -> None:
    found = {each.about: each for each in open_questions(INCIDENT, ALL)}
    assert list(found) == ["national_security", "serious", "personal_data"]
    assert found["serious"].clocks == (("First notice of a serious incident", NOON + timedelta(hours=24)),)
    assert found["personal_data"].clocks == (("Tell of a breach of personal data", None),)
    assert "--no-personal-data" in found["personal_data"].question
    assert found["personal_data"].command == "holdfast incident classify inc-1 --personal-data --reason 'WHY'"
    assert open_questions(INCIDENT, RULES) == []
    keys = {clock.key for clock in clocks(INCIDENT, ALL, SYSTEMS, NOON)}
    assert not keys & {"first_notice", "personal_data", "police"}


@pytest.mark.parametrize("yes", [True, False])
def test_a_decision_taken_starts_its_clocks_or_ends_the_question(yes: bool) -> None:
    at = NOON + timedelta(hours=2)
    serious = Decision("serious" if yes else "ordinary", at, "hoa", "citizens wait")
    judged = replace(serious, what="yes" if yes else "no")
    decided = replace(INCIDENT, classified=serious, personal_data=judged, national_security=judged)
    assert open_questions(decided, ALL) == []
    found = {clock.key: clock.due for clock in clocks(decided, ALL, SYSTEMS, at)}
    if not yes:
        assert not found.keys() & {"first_notice", "personal_data", "police"}
        return
    assert found["first_notice"] == NOON + timedelta(hours=24)
    assert found["personal_data"] == at + timedelta(hours=72)
    assert found["police"] == NOON + timedelta(minutes=10)


@given(st.timedeltas(timedelta(), timedelta(days=2)))
def test_what_is_due_at_once_is_said_again_every_ten_minutes_until_it_is_recorded(used: timedelta) -> None:
    severe = replace(INCIDENT, national_security=Decision("yes", NOON, "hoa", "the whole province"))
    (clock,) = (each for each in clocks(severe, ALL, SYSTEMS, NOON + used) if each.key == "police")
    assert clock.reminders == used // timedelta(minutes=10)
    assert clock.late == (used > timedelta(minutes=10))
    told = replace(severe, police=Decision("told", NOON + used, "hoa", "", "Maj. Vo"))
    (done,) = (each for each in clocks(told, ALL, SYSTEMS, NOON + timedelta(days=3)) if each.key == "police")
    assert (done.reminders, done.used) == (0, used)


def test_a_system_that_left_the_inventory_keeps_a_clock_of_24_hours() -> None:
    found = [clock for clock in clocks(INCIDENT, RULES, {}, NOON) if clock.key == "recover"]
    assert [(clock.system, clock.left) for clock in found] == [
        ("sso", timedelta(hours=24)),
        ("edoc", timedelta(hours=24)),
    ]


def fixed(key: str) -> ClockRule:
    return ClockRule(key, key, "detection", timedelta(hours=24), (1.0,), "a source of ours", False)
