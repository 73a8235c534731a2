"""Alerts: warnings raised by rules over logs, or by a copy that looks wrong."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from inventory import clock
from inventory.errors import UsageError
from ledger.errors import AlreadyThereError
from ledger.ledger import Entry, Ledger

_IDS_AT_ONCE = 5000
_ATTEMPTS = 5
OPEN, ACKNOWLEDGED, CLOSED = "open", "acknowledged", "closed"
RAISED, CHANGED = "alerts.raised", "alerts.changed"


@dataclass(frozen=True)
class Alert:
    """One warning.

    `id` is stable: the same rule text over the same events gives the same id, so a second run raises nothing new.
    `first_at`/`last_at` are event times, `raised_at` the moment it was recorded (None until then);
    `events` refer to the log lines: `{"file", "line", "id"}`.
    """

    id: str
    rule: str
    title: str
    level: str
    source: str
    system: str | None
    first_at: datetime | None
    last_at: datetime | None
    count: int
    events: Sequence[Mapping[str, Any]]
    summary: str
    tags: Sequence[str] = ()
    state: str = OPEN
    incident: str | None = None
    raised_at: datetime | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the documented shape of an alert; moments as text."""
        moments = {name: _text(getattr(self, name)) for name in ("first_at", "last_at", "raised_at")}
        lists = {"events": [dict(event) for event in self.events], "tags": list(self.tags)}
        return {each.name: getattr(self, each.name) for each in fields(self)} | moments | lists


def alert_id(rule: str, rule_hash: str, key: str) -> str:
    """Return a stable id (16 hex digits) from the rule, its text's hash, and what makes the hit one of its kind."""
    return hashlib.sha256("\0".join((rule, rule_hash, key)).encode()).hexdigest()[:16]


def raise_alerts(ledger: Ledger, alerts: Sequence[Alert]) -> list[Alert]:
    """Record the alerts that are new, with one digest of them all in the chain; return those.

    Raises:
        LedgerError: nothing was recorded.
    """
    unique = {alert.id: alert for alert in alerts}
    for attempt in range(_ATTEMPTS):
        try:
            return _raise_new(ledger, unique)
        except AlreadyThereError:  # another run raised one of them since we looked
            if attempt == _ATTEMPTS - 1:
                raise
    return []


def _raise_new(ledger: Ledger, unique: Mapping[str, Alert]) -> list[Alert]:
    known = _known(ledger, sorted(unique))
    new = [alert for alert in unique.values() if alert.id not in known]
    if not new:
        return []
    now = ledger.clock.now()
    rows = [_row(alert, now) for alert in new]
    content = "\n".join(json.dumps(row, sort_keys=True) for row in rows)
    body = {
        "count": len(new),
        "ids": [alert.id for alert in new[:100]],
        "systems": sorted({alert.system for alert in new if alert.system}),
        "highest": max((alert.level for alert in new), key=rank),
        "digest": hashlib.sha256(content.encode()).hexdigest(),
    }
    ledger.store.append(now, ledger.actor, [(RAISED, None, body)], alerts=rows)
    return [_alert(row | {"body": json.loads(row["body"])}) for row in rows]


def _known(ledger: Ledger, ids: Sequence[str]) -> set[str]:
    """Return which ids are there already, asked in parts: databases limit the values of one question."""
    parts = (ids[start : start + _IDS_AT_ONCE] for start in range(0, len(ids), _IDS_AT_ONCE))
    return {row["id"] for part in parts for row in ledger.store.alerts(ids=part)}


def listed(
    ledger: Ledger, *, states: Sequence[str] = (), ids: Sequence[str] = (), incident: str | None = None
) -> list[Alert]:
    """Return alerts, oldest first: by when they were raised, then by their first event."""
    found = [_alert(row) for row in ledger.store.alerts(states=states, ids=ids, incident=incident)]
    return sorted(found, key=lambda alert: (_text(alert.raised_at) or "", _text(alert.first_at) or "", alert.id))


@dataclass(frozen=True)
class Waiting:
    """Alerts that nobody took up yet: how many, of which systems (None: of none), and the first of the worst."""

    count: int
    systems: tuple[str | None, ...]
    worst: Alert


def waiting(ledger: Ledger) -> Waiting | None:
    """Return what waits in short, however many alerts that are; None: nothing does."""
    tally = ledger.store.tally(OPEN)
    if not tally:
        return None
    heaviest = max(rank(level) for level, _, _, _ in tally)
    firsts = [first for level, _, _, first in tally if rank(level) == heaviest]
    systems = tuple(dict.fromkeys(system for _, system, _, _ in tally))
    return Waiting(sum(count for _, _, count, _ in tally), systems, listed(ledger, ids=firsts)[0])


def one(ledger: Ledger, identity: str) -> Alert:
    """Return the alert whose id is or begins with `identity`.

    Raises:
        UsageError: none or several do.
    """
    found = [alert for alert in listed(ledger) if identity and alert.id.startswith(identity)]
    if len(found) == 1:
        return found[0]
    many = "no alert" if not found else f"{len(found)} alerts"
    raise UsageError(f"{many} with the id {identity!r}", hint="list them with: holdfast detect alerts list")


def change(ledger: Ledger, ids: Sequence[str], state: str, *, reason: str = "", incident: str | None = None) -> None:
    """Move alerts to another state (and into an incident), with a record of who and why."""
    values = {"state": state} | ({"incident": incident} if incident is not None else {})
    body = {"ids": list(ids), "state": state, "reason": reason, "incident": incident}
    entry = Entry(CHANGED, body)
    ledger.store.append(
        ledger.clock.now(),
        ledger.actor,
        [(entry.kind, None, body)],
        alert_changes=[(alert, values) for alert in ids],
    )


_LEVELS = ("informational", "low", "medium", "high", "critical")


def rank(level: str) -> int:
    """Return a level's weight, 0 (informational) to 4 (critical); an unknown one weighs most."""
    return _LEVELS.index(level) if level in _LEVELS else len(_LEVELS)


def _row(alert: Alert, now: datetime) -> dict[str, Any]:
    body = {
        "title": alert.title,
        "source": alert.source,
        "first_at": _text(alert.first_at),
        "last_at": _text(alert.last_at),
        "count": alert.count,
        "events": [dict(event) for event in alert.events],
        "summary": alert.summary,
        "tags": list(alert.tags),
    }
    return {
        "id": alert.id,
        "system": alert.system,
        "rule": alert.rule,
        "level": alert.level,
        "raised_at": clock.to_text(now),
        "state": OPEN,  # what follows is a change, on record: so `ledger verify` can tell what a row must say
        "incident": None,
        "body": json.dumps(body, sort_keys=True),
    }


def _alert(row: Mapping[str, Any]) -> Alert:
    body = row["body"]
    return Alert(
        id=row["id"],
        rule=row["rule"],
        title=body["title"],
        level=row["level"],
        source=body["source"],
        system=row["system"],
        first_at=_moment(body["first_at"]),
        last_at=_moment(body["last_at"]),
        count=body["count"],
        events=body["events"],
        summary=body["summary"],
        tags=body["tags"],
        state=row["state"],
        incident=row["incident"],
        raised_at=_moment(row["raised_at"]),
    )


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else clock.to_text(moment)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else clock.from_text(text)
