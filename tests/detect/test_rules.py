"""The rules that are shipped: all can be run, all are tested, all are complete, and a quiet day stays quiet."""

from __future__ import annotations

import json
import random
from uuid import UUID

import pytest

from detect import ruleset, selftest
from detect.engine import Engine
from detect.rule import AnyRule, Correlation
from detect.run import fires
from tests.detect.making import NOW, accepted, failed, read

RULES = ruleset.load([ruleset.SHIPPED])
RESULTS = {result.id: result for result in selftest.run(RULES, NOW)}


def every(rules: list[AnyRule]) -> list[object]:
    return [pytest.param(rule, id=rule.header.file.stem) for rule in rules]


def test_every_shipped_rule_can_be_run() -> None:
    ruleset.strictly(ruleset.ready(RULES)[1])
    assert len(RULES.headers()) >= 20


@pytest.mark.parametrize("rule", every(RULES.usable()))
def test_a_shipped_rule_fires_on_its_examples_and_on_nothing_else(rule: AnyRule) -> None:
    result = RESULTS[rule.header.id]
    assert (result.verdict, result.problem) == (selftest.PASS, "")
    assert result.examples >= 2


@pytest.mark.parametrize("rule", every(RULES.usable()))
def test_a_shipped_rule_says_what_it_means(rule: AnyRule) -> None:
    header = rule.header
    assert UUID(header.id).version == 4
    assert header.description
    assert header.false_positives
    assert any(tag.startswith("attack.t") for tag in header.tags)
    assert header.level in {"informational", "low", "medium", "high", "critical"}
    assert header.name == header.file.stem
    if header.id not in RULES.silent:
        assert header.custom["respond"]
        assert header.custom["runbook"]


def test_only_rules_that_others_count_are_informational() -> None:
    for rule in RULES.usable():
        assert (rule.header.id in RULES.silent) == (rule.header.level == "informational"), rule.header.title


def test_correlations_keep_people_or_hosts_apart() -> None:
    for rule in RULES.usable():
        if isinstance(rule, Correlation):
            assert rule.group_by, rule.header.title


def test_a_quiet_day_raises_nothing() -> None:
    """Ordinary work at three services for ten minutes: people mistype, read, write, send; services start and stop."""
    chance = random.Random(7)
    lines = []
    for second in range(600):
        login = f"user{chance.randrange(8)}"
        if chance.random() < 0.3:
            if chance.random() < 0.15:
                lines.append(failed(login, second))
            lines.append(accepted(login, second))
        action, path = chance.choice(["read", "write"]), f"{chance.randrange(400)}.doc"
        entry = {
            "@timestamp": f"2026-11-23T03:{second // 60:02d}:{second % 60:02d}Z",
            "service": {"name": "documents"},
            "event": {"action": f"document-{action}", "outcome": "success", "category": ["file"]},
            "user": {"name": login},
            "file": {"path": path},
            "source": {"ip": "127.0.0.1"},
            "message": f"{action} {path}",
        }
        lines.append(json.dumps(entry))
    for text in ("documents.service: Deactivated successfully.", "Started documents.service - Documents."):
        lines.append(
            '{"__REALTIME_TIMESTAMP": "1795403400000000", "_HOSTNAME": "documents-1", "UNIT": "documents.service", '
            f'"SYSLOG_IDENTIFIER": "systemd", "MESSAGE": "{text}"}}'
        )
    assert fires(Engine(RULES), [read(line) for line in lines]) == set()
