from __future__ import annotations

import os
from pathlib import Path

import pytest

from detect import ruleset
from detect.sigma import RuleError
from tests.detect.making import rule_text

ONE = rule_text("s: {a: 1}\ncondition: s")


def correlation(rules: str, number: int = 9, name: str = "") -> str:
    return (
        f"title: Many {number}\nid: 00000000-0000-4000-8000-{number:012d}\n"
        + (f"name: {name}\n" if name else "")
        + "correlation:\n"
        f"  type: event_count\n  rules: {rules}\n  timespan: 1m\n  condition: {{gte: 3}}\n"
    )


def test_directories_are_read_to_their_depth_and_each_file_once(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "one.yml").write_text(ONE)
    (tmp_path / "deep" / "notes.txt").write_text("not a rule")
    assert len(ruleset.load([tmp_path, tmp_path / "deep" / "one.yml"]).rules) == 1


def test_two_rules_with_one_id_are_refused_and_both_are_named(tmp_path: Path) -> None:
    for name in ("a.yml", "b.yml"):
        (tmp_path / name).write_text(ONE)
    with pytest.raises(RuleError, match=r"b\.yml:1.*already that of.*a\.yml:1"):
        ruleset.load([tmp_path])


def test_rules_that_are_not_there_are_told(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match="no rules at"):
        ruleset.load([tmp_path / "gone"])


@pytest.mark.timeout(20)
def test_a_pipe_among_rules_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "f.yml")
    with pytest.raises(RuleError, match=r"f\.yml cannot be read: it is no regular file but a named pipe") as caught:
        ruleset.load([tmp_path])
    assert caught.value.hint == "put a regular file in its place"


def test_a_file_that_is_no_text_is_listed(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_bytes(b"\xff\xfe\x00")
    (unusable,) = ruleset.load([tmp_path]).unusable
    assert unusable.reason == "not UTF-8 text"


def test_correlations_find_their_rules_by_name_or_id_in_any_file(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(correlation("[second]", 1))
    (tmp_path / "b.yml").write_text(correlation("[11111111-1111-4111-8111-111111111111]", 2, "second"))
    (tmp_path / "c.yml").write_text(ONE)
    found = ruleset.load([tmp_path]).correlations
    assert [each.header.title for each in found] == ["Many 2", "Many 1"]
    assert found[1].rules == (found[0].header.id,)


@pytest.mark.parametrize("reference", ["gone", "itself"])
def test_a_correlation_on_what_is_not_there_is_listed(tmp_path: Path, reference: str) -> None:
    (tmp_path / "a.yml").write_text(correlation(reference, 1, "itself"))
    rules = ruleset.load([tmp_path])
    assert rules.correlations == ()
    assert f"builds on {reference}" in rules.unusable[0].reason


def test_a_rule_no_engine_can_run_is_listed_with_what_builds_on_it(tmp_path: Path) -> None:
    impossible = rule_text(f"s: {{a|re: '{'x' * 5000}'}}\ncondition: s")
    (tmp_path / "a.yml").write_text(impossible + "---\n" + correlation("11111111-1111-4111-8111-111111111111"))
    tests, rules = ruleset.ready(ruleset.load([tmp_path]))
    assert tests == []
    assert rules.headers() == []
    assert ["longer than" in rules.unusable[0].reason, "builds on" in rules.unusable[1].reason] == [True, True]
    with pytest.raises(RuleError, match="2 rules cannot be run"):
        ruleset.strictly(rules)


def test_the_rules_of_a_site_stand_beside_those_shipped(tmp_path: Path) -> None:
    assert ruleset.standing(tmp_path) == [ruleset.SHIPPED]
    (tmp_path / "rules").mkdir()
    assert ruleset.standing(tmp_path) == [ruleset.SHIPPED, tmp_path / "rules"]
