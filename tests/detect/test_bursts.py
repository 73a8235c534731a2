from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detect import bursts
from detect.bursts import Burst, Condition, Counted, InOrder, Occurrence, by_event, by_rule, by_value
from detect.event import Reference
from tests.detect.making import at

SPAN = timedelta(seconds=10)


def occurrence(seconds: float, line: int, rule: str = "a", *counted: str | None) -> Occurrence:
    return Occurrence(at(seconds), rule, Reference("log", line), counted=counted)


def many(*seconds: float) -> list[Occurrence]:
    return [occurrence(second, line) for line, second in enumerate(seconds)]


def lines(found: list[Burst]) -> list[list[int]]:
    return [[reference.line for reference in burst.references] for burst in found]


def test_three_hundred_of_a_kind_are_one_burst() -> None:
    (burst,) = bursts.find(many(*range(300)), Counted("gte", 5), SPAN)
    assert len(burst.references) == 300
    assert burst.met == 4


def test_too_few_within_the_span_are_no_burst() -> None:
    assert bursts.find(many(0, 4, 8, 12, 16), Counted("gte", 4), SPAN) == []


def test_windows_slide_and_do_not_begin_at_round_times() -> None:
    assert lines(bursts.find(many(8, 9, 11, 12), Counted("gte", 4), SPAN)) == [[0, 1, 2, 3]]


@pytest.mark.parametrize(("seconds", "inside"), [(10.0, True), (10.000001, False)])
def test_an_occurrence_exactly_one_span_later_belongs_to_the_window(seconds: float, inside: bool) -> None:
    assert bool(bursts.find(many(0, seconds), Counted("gte", 2), SPAN)) is inside


def test_a_pause_longer_than_the_span_begins_a_new_burst() -> None:
    assert lines(bursts.find(many(0, 1, 2, 13, 14, 15), Counted("gte", 2), SPAN)) == [[0, 1, 2], [3, 4, 5]]


def test_a_siege_of_days_is_cut_every_day() -> None:
    found = bursts.find(many(*range(0, 60 * 60 * 50, 5)), Counted("gte", 2), SPAN)
    assert len(found) == 3
    assert all(burst.last.time - burst.first.time <= bursts.LONGEST for burst in found)


def test_a_cut_takes_nothing_from_a_burst_that_begins_later() -> None:
    day = bursts.LONGEST.total_seconds()
    found = bursts.find(many(0, 1, 2, day - 1, day + 2, day + 3), Counted("gte", 3), SPAN)
    assert lines(found) == [[0, 1, 2], [3, 4, 5]]


def test_an_event_that_several_rules_hit_counts_once() -> None:
    twice = [occurrence(0, 1, "a"), occurrence(0, 1, "b"), occurrence(1, 2, "a")]
    assert bursts.find(twice, Counted("gte", 3), SPAN) == []


def test_different_values_are_counted_and_missing_ones_are_not() -> None:
    same = [occurrence(n, n, "a", "x") for n in range(5)]
    assert bursts.find(same, Counted("gte", 2, by_value), SPAN) == []
    assert bursts.find([*same, occurrence(5, 9, "a", None)], Counted("gte", 2, by_value), SPAN) == []
    assert bursts.find([*same, occurrence(5, 9, "a", "y")], Counted("gte", 2, by_value), SPAN) != []


def test_a_value_that_left_the_window_counts_no_more() -> None:
    apart = [occurrence(0, 1, "a", "x"), occurrence(11, 2, "a", "y"), occurrence(22, 3, "a", "x")]
    assert bursts.find(apart, Counted("gte", 2, by_value), SPAN) == []


@pytest.mark.parametrize(("op", "expected"), [("gte", True), ("gt", False), ("eq", True)])
def test_the_condition_is_compared_as_written(op: str, expected: bool) -> None:
    assert bool(bursts.find(many(0, 1, 2), Counted(op, 3), SPAN)) is expected


def test_rules_together_may_come_in_any_order() -> None:
    assert bursts.find([occurrence(0, 1, "b"), occurrence(5, 2, "a")], Counted("gte", 2, by_rule), SPAN) != []


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ([(0, "a"), (1, "b"), (2, "c")], True),
        ([(0, "a"), (1, "c"), (2, "b")], False),
        ([(0, "a"), (1, "c"), (2, "b"), (3, "c")], True),
        ([(0, "a"), (6, "b"), (11, "c")], False),
        ([(0, "a"), (4, "a"), (6, "b"), (11, "c")], True),
        ([(0, "c"), (0, "b"), (0, "a")], True),  # the clock cannot tell them apart
        ([(0, "a"), (5, "c")], False),
    ],
)
def test_rules_in_order_must_come_in_order(row: list[tuple[float, str]], expected: bool) -> None:
    found = [occurrence(second, line, rule) for line, (second, rule) in enumerate(row)]
    assert bool(bursts.find(found, InOrder(["a", "b", "c"]), SPAN, rounds=3)) is expected


def test_what_came_before_or_after_a_row_is_no_part_of_it() -> None:
    there = [occurrence(0, 0, "b"), occurrence(1, 1, "a"), occurrence(2, 2, "b"), occurrence(3, 3, "a")]
    assert lines(bursts.find(there, InOrder(["a", "b"]), SPAN, rounds=2)) == [[1, 2]]


CONDITIONS: list[tuple[Callable[[], Condition], int]] = [
    (lambda: Counted("gte", 3, by_event), 1),
    (lambda: Counted("eq", 2, by_value), 1),
    (lambda: Counted("gte", 2, by_rule), 1),
    (lambda: InOrder(["a", "b"]), 2),
]
OCCURRENCES = st.lists(
    st.tuples(st.integers(0, 60), st.sampled_from("abc"), st.sampled_from(["x", "y", None])), max_size=25
)


@given(OCCURRENCES, st.sampled_from(CONDITIONS), st.randoms(use_true_random=False))
def test_bursts_do_not_depend_on_the_order_of_arrival(
    rows: list[tuple[int, str, str | None]], condition: tuple[Callable[[], Condition], int], chance: random.Random
) -> None:
    make, rounds = condition
    there = [occurrence(second, line, rule, value) for line, (second, rule, value) in enumerate(rows)]
    shuffled = list(there)
    chance.shuffle(shuffled)
    assert bursts.find(there, make(), SPAN, rounds=rounds) == bursts.find(shuffled, make(), SPAN, rounds=rounds)


@given(st.lists(st.integers(0, 80), max_size=30), st.integers(1, 5))
def test_what_a_burst_holds_is_what_some_window_of_the_definition_holds(seconds: list[int], limit: int) -> None:
    there = many(*sorted(seconds))
    expected: set[int] = set()
    for end in there:
        window = [each for each in there if timedelta() <= end.time - each.time <= SPAN]
        if len(window) >= limit:
            expected |= {each.reference.line for each in window}
    found = bursts.find(there, Counted("gte", limit), SPAN)
    assert {line for burst in lines(found) for line in burst} == expected
