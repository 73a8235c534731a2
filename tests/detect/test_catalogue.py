from __future__ import annotations

from pathlib import Path

import pytest

from detect import catalogue, ruleset
from detect.rule import RuleSet
from detect.sigma import RuleError
from tests.detect.making import rule_text

RULES = ruleset.load([ruleset.SHIPPED])


def test_every_rule_is_listed_and_those_that_cannot_be_run_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(rule_text("s: {a: 1}\ncondition: s", extra="level: high\n") + "---\ntitle: Half\n")
    good, bad = catalogue.entries(ruleset.load([tmp_path]))
    assert (good.kind, good.level, good.source, good.reason) == ("event", "high", "test/*/*", "")
    assert (bad.kind, bad.title) == ("unusable", "Half")
    assert bad.reason


def test_a_rule_is_found_by_name_id_or_the_beginning_of_its_id() -> None:
    named = catalogue.one(RULES, "password_guessed")
    assert catalogue.one(RULES, named.id) == named == catalogue.one(RULES, named.id[:12])
    assert named.kind == "temporal_ordered"
    shown = catalogue.to_json(named)
    assert shown["runbook"] == "identity"
    assert shown["problem"] is None
    assert any(line.startswith("respond ") for line in catalogue.to_lines(named))


@pytest.mark.parametrize("identity", ["nothing-like-this", ""])
def test_a_rule_that_is_not_there_is_told(identity: str) -> None:
    with pytest.raises(RuleError, match="no rule"):
        catalogue.one(RULES, identity)


def test_an_empty_set_has_no_entries() -> None:
    assert catalogue.entries(RuleSet()) == []
