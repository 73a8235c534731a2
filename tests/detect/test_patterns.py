from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detect import patterns
from detect.rule import Text, Wild

PARTS = st.lists(
    st.one_of(st.sampled_from(list(Wild)), st.text("abßK\u212a\u03c3\u03c2*?\\\n", max_size=3)), max_size=6
)
VALUES = st.text("abABßkK\u212a\u03c3\u03c2\u03a3*?\\\n", max_size=12)


def naively(parts: list[str | Wild], value: str) -> bool:
    """Match wildcards the way their definition says, trying everything."""
    if not parts:
        return value == ""
    first, rest = parts[0], parts[1:]
    if first is Wild.MANY:
        return any(naively(rest, value[start:]) for start in range(len(value) + 1))
    if first is Wild.ONE:
        return value != "" and naively(rest, value[1:])
    return value.startswith(first) and naively(rest, value[len(first) :])


@given(PARTS, VALUES)
def test_wildcards_match_what_their_definition_says(parts: list[str | Wild], value: str) -> None:
    assert patterns.wildcard(Text(tuple(parts), cased=True))(value) == naively(parts, value)


@given(PARTS, VALUES)
def test_without_case_both_sides_are_folded_alike(parts: list[str | Wild], value: str) -> None:
    folded = [part if isinstance(part, Wild) else patterns.fold(part) for part in parts]
    expected = naively(folded, patterns.fold(value))
    assert patterns.wildcard(Text(tuple(parts)))(patterns.fold(value)) == expected


@given(st.text())
def test_folding_keeps_the_length_and_is_final(text: str) -> None:
    folded = patterns.fold(text)
    assert len(folded) == len(text)
    assert patterns.fold(folded) == folded


def test_many_wildcards_over_a_long_value_take_no_time() -> None:
    test = patterns.wildcard(Text((Wild.MANY, *("a", Wild.MANY) * 30, "b")))
    started = time.perf_counter()
    assert not test("a" * 20_000)
    assert time.perf_counter() - started < 2


def test_an_expression_that_would_explode_takes_no_time() -> None:
    started = time.perf_counter()
    assert not patterns.expression("^(a+)+$", "")("a" * 50_000 + "b")
    assert time.perf_counter() - started < 2


def test_an_expression_beyond_re2_sees_only_the_beginning_of_a_value() -> None:
    test = patterns.expression("x(?=y)", "")
    assert test("xy")
    assert not test(" " * patterns.FALLBACK_LIMIT + "xy")


@pytest.mark.parametrize("pattern", ["(", "x" * 5000, "(?P<n>a)(?P>n)"])
def test_an_expression_that_cannot_be_run_is_refused(pattern: str) -> None:
    with pytest.raises(patterns.PatternError):
        patterns.expression(pattern, "")
