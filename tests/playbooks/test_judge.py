"""Facts in, verdicts out."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playbooks import controls
from playbooks import judge as judging
from playbooks.controls import Control
from playbooks.judge import Verdict, Word, expectation, judge

SHIPPED = list(controls.shipped().values())
MARKS = st.sampled_from([{"unknown": "unreadable: x"}, {"absent": "x is not there"}, {"not_applicable": "x"}])
LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["no", "0640", "99999"])
VALUES = st.recursive(
    LEAVES | MARKS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
)


def facts_with(path: list[str], value: Any) -> dict[str, Any]:
    """Build facts that hold one value."""
    for step in reversed(path):
        value = {step: value}
    return value


def control(**check: Any) -> Control:
    fields = {"id": "HF-TRY-001", "title": "t", "why": "w", "severity": "low", "mend": {"by_hand": "x"}}
    return Control.model_validate({**fields, "check": {"fact": ["a", "b"], **check}})


def verdict(found: Any, **check: Any) -> str:
    return judge(facts_with(["a", "b"], found), [control(**check)], 3)[0].verdict


@pytest.mark.parametrize(
    ("op", "value", "good", "bad", "odd"),
    [
        ("equals", "no", "no", "yes", 0),
        ("equals", True, True, False, 1),
        ("equals", 0, 0, 1, "0"),
        ("one_of", ["no", "never"], "never", "yes", ["no"]),
        ("between", [1, 60], 60, 0, "30"),
        ("at_most", 4, 4, 5, "4"),
        ("at_least", 1, 1, 0, True),
        ("subset_of", ["a", "b"], ["a"], ["a", "c"], "a"),
        ("includes", ["a", "b"], ["a", "b", "c"], ["a"], None),
        ("any_of", ["a", "b"], ["b", "c"], ["c"], 3),
        ("absent", None, [], ["x"], ""),
        ("absent", [21, 23], [22], [22, 23], 23),
        ("mode_at_most", "0640", "0600", "0644", "rw-"),
        ("mode_at_most", "0700", "0700", "4700", 448),
        ("matches", "v[0-9]+", "v2", "v2 or so", 2),
    ],
)
def test_every_operator_passes_fails_and_says_unknown_for_another_kind(
    op: str, value: Any, good: Any, bad: Any, odd: Any
) -> None:
    assert verdict(good, op=op, value=value) == "pass"
    assert verdict(bad, op=op, value=value) == "fail"
    assert verdict(odd, op=op, value=value) == "unknown"


def test_what_could_not_be_read_is_unknown_with_the_reason() -> None:
    facts = {"a": {"unknown": "unreadable: /etc/shadow: permission denied"}}
    (found,) = judge(facts, [control(op="equals", value="no")], 3)
    assert (found.verdict, found.found) == ("unknown", "unreadable: /etc/shadow: permission denied")


@pytest.mark.parametrize("word", ["pass", "fail", "not_applicable"])
def test_what_is_not_there_gets_the_verdict_its_control_names(word: str) -> None:
    assert verdict({"absent": "it is not there"}, op="at_most", value=4, if_absent=word) == word


def test_a_control_of_another_level_does_not_apply() -> None:
    rule = control(op="equals", value="no").model_copy(update={"levels": [4, 5]})
    (found,) = judge(facts_with(["a", "b"], "yes"), [rule], 3)
    assert found.verdict == "not_applicable"


def test_only_the_unwanted_items_of_a_list_are_shown() -> None:
    rule = control(op="subset_of", value=["good"])
    (found,) = judge(facts_with(["a", "b"], ["good", "bad"]), [rule], 3)
    assert (found.found, found.expected) == ("bad", "only good")


def test_every_shipped_control_says_what_it_expects() -> None:
    assert all(expectation(rule.check) for rule in SHIPPED)


@given(facts=VALUES, level=st.integers(1, 5))
def test_whatever_a_host_answers_every_control_gets_one_verdict(facts: Any, level: int) -> None:
    found = judge(facts, SHIPPED, level)
    assert [verdict.control for verdict in found] == [rule.id for rule in SHIPPED]
    assert found == judge(facts, SHIPPED, level)
    assert "pass" not in {verdict.verdict for verdict in found}, "no path of a control can be in such facts"


@given(rule=st.sampled_from(SHIPPED), value=VALUES)
def test_any_value_in_place_gets_a_verdict_and_a_mark_never_passes(rule: Control, value: Any) -> None:
    (found,) = judge(facts_with(rule.check.fact, value), [rule], rule.levels[0])
    if (isinstance(value, dict) and value.keys() & {"unknown", "absent", "not_applicable"}) or value is None:
        assert found.verdict != "pass"


@given(rule=st.sampled_from(SHIPPED), data=st.data())
def test_a_missing_fact_is_unknown_and_never_passes(rule: Control, data: st.DataObject) -> None:
    kept = data.draw(st.integers(0, len(rule.check.fact) - 1))
    facts = facts_with(rule.check.fact[:kept], {})
    (found,) = judge(facts, [rule], rule.levels[0])
    assert found.verdict == "unknown"


WORDS: tuple[Word, ...] = ("pass", "fail", "not_applicable", "unknown")


@given(st.lists(st.sampled_from(WORDS), max_size=8), st.sets(st.integers(0, 8)))
def test_only_what_fails_is_waived_and_the_raw_verdict_stays(words: list[Word], waived: set[int]) -> None:
    found = [Verdict(f"HF-TRY-{n:03d}", word, "high", "x", "y") for n, word in enumerate(words)]
    judged = judging.waive(found, {f"HF-TRY-{n:03d}": "waived until X" for n in waived})
    assert [each.raw for each in judged] == words
    for n, (word, each) in enumerate(zip(words, judged, strict=True)):
        accepted = word == "fail" and n in waived
        assert each.verdict == ("waived" if accepted else word)
        assert each.waiver == ("waived until X" if accepted else "")
