from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from detect.engine import LATE, Engine, Finding, Place
from detect.event import Event, Origin, Reference
from detect.rule import RuleSet
from detect.ruleset import load
from tests.detect.making import NOW, at

RULES = """
title: Wrong password
id: 00000000-0000-4000-8000-000000000001
name: wrong
logsource: {product: test}
detection: {s: {outcome: failure}, condition: s}
---
title: Right password
id: 00000000-0000-4000-8000-000000000002
name: right
logsource: {product: test}
detection: {s: {outcome: success}, condition: s}
---
title: Guessing
id: 00000000-0000-4000-8000-000000000003
name: guessing
level: high
correlation: {type: event_count, rules: wrong, group-by: user, timespan: 1m, condition: {gte: 3}}
---
title: Guessed
id: 00000000-0000-4000-8000-000000000004
level: critical
correlation: {type: temporal_ordered, rules: [guessing, right], group-by: user, timespan: 5m}
---
title: Alone
id: 00000000-0000-4000-8000-000000000005
logsource: {product: test}
detection: {s: {note: odd}, condition: s}
holdfast: {group-by: [user]}
"""


@pytest.fixture
def rules(tmp_path: Path) -> RuleSet:
    (tmp_path / "rules.yml").write_text(RULES)
    return load([tmp_path])


def login(user: str | None, outcome: str, seconds: float, line: int) -> Event:
    fields = {"outcome": outcome} | ({"user": user} if user else {})
    return Event(fields, time=at(seconds), reference=Reference("log", line))


def found(engine: Engine, events: list[Event], scope: str = "") -> list[Finding]:
    for event in events:
        assert list(engine.feed(event, Place(scope, "log", "log", event.reference.line))) == []
    return engine.findings()


def test_a_correlation_on_a_correlation_fires_and_what_they_build_on_is_silent(rules: RuleSet) -> None:
    events = [login("minh", "failure", n, n) for n in range(5)] + [login("minh", "success", 9, 9)]
    (finding,) = found(Engine(rules), events)
    assert finding.header.title == "Guessed"
    assert finding.group == (("user", "minh"),)


def test_the_order_of_arrival_does_not_matter(rules: RuleSet) -> None:
    events = [login("minh", "failure", n, n) for n in range(5)] + [login("minh", "success", 9, 9)]
    assert found(Engine(rules), events) == found(Engine(rules), events[::-1])


def test_groups_do_not_mix_and_case_does_not_divide_them(rules: RuleSet) -> None:
    apart = [login(user, "failure", n, n) for n, user in enumerate(["a", "a", "b", "b"])]
    assert found(Engine(rules), [*apart, login("a", "success", 9, 9)]) == []
    same = [login(user, "failure", n, n) for n, user in enumerate(["Minh", "MINH", "minh"])]
    assert len(found(Engine(rules), [*same, login("minH", "success", 9, 9)])) == 1


def test_events_without_the_grouping_field_are_a_group_of_their_own(rules: RuleSet) -> None:
    nameless = [login(None, "failure", n, n) for n in range(3)]
    assert found(Engine(rules), [*nameless, login("minh", "success", 9, 9)]) == []
    assert len(found(Engine(rules), [*nameless, login(None, "success", 9, 9)])) == 1


def test_scopes_do_not_mix(rules: RuleSet) -> None:
    engine = Engine(rules)
    for n in range(3):
        list(engine.feed(login("minh", "failure", n, n), Place("sso")))
    assert found(engine, [login("minh", "success", 9, 9)], "edoc") == []


def test_an_event_without_a_time_hits_by_itself_but_cannot_be_correlated(rules: RuleSet) -> None:
    engine = Engine(rules)
    (hit,) = engine.feed(Event({"note": "odd"}))
    assert hit.header.title == "Alone"
    for _ in range(9):
        assert not list(engine.feed(Event({"outcome": "failure"})))
    assert engine.untimed == 9
    assert engine.findings() == []


def test_hits_of_one_rule_close_together_are_one_finding_per_group(rules: RuleSet) -> None:
    engine = Engine(rules, keep=True)
    for line, (user, seconds) in enumerate([("a", 0), ("a", 60), ("b", 61), ("a", 2000)]):
        list(engine.feed(Event({"note": "odd", "user": user}, time=at(seconds), reference=Reference("f", line))))
    assert [(f.group[-1][1], len(f.burst.references)) for f in engine.findings()] == [("a", 2), ("b", 1), ("a", 1)]


def test_only_rules_about_an_events_log_look_at_it(rules: RuleSet) -> None:
    engine = Engine(rules)
    assert list(engine.feed(Event({"note": "odd"}, origin=Origin("other")))) == []
    assert len(list(engine.feed(Event({"note": "odd"}, origin=Origin("test"))))) == 1


def test_the_hash_of_a_correlation_follows_the_rules_it_builds_on(tmp_path: Path, rules: RuleSet) -> None:
    (tmp_path / "rules.yml").write_text(RULES.replace("outcome: failure", "outcome: failed"))
    changed = Engine(load([tmp_path]))
    last = "00000000-0000-4000-8000-000000000004"
    assert Engine(rules).text_hash(last) != changed.text_hash(last)
    assert Engine(rules).text_hash(last) == Engine(rules).text_hash(last)


def test_what_open_windows_hold_must_be_read_again_and_what_is_over_need_not(rules: RuleSet) -> None:
    engine = Engine(rules)
    long_ago = 60 + LATE.total_seconds() + 1
    found(engine, [login("minh", "failure", 0, 1), login("minh", "failure", long_ago, 2)])
    assert {need.line for need in engine.pending(NOW + timedelta(hours=1))} == {2}


def test_an_event_from_the_future_closes_no_window(rules: RuleSet) -> None:
    engine = Engine(rules)
    found(engine, [login("minh", "failure", 0, 1), login("hoa", "failure", 10**8, 2)])
    assert 1 in {need.line for need in engine.pending(at(5))}


def test_a_burst_that_goes_on_is_read_again_from_its_beginning(rules: RuleSet) -> None:
    engine = Engine(rules, keep=True)
    events = [Event({"note": "odd"}, time=at(600 * n), reference=Reference("f", n)) for n in range(20)]
    for event in events:
        list(engine.feed(event, Place(source="f", offset=event.reference.line)))
    engine.findings()
    assert min(need.line for need in engine.pending(NOW + timedelta(days=1))) == 0
