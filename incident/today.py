"""Today's work: whatever is not green, worst first, each with the command that goes on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from incident import clocks, gather, view
from incident.facts import WORST_FIRST, State
from incident.incident import Incident, all_incidents
from incident.watch import heartbeat
from incident.yardstick import Yardstick
from inventory import calendar, days, duration
from ledger import alerts
from ledger.ledger import Ledger


@dataclass(frozen=True)
class Task:
    """One thing to do: how bad, whose, what, and the command."""

    state: State
    system: str
    what: str
    command: str

    def as_json(self) -> dict[str, Any]:
        """Return the documented JSON shape."""
        return {"state": self.state, "system": self.system, "what": self.what, "command": self.command}


def tasks(yardstick: Yardstick, state: Path, ledger: Ledger, now: datetime) -> list[Task]:
    """Return what needs doing: open incidents first, then waiting alerts, then rows that are not green, worst first.

    Rows of systems in an open incident wait until it is over: there is one next command, and it is the incident's.
    """
    incidents = all_incidents(ledger)
    found = _incidents(yardstick, incidents, ledger, now)
    if waiting := alerts.waiting(ledger):
        systems = ", ".join(sorted({system or "-" for system in waiting.systems}))
        what = f"{waiting.count} alerts wait, the worst is {waiting.worst.level}: {waiting.worst.title}"
        add = "holdfast incident affect --from-alerts" if found else "holdfast incident open --from-alerts --title TEXT"
        found.append(Task("red", systems, what, add))
    found += _watch(state, now)
    busy = {key for incident in incidents if incident.open for key in incident.systems}
    rows = [
        Task(row.state, each.key, f"{row.id}: {row.value}", row.next)
        for each in gather.province(yardstick, ledger, now).systems
        for row in each.rows
        if row.state != "green" and each.key not in busy
    ]
    rows += _days(yardstick, now)
    return found + sorted(rows, key=lambda task: WORST_FIRST.index(task.state))


def _watch(state: Path, now: datetime) -> list[Task]:
    """Return that the watch is silent, or which of its parts is ailing."""
    if silence := heartbeat.silence(state, now):
        return [Task("red", "-", silence, "systemctl status holdfast-watch")]
    if not heartbeat.ever(state):
        gone = "nothing is copied, detected or told by itself: there is no watch"
        return [Task("amber", "-", gone, "sudo holdfast watch install")] if heartbeat.taken_away(state) else []
    found = [
        Task("red", "-", f"watch: {name}: {why}", "holdfast watch show")
        for name, why in heartbeat.ailing(state, now).items()
    ]
    if unlooked := heartbeat.unlooked(state, now):
        found.append(Task("amber", "-", unlooked, "systemctl status holdfast-watch-look.timer"))
    return found


def _days(yardstick: Yardstick, now: datetime) -> list[Task]:
    """Return what the policies' calendar asks for soon, or asked for and nobody recorded."""
    today = days.local(now, yardstick.site.timezone)
    found = []
    for each in calendar.due(yardstick.rules.calendar, set(yardstick.site.sent), today):
        if each.state in {"soon", "late"}:
            when = f"{each.left.days} days left" if each.state == "soon" else f"LATE by {-each.left.days} days"
            words = f"{each.rule.title} ({each.day}): {when}; recorded in registers/calendar.yml once it is done"
            state: State = "red" if each.state == "late" else "amber"
            found.append(Task(state, "-", words, "holdfast inventory calendar"))
    return found


def _incidents(yardstick: Yardstick, incidents: Sequence[Incident], ledger: Ledger, now: datetime) -> list[Task]:
    """Return open incidents, and closed ones of which a notice or report is still owed."""
    found = []
    site, rules = yardstick.site, yardstick.rules.clocks
    for incident in incidents:
        if not incident.open:
            owed = clocks.owed(clocks.clocks(incident, rules, site.systems, now))
            if owed:
                following = view.following(ledger, site, incident, now, rules)
                words = f"{incident.id} {incident.title} (closed): {following.why}"
                found.append(Task("red" if owed[0].late else "amber", "-", words, following.command))
            continue
        seen = view.view(ledger, site, incident.id, now, rules)
        running = [clock for clock in seen.clocks if clock.state == "running"]
        late = [clock for clock in seen.clocks if clock.state == "late"]
        first = min(running, key=lambda clock: clock.left, default=None)
        left = f"; {first.title.lower()}: {duration.show(first.left)} left" if first else ""
        words = f"{incident.id} {incident.title}{left}" + (f"; {len(late)} clocks LATE" if late else "")
        words += f"; {len(seen.questions)} open questions" if seen.questions else ""
        found.append(Task("red", ", ".join(incident.systems), words, seen.next.command))
    return found
