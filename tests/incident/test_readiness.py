from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incident import readiness
from incident.facts import WORST_FIRST, Row, State
from incident.readiness import SystemReadiness
from tests.incident.judging import NOTHING_KNOWN, POLICY, WELL
from tests.incident.making import NOON

IDS = [
    "hardening",
    "backup",
    "three_two_one",
    "offline",
    "integrity",
    "restore",
    "forecast",
    "detection",
    "runbook",
]
states = st.lists(st.sampled_from(WORST_FIRST), max_size=12)


def judged(found: list[State]) -> SystemReadiness:
    return SystemReadiness("edoc", 3, [Row("x", state, "", "") for state in found])


def test_every_question_is_answered_once_in_the_same_order() -> None:
    for facts in (WELL, NOTHING_KNOWN):
        assert [row.id for row in readiness.of_system(facts, POLICY, NOON).rows] == IDS


@given(states)
def test_a_system_is_as_good_as_its_worst_row(found: list[State]) -> None:
    assert judged(found).state == min(found, key=WORST_FIRST.index, default="unknown")


@given(states, states)
def test_unknown_counts_as_red_in_every_total(one: list[State], other: list[State]) -> None:
    counts = readiness.count([judged(one), judged(other)])
    both = one + other
    assert counts["red"] == both.count("red") + both.count("unknown")
    assert counts["green"] + counts["amber"] + counts["red"] == len(both)


@pytest.mark.parametrize(("facts", "state"), [(WELL, "green"), (NOTHING_KNOWN, "red")])
def test_a_whole_system_is_judged(facts: object, state: State) -> None:
    assert readiness.of_system(facts, POLICY, NOON).state == state
