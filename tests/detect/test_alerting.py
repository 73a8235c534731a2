from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from detect import alerting
from detect.bursts import Burst, Occurrence
from detect.engine import Finding
from detect.event import Reference
from tests.detect.making import at, rule

HEADER = replace(rule("s: {a: 1}\ncondition: s", extra="level: high\n").header, file=Path("r.yml"))


def finding(count: int, **changes: object) -> Finding:
    occurrences = tuple(Occurrence(at(n), "r", Reference("auth.log", n + 1)) for n in range(count))
    made = Finding(HEADER, "hash", "sso", (("user.name", "minh"),), Burst(occurrences, 0))
    return replace(made, **changes)  # type: ignore[arg-type]


def test_an_alert_counts_every_event_and_lists_the_first_twenty() -> None:
    alert = alerting.alert(finding(300))
    assert (alert.count, len(alert.events), alert.system, alert.level) == (300, 20, "sso", "high")
    assert (alert.first_at, alert.last_at) == (at(0), at(299))
    assert alert.summary == "300 events within 4m59s (user.name minh)"


def test_one_event_is_called_one() -> None:
    assert alerting.alert(finding(1, group=())).summary == "one event"


def test_a_growing_burst_keeps_its_id() -> None:
    assert alerting.alert(finding(5)).id == alerting.alert(finding(300)).id


def test_another_rule_text_group_system_or_beginning_is_another_alert() -> None:
    later = Burst((Occurrence(at(7), "r", Reference("auth.log", 8)),), 0)
    others = [
        finding(5),
        finding(5, text_hash="other"),
        finding(5, group=(("user.name", "hoa"),)),
        finding(5, group=(("user.name", None),)),
        finding(5, scope="edoc"),
        finding(5, burst=later),
    ]
    assert len({alerting.alert(each).id for each in others}) == len(others)
