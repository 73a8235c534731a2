from __future__ import annotations

from pathlib import Path

import pytest

from detect.rule import RuleSet, Unusable
from detect.ruleset import load

BASES = """
title: One
id: 00000000-0000-4000-8000-000000000001
name: one
logsource: {product: test}
detection: {s: {a: 1}, condition: s}
---
title: Many
id: 00000000-0000-4000-8000-000000000002
correlation: {type: event_count, rules: one, timespan: 1m, condition: {gte: 3}, generate: GENERATE}
"""


@pytest.mark.parametrize(("generate", "silent"), [("false", True), ("true", False)])
def test_what_a_correlation_builds_on_is_silent_unless_it_says_otherwise(
    tmp_path: Path, generate: str, silent: bool
) -> None:
    (tmp_path / "r.yml").write_text(BASES.replace("GENERATE", generate))
    rules = load([tmp_path])
    assert ("00000000-0000-4000-8000-000000000001" in rules.silent) is silent
    assert [header.title for header in rules.headers()] == ["One", "Many"]


def test_a_rule_that_cannot_be_run_is_named_by_place_title_and_reason() -> None:
    assert str(Unusable(Path("a.yml"), 3, "id", "Title", "why")) == "a.yml:3: Title: why"
    assert str(Unusable(Path("a.yml"), 1, "", "", "why")) == "a.yml:1: a rule: why"
    assert RuleSet().headers() == []
