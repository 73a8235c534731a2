from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from incident.incident import Incident, Normal
from incident.measure import recovered
from incident.runs import Run, StepState
from tests.incident import making
from tests.incident.making import CLEAN, COPY, NOON, NORMAL, RESTORE, START

SYSTEMS = {"sso": making.system(rto="4h"), "edoc": making.system("sso", rto="8h")}
PLAN = making.planned("inc-1", SYSTEMS, CLEAN, COPY, RESTORE, START, NORMAL)
INCIDENT = Incident("inc-1", "Unreadable", NOON, NOON, "minh", ("sso", "edoc"), ())
SECONDS = {"clean-target": 0.0, "copy": 20.0, "restore": 100.0, "start": 3.0, "normal": 2.0}
STARTED = NOON + timedelta(minutes=30)


def run(**attempts: int) -> Run:
    steps = {
        f"{key}/{step}": StepState("done", attempts.get(step, 1), STARTED, seconds=seconds)
        for key in SYSTEMS
        for step, seconds in SECONDS.items()
    }
    return Run("r1", PLAN, steps, STARTED, "done", 99)


def normal(hours: float, size: int = 10**9, lost: float | None = 2.0) -> Normal:
    newest = None if lost is None else NOON - timedelta(hours=lost)
    return Normal(NOON + timedelta(hours=hours), newest, size, True, 42)


def test_a_system_is_measured_from_detection_until_its_own_tests_pass() -> None:
    sso, edoc = recovered(replace(INCIDENT, normal={"sso": normal(1.5)}), SYSTEMS, run())
    assert (sso.recovered_seconds, sso.target_seconds, sso.data_loss_seconds) == (5400.0, 14400.0, 7200.0)
    assert (sso.verified, sso.in_time, sso.evidence) == (True, True, (42,))
    assert (edoc.recovered_seconds, edoc.verified, edoc.in_time, edoc.evidence) == (None, False, False, ())


def test_the_target_itself_is_in_time() -> None:
    assert recovered(replace(INCIDENT, normal={"sso": normal(4)}), SYSTEMS, None)[0].in_time
    assert not recovered(replace(INCIDENT, normal={"sso": normal(4.0001)}), SYSTEMS, None)[0].in_time


def test_a_system_that_came_back_without_its_data_is_not_verified() -> None:
    assert not recovered(replace(INCIDENT, normal={"sso": normal(1, size=0)}), SYSTEMS, run())[0].verified


def test_without_a_canary_nobody_says_what_was_lost() -> None:
    assert (
        recovered(replace(INCIDENT, normal={"sso": normal(1, lost=None)}), SYSTEMS, run())[0].data_loss_seconds is None
    )


def test_data_newer_than_the_detection_is_no_gain() -> None:
    assert recovered(replace(INCIDENT, normal={"sso": normal(1, lost=-1)}), SYSTEMS, run())[0].data_loss_seconds == 0.0


def test_a_system_that_left_the_inventory_is_measured_against_24_hours() -> None:
    assert [each.target_seconds for each in recovered(INCIDENT, {}, None)] == [86400.0, 86400.0]
