"""An incident: what the ledger's records add up to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from inventory import clock
from inventory.errors import UsageError
from ledger.ledger import Ledger
from ledger.projection import Projection, State
from ledger.record import Record

KINDS = (
    "incident.opened",
    "incident.acknowledged",
    "incident.classified",
    "incident.judged",
    "incident.notified",
    "incident.affected",
    "incident.noted",
    "incident.closed",
    "recover.started",
    "recover.finished",
    "system.normal",
)


@dataclass(frozen=True)
class Decision:
    """Something a named person decided: what, when (UTC), by which login, why, and a receipt if there is one."""

    what: str
    at: datetime
    by: str
    reason: str
    receipt: str = ""
    seq: int = 0


@dataclass(frozen=True)
class Normal:
    """A system's own tests passed again: when, and the time of the newest record really in its restored data.

    `measured` tells that all its bytes were read from the copy in one go, so that time and bytes belong together.
    """

    at: datetime
    newest_data: datetime | None
    bytes: int
    measured: bool
    seq: int


@dataclass(frozen=True)
class Incident:
    """One incident as of now.

    `detected_at` is when the first alert or the report was recorded; `systems` are the affected ones by key;
    `personal_data` and `national_security` are whether somebody believes them touched (`what` is yes or no);
    `police` is the recorded decision whether the police were told, `notices` the same for others, by the clock they
    stop; `runs` are recovery runs, oldest first.
    """

    id: str
    title: str
    opened_at: datetime
    detected_at: datetime
    opened_by: str
    systems: tuple[str, ...]
    alerts: tuple[str, ...]
    acknowledged: Decision | None = None
    classified: Decision | None = None
    personal_data: Decision | None = None
    national_security: Decision | None = None
    police: Decision | None = None
    notices: Mapping[str, Decision] = field(default_factory=dict)
    closed: Decision | None = None
    notes: tuple[Decision, ...] = ()
    runs: tuple[str, ...] = ()
    normal: Mapping[str, Normal] = field(default_factory=dict)
    evidence: tuple[int, ...] = ()

    @property
    def open(self) -> bool:
        """Tell whether work on it goes on."""
        return self.closed is None

    @property
    def still_down(self) -> tuple[str, ...]:
        """Return the affected systems whose own tests have not passed again."""
        return tuple(key for key in self.systems if key not in self.normal)


def _fold(state: State, record: Record) -> None:
    body = record.body
    if record.kind == "incident.opened":
        state[body["incident"]] = {"opened": _event(record), "systems": list(body["systems"]), "notes": [], "runs": []}
        return
    known = state.get(body.get("incident") or "")
    if known is None:
        return
    match record.kind:
        case "incident.affected":
            known["systems"] += [key for key in body["systems"] if key not in known["systems"]]
            for key in body["systems"]:  # hit again after it was back: it is down until its tests pass once more
                known.get("normal", {}).pop(key, None)
        case "incident.noted":
            known["notes"].append(_event(record))
        case "recover.started":
            known["runs"].append(body["run"])
        case "system.normal":
            known.setdefault("normal", {})[record.system] = _event(record)
        case "recover.finished":
            pass
        case _:
            _decided(known, record)


def _decided(known: State, record: Record) -> None:
    """Keep what a person said: the newest word, or the first where a clock counts from it or stops with it."""
    body, name = record.body, record.kind.removeprefix("incident.")
    match name:
        case "acknowledged":  # the first who took it up counts, also when two do at the same moment
            known.setdefault(name, _event(record))
        case "judged":
            if known.setdefault(body["question"], {}).get("what") != body["what"]:
                known[body["question"]] = _event(record)
        case "notified" if body.get("to", "police") != "police":
            notices = known.setdefault("notices", {})
            if notices.get(body["to"], {}).get("what") != "told":
                notices[body["to"]] = _event(record)
        case _:
            known[name] = _event(record)


def _event(record: Record) -> dict[str, Any]:
    return {"at": clock.to_text(record.at), "by": record.actor, "seq": record.seq, **record.body}


INCIDENTS = Projection("incidents", 3, _fold, KINDS)


def all_incidents(ledger: Ledger) -> list[Incident]:
    """Return every incident, oldest first."""
    return [_incident(key, value) for key, value in ledger.project(INCIDENTS).items()]


def find(ledger: Ledger, incident_id: str | None) -> Incident:
    """Return one incident; without an id the only open one.

    Raises:
        UsageError: no such incident, none open, or several open.
    """
    known = all_incidents(ledger)
    if incident_id is not None:
        for incident in known:
            if incident.id == incident_id:
                return incident
        raise UsageError(f"no incident {incident_id!r}", hint="holdfast incident list")
    opened = [incident for incident in known if incident.open]
    if len(opened) == 1:
        return opened[0]
    if not opened:
        hint = "holdfast incident list" if known else "holdfast incident open --title TEXT"
        raise UsageError("no incident is open", hint=hint)
    raise UsageError(
        f"{len(opened)} incidents are open; say which", hint=" or ".join(incident.id for incident in opened)
    )


def _incident(key: str, value: Mapping[str, Any]) -> Incident:
    opened = value["opened"]
    return Incident(
        id=key,
        title=opened["title"],
        opened_at=clock.from_text(opened["at"]),
        detected_at=clock.from_text(opened["detected_at"]),
        opened_by=opened["by"],
        systems=tuple(value["systems"]),
        alerts=tuple(opened["alerts"]),
        acknowledged=_decision(value.get("acknowledged")),
        classified=_decision(value.get("classified")),
        personal_data=_decision(value.get("personal_data")),
        national_security=_decision(value.get("national_security")),
        police=_decision(value.get("notified")),
        notices={key: told for key, event in value.get("notices", {}).items() if (told := _decision(event))},
        closed=_decision(value.get("closed")),
        notes=tuple(note for note in map(_decision, value["notes"]) if note is not None),
        runs=tuple(value["runs"]),
        normal={system: _normal(event) for system, event in value.get("normal", {}).items()},
        evidence=(opened["seq"],),
    )


def _decision(event: Mapping[str, Any] | None) -> Decision | None:
    if event is None:
        return None
    return Decision(
        what=event.get("what", ""),
        at=clock.from_text(event["at"]),
        by=event["by"],
        reason=event.get("reason", ""),
        receipt=event.get("receipt", ""),
        seq=event["seq"],
    )


def _normal(event: Mapping[str, Any]) -> Normal:
    newest = event.get("newest_data")
    return Normal(
        at=clock.from_text(event["at"]),
        newest_data=None if newest is None else clock.from_text(newest),
        bytes=int(event.get("bytes", 0)),
        measured=bool(event.get("measured", True)),
        seq=event["seq"],
    )
