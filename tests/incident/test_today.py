from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from cli.clock import SystemClock
from incident import acts, today, yardstick
from incident.watch import heartbeat
from incident.watch.heartbeat import LOOK, LOOP, Beat
from inventory.registers import Registers, Sent
from inventory.site import Site
from ledger import alerts
from tests.incident import making
from tests.incident.district import District


def tasks(district: District) -> list[today.Task]:
    return today.tasks(yardstick.of(district.site), district.state, district.ledger, SystemClock().now())


def told_of(district: District, site: Site, now: datetime) -> list[today.Task]:
    return today.tasks(yardstick.of(site), district.state, district.ledger, now)


def test_open_incidents_come_first_then_waiting_alerts_then_rows_worst_first(district: District) -> None:
    made = making.opened(district.ledger, "edoc", title="Documents unreadable")
    alerts.raise_alerts(district.ledger, [making.alert("a1"), making.alert("a2", level="critical", title="Vault gone")])
    first, second, *rest = tasks(district)
    assert first.command == f"holdfast incident ack {made.id}"
    assert "Documents unreadable; acknowledge and first feedback: " in first.what
    assert "2 alerts wait, the worst is critical: Vault gone" in second.what
    order = ["red", "unknown", "amber"]
    assert [task.state for task in rest] == sorted((task.state for task in rest), key=order.index)
    assert all(task.command for task in rest)


def test_a_closed_incident_is_no_task(district: District) -> None:
    made = making.opened(district.ledger, "edoc")
    district.ledger.append("incident.closed", {"incident": made.id, "what": "closed", "reason": "a cable"})
    assert not any(made.id in task.what for task in tasks(district))


def test_a_watch_that_died_is_red_at_once_and_one_that_nobody_looks_after_is_amber(district: District) -> None:
    now, holder = SystemClock().now(), district.ledger.holder
    hours_ago = now - timedelta(hours=3)

    def told(owner: str) -> list[tuple[str, str]]:
        heartbeat.write(district.state, Beat(LOOP, now, now, owner=owner))
        return [(task.state, task.command) for task in tasks(district) if "systemctl" in task.command]

    assert told(holder) == []
    heartbeat.write(district.state, Beat(LOOK, hours_ago, hours_ago))
    assert told(holder) == [("amber", "systemctl status holdfast-watch-look.timer")]
    assert told(holder.replace(f"|{os.getpid()}|", "|999999999|")) == [("red", "systemctl status holdfast-watch")]


def test_a_late_clock_is_said(district: District) -> None:
    made = making.opened(district.ledger, "edoc")
    later = made.detected_at.replace(year=made.detected_at.year + 1)
    found = today.tasks(yardstick.of(district.site), district.state, district.ledger, later)
    assert "2 clocks LATE" in found[0].what
    assert found[0].as_json()["state"] == "red"


def test_a_notice_that_is_owed_keeps_a_closed_incident_among_the_tasks(district: District) -> None:
    chosen = district.site.settings.model_copy(update={"policies": ["vn-2026"]})
    site = replace(district.site, settings=chosen)
    made = making.opened(district.ledger, "edoc")
    now = SystemClock().now()
    assert "3 open questions" in told_of(district, site, now)[0].what
    district.ledger.append("incident.closed", {"incident": made.id, "what": "closed", "reason": "a cable"})
    (owed,) = (task for task in told_of(district, site, now) if made.id in task.what)
    assert (owed.state, "still owed: Report of the incident" in owed.what) == ("amber", True)
    assert owed.command.startswith(f"holdfast incident notify {made.id} incident-report --told")
    later = now + timedelta(days=4)
    (late,) = (task for task in told_of(district, site, later) if made.id in task.what)
    assert (late.state, "LATE by" in late.what) == ("red", True)
    acts.notify(district.ledger, made, "incident_report", told=True, reason="", receipt="registry, 10:02")
    assert not any(made.id in task.what for task in told_of(district, site, later))


def test_what_the_calendar_asks_for_is_told_in_time_and_red_once_it_is_late(district: District) -> None:
    site = replace(district.site, settings=district.site.settings.model_copy(update={"policies": ["vn-2026"]}))

    def told(day: datetime) -> list[tuple[str, str]]:
        found = today.tasks(yardstick.of(site), district.state, district.ledger, day)
        return [(task.state, task.what) for task in found if task.command == "holdfast inventory calendar"]

    assert told(datetime(2026, 11, 1, tzinfo=UTC)) == []
    (first,) = told(datetime(2026, 11, 14, tzinfo=UTC))
    assert (first[0], "Yearly reporting, 14 December (2026-12-14): 30 days left" in first[1]) == ("amber", True)
    assert told(datetime(2026, 12, 16, tzinfo=UTC))[0][0] == "red"
    assert "LATE by 2 days" in told(datetime(2026, 12, 16, tzinfo=UTC))[0][1]
    sent = Sent(item="yearly_december_14", day=date(2026, 12, 14), sent=date(2026, 12, 10), by="lan", receipt="no. 7")
    site = replace(site, registers=Registers(done=(sent,)))
    assert all("14 December" not in what for _, what in told(datetime(2026, 12, 16, tzinfo=UTC)))
