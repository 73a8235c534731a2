"""What happened in an incident, line by line, out of the ledger."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from incident.incident import Incident
from inventory import duration
from ledger.ledger import Ledger
from ledger.record import Record

_ALSO = ("alerts.raised", "medium.attached", "medium.detached", "medium.probed", "check.finished", "copy.damaged")
"""Kinds that belong to the story although they do not name the incident."""


@dataclass(frozen=True)
class Moment:
    """One line of the timeline; `seconds` count from detection (negative: before it)."""

    at: datetime
    seconds: float
    system: str
    what: str
    seq: int


def of_incident(incident: Incident, ledger: Ledger) -> list[Moment]:
    """Return an incident's timeline: its own records, and what happened to alerts and copies until it closed."""
    found = []
    ends = incident.closed.at if incident.closed else None
    for record in ledger.read(kinds=tuple(_WORDS)):
        also = record.kind in _ALSO and incident.detected_at <= record.at and (ends is None or record.at <= ends)
        if (record.body.get("incident") == incident.id or also) and not _said_elsewhere(record):
            seconds = (record.at - incident.detected_at).total_seconds()
            found.append(Moment(record.at, seconds, record.system or "", _WORDS[record.kind](record), record.seq))
    return found


def _said_elsewhere(record: Record) -> bool:
    """Leave out what another line says: a gate's end (its answer does), a passed own test (the system is normal).

    A whole copy checked within a recovery is its step's line; damage always stands.
    """
    body = record.body
    if record.kind == "check.finished":
        return bool(body["whole"])
    if record.kind != "step.finished" or not body["ok"]:
        return False
    return body.get("kind") in {"gate", "manual", "normal"}


def _notified(record: Record) -> str:
    body = record.body
    return f"{body['to'].replace('_', ' ')}: {body['what'].replace('_', ' ')} ({body['receipt'] or body['reason']})"


def _judged(record: Record) -> str:
    body = record.body
    return f"{body['question'].replace('_', ' ')}: {body['what']}, says {record.actor}: {body['reason']}"


def _probed(record: Record) -> str:
    found = "ANSWERED" if record.body["reached"] else "cannot be reached"
    return f"medium {record.body['store']} probed: {found}"


def _checked(record: Record) -> str:
    body = record.body
    depth = "every byte read" if body["read_data"] else "structure only"
    return f"copy of {record.system} on {body['store']} checked ({depth}): {'whole' if body['whole'] else 'DAMAGED'}"


def _finished(record: Record) -> str:
    body = record.body
    how = "done" if body["ok"] else "FAILED"
    took = f" in {duration.show(body['seconds'])}" if body["seconds"] else ""
    return f"{body['step']}: {how}{took}: {body['found']}"


def _answered(record: Record) -> str:
    body = record.body
    signed = [f"approved by {each['person']} (signed)" for each in body.get("approvals", ()) if each["signed"]]
    claimed = [f"claimed by {each['person']}, unsigned" for each in body.get("approvals", ()) if not each["signed"]]
    said = "; ".join(signed + claimed) or f"{body['answer']} by {record.actor}"
    return f"{body['step']}: {said} ({body['reason'] or 'no reason given'})"


_WORDS: Mapping[str, Callable[[Record], str]] = {
    "alerts.raised": lambda record: f"{record.body['count']} alerts raised, the highest {record.body['highest']}",
    "incident.opened": lambda record: f"incident opened: {', '.join(record.body['systems'])} affected",
    "incident.acknowledged": lambda record: f"acknowledged by {record.actor}",
    "incident.classified": lambda record: (
        f"classified {record.body['what']} by {record.actor}: {record.body['reason']}"
    ),
    "incident.judged": _judged,
    "incident.affected": lambda record: f"also affected: {', '.join(record.body['systems'])}",
    "incident.notified": _notified,
    "incident.noted": lambda record: f"note by {record.actor}: {record.body['reason']}",
    "incident.closed": lambda record: f"closed by {record.actor}: {record.body['reason']}",
    "medium.attached": lambda record: f"medium {record.body['store']} attached",
    "medium.detached": lambda record: f"medium {record.body['store']} put away",
    "medium.probed": _probed,
    "check.finished": _checked,
    "copy.damaged": lambda record: f"copy of {record.system} on {record.body['store']} found DAMAGED while restoring",
    "recover.started": lambda record: f"recovery {record.body['run']} started: {', '.join(record.body['systems'])}",
    "recover.finished": lambda record: f"recovery {record.body['run']} ended: {record.body['status']}",
    "step.answered": _answered,
    "step.finished": _finished,
    "system.normal": lambda record: f"{record.system} is normal: its own tests pass",
}
