from __future__ import annotations

import json
from pathlib import Path

from detect import ruleset, run, sources
from detect.engine import Engine
from tests.detect.making import NOW, accepted, failed, rule_text

RULES = """
---
title: Three
id: 00000000-0000-4000-8000-000000000003
level: high
correlation:
  type: event_count
  rules: 11111111-1111-4111-8111-111111111111
  timespan: 1m
  condition: {gte: 3}
  generate: true
"""


def over(tmp_path: Path, lines: list[str]) -> tuple[list[run.Shown], sources.Tally]:
    (tmp_path / "rules.yml").write_text(rule_text("s: {a: 1}\ncondition: s", title="One") + RULES)
    (tmp_path / "log").write_text("\n".join(lines) + "\n")
    tally = sources.Tally()
    engine = Engine(ruleset.load([tmp_path / "rules.yml"]))
    return list(run.over_files(engine, [str(tmp_path / "log")], NOW, tally)), tally


def test_single_events_are_shown_one_by_one_and_correlations_where_they_were_met(tmp_path: Path) -> None:
    lines = [json.dumps({"@timestamp": f"2026-11-23T03:00:0{n}Z", "a": 1, "_id": f"id{n}"}) for n in range(5)]
    shown, tally = over(tmp_path, lines)
    assert [(hit.header.title, hit.reference.line, hit.count) for hit in shown] == [
        *(("One", n, 1) for n in range(1, 6)),
        ("Three", 3, 5),
    ]
    assert tally.events == 5
    assert shown[0].to_json() == {
        "rule": "11111111-1111-4111-8111-111111111111",
        "title": "One",
        "level": "medium",
        "time": "2026-11-23T03:00:00.000000Z",
        "event": {"file": str(tmp_path / "log"), "line": 1, "id": "id0"},
    }
    assert shown[-1].to_line().startswith("2026-11-23 03:00:02Z  high           Three (5 events)")


def test_an_event_without_a_time_is_shown_without_one(tmp_path: Path) -> None:
    (hit,), _ = over(tmp_path, ['{"a": 1}'])
    assert hit.to_json()["time"] is None
    assert hit.to_line().startswith("-  ")


def test_files_given_together_are_one_stream_for_correlations(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("".join(failed("minh", n) for n in range(30)))
    (tmp_path / "b.log").write_text(accepted("minh", 31))
    engine = Engine(ruleset.load([ruleset.SHIPPED]))
    files = [str(tmp_path / name) for name in ("b.log", "a.log")]
    titles = {hit.header.title for hit in run.over_files(engine, files, NOW, sources.Tally())}
    assert titles == {"Many wrong passwords for one account", "A password was guessed"}
