from __future__ import annotations

from pathlib import Path

import pytest

from detect import sigma
from detect.rule import (
    And,
    Compare,
    FieldRef,
    LogSource,
    Match,
    Not,
    Null,
    Number,
    Or,
    Regex,
    Rule,
    Text,
    Unusable,
    Wild,
)
from tests.detect.making import correlation, rule, rule_text

HERE = Path("rules/one.yml")


def only(text: str) -> object:
    (found,) = sigma.read_text(text, HERE)
    return found


def test_a_rule_becomes_values_of_our_own() -> None:
    found = rule(
        """
        selection:
          Image|endswith: '\\cmd.exe'
          User: null
        filter:
          Count|gt: 5
        condition: selection and not filter
        """,
        extra="level: high\ntags: [attack.t1110]\nlogsource: {product: Windows, category: process_creation}\n",
    )
    assert found.condition == And(
        (
            And((Match("Image", Text((Wild.MANY, "\\cmd.exe"))), Match("User", Null()))),
            Not(Match("Count", Compare("gt", 5))),
        )
    )
    assert (found.header.level, found.header.tags) == ("high", ("attack.t1110",))
    assert found.logsource == LogSource("process_creation", "windows", None)


def test_several_conditions_are_alternatives() -> None:
    found = rule("one: {a: 1}\ntwo: {b: x}\ncondition: [one, two]")
    assert found.condition == Or((Match("a", Number(1)), Match("b", Text(("x",)))))


def test_flags_of_a_regular_expression_are_kept() -> None:
    assert rule("s: {a|re|i|m|s: 'x.y'}\ncondition: s").condition == Match("a", Regex("x.y", "ims"))


def test_a_field_reference_keeps_how_it_is_compared() -> None:
    assert rule("s: {a|fieldref|startswith: b}\ncondition: s").condition == Match("a", FieldRef("b", starts=True))


def test_base64_is_matched_in_its_own_case_and_plain_text_is_not() -> None:
    found = rule("s: {a|base64offset|contains: iex}\ncondition: s").condition
    assert isinstance(found, Or)
    assert all(isinstance(part, Match) and isinstance(part.value, Text) and part.value.cased for part in found.parts)
    assert rule("s: {a|contains: iex}\ncondition: s").condition == Match("a", Text((Wild.MANY, "iex", Wild.MANY)))


def test_the_hash_follows_the_text() -> None:
    first, same, other = (rule(f"s: {{a: {value}}}\ncondition: s") for value in ("x", "x", "y"))
    assert first.header.hash == same.header.hash != other.header.hash


def test_every_document_of_a_file_is_a_rule_with_its_own_line() -> None:
    text = rule_text("s: {a: 1}\ncondition: s") + "---\n" + rule_text("s: {a: 2}\ncondition: s", title="Second")
    first, second = sigma.read_text(text, HERE)
    assert isinstance(first, Rule)
    assert isinstance(second, Rule)
    assert (first.header.line, second.header.line) == (1, text[: text.index("---")].count("\n") + 2)
    assert second.header.title == "Second"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("title: [", "not valid YAML"),
        ("just words", "must be a mapping"),
        ("title: x\ntitle: y\n", "Duplicate key"),
        ("title: No source\ndetection: {s: {a: 1}, condition: s}\n", "log source"),
        (rule_text("s: {a: 1}\ncondition: other"), "other"),
        (rule_text("s: {a|nonsense: 1}\ncondition: s"), "nonsense"),
        (rule_text("s: {a|re: '('}\ncondition: s"), "invalid"),
        (rule_text("s: {a|cidr: '10.0.0.0/99'}\ncondition: s"), "CIDR"),
        (rule_text("s: {a|expand: '%admins%'}\ncondition: s"), "placeholder %admins%"),
        (rule_text("s: {a: 1}\ncondition: s | count() > 5"), "pipe syntax"),
        ("action: global\ntitle: x\n", "action"),
        ("title: f\nfilter: {rules: []}\n", "filters are not run yet"),
    ],
)
def test_a_rule_that_cannot_be_run_says_why_and_where(text: str, reason: str) -> None:
    found = only(text)
    assert isinstance(found, Unusable)
    assert reason in found.reason
    assert str(found).startswith("rules/one.yml:")


def test_a_bomb_of_aliases_is_refused() -> None:
    layers = "\n".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12))
    found = only(f"title: bomb\na0: &a0 [x]\n{layers}\n" + rule_text("s: {a: 1}\ncondition: s").split("\n", 1)[1])
    assert isinstance(found, Unusable)
    assert "aliases" in found.reason


def test_deep_yaml_is_refused_and_does_not_crash() -> None:
    assert isinstance(only("title: deep\nx: " + "[" * 5000 + "]" * 5000), Unusable)


CORRELATION = """
    title: Many
    id: 22222222-2222-4222-8222-222222222222
    correlation:
      type: {kind}
      rules: [first, second]
      group-by: [user.name]
      timespan: 5m
      aliases:
        user.name:
          second: account
      {condition}
"""


def test_a_correlation_becomes_values_of_our_own() -> None:
    found = correlation(CORRELATION.format(kind="value_count", condition="condition: {field: source.ip, gt: 3}"))
    assert (found.kind, found.rules, found.group_by, found.span) == (
        "value_count",
        ("first", "second"),
        ("user.name",),
        300.0,
    )
    assert (found.op, found.count, found.counted) == ("gt", 3, ("source.ip",))
    assert found.aliases == {"user.name": {"second": "account"}}


def test_a_temporal_correlation_asks_for_every_rule() -> None:
    found = correlation(CORRELATION.format(kind="temporal", condition=""))
    assert (found.op, found.count) == ("gte", 2)


@pytest.mark.parametrize(
    ("kind", "condition", "reason"),
    [
        ("event_count", "condition: {lt: 3}", "absence"),
        ("value_avg", "condition: {field: x, gt: 3}", "value_avg"),
        ("temporal", "condition: first and not second", "boolean"),
        ("event_count", "condition: {gt: many}", "many"),
        ("sometimes", "condition: {gt: 3}", "sometimes"),
    ],
)
def test_a_correlation_that_cannot_be_run_says_why(kind: str, condition: str, reason: str) -> None:
    text = "\n".join(line[4:] for line in CORRELATION.format(kind=kind, condition=condition).splitlines())
    found = only(text)
    assert isinstance(found, Unusable)
    assert reason in found.reason
