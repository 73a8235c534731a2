"""What finished recoveries teach about the next: how long each system took, and with which runbook it came back.

A view of its own, of the few facts that are needed: the plans of a year of drills are large.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from inventory import clock
from ledger.ledger import Ledger
from ledger.projection import Projection, State
from ledger.record import Record

KINDS = (
    "incident.opened",
    "incident.affected",
    "recover.started",
    "step.intent",
    "step.waiting",
    "step.answered",
    "step.finished",
    "recover.finished",
    "system.normal",
)
_GROWS_WITH_DATA = ("copy", "restore")

Fields = Mapping[str, Any]


@dataclass(frozen=True)
class Measurement:
    """What one finished recovery of a system tells about the next.

    `prepare_seconds` from detection to the start of the run, `growing_seconds` of its steps that grow with the data
    (`bytes` were restored), `fixed_seconds` of the others; with the moment it was measured and the record that says so.
    """

    system: str
    bytes: int
    prepare_seconds: float
    growing_seconds: float
    fixed_seconds: float
    at: datetime
    seq: int


@dataclass(frozen=True)
class Drilled:
    """The digest of the runbook a system was last brought back with, and the record of that run's end.

    `claimed` are the gates that were passed without a signature, each with who said yes.
    """

    digest: str
    seq: int
    claimed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Lessons:
    """By system: its newest measured recovery, and the runbook of its last finished one."""

    measured: Mapping[str, Measurement]
    drilled: Mapping[str, Drilled]


def lessons(ledger: Ledger) -> Lessons:
    """Return what all recoveries so far teach."""
    measured: dict[str, Measurement] = {}
    drilled: dict[str, tuple[int, Drilled]] = {}
    for taught in ledger.project(LESSONS, "taught").values():
        for each in taught["measured"]:
            key, seq = each["system"], each["seq"]
            if key not in measured or seq > measured[key].seq:  # incidents overlap
                measured[key] = Measurement(**{**each, "at": clock.from_text(each["at"])})
        for key, (started, digest, ended, claimed) in taught["drilled"].items():
            if key not in drilled or started > drilled[key][0]:
                drilled[key] = started, Drilled(digest, ended, tuple(claimed))
    return Lessons(measured, {key: each for key, (_, each) in drilled.items()})


def _fold(state: State, record: Record) -> None:
    identity = record.body.get("incident") or ""
    incident = state.setdefault(f"incident/{identity}", {"detected_at": None, "runs": {}, "normal": {}})
    _fold_incident(incident, record)
    state[f"taught/{identity}"] = {"measured": list(_measured(incident)), "drilled": _drilled(incident)}


def _measured(incident: Fields) -> Iterator[dict[str, Any]]:
    """Yield what an incident teaches about each system that came back with its data in one go."""
    for key, normal in incident["normal"].items():
        run = next((run for run in reversed(incident["runs"].values()) if key in run["systems"]), None)
        if incident["detected_at"] is None or run is None or not normal["bytes"] or not normal["measured"]:
            continue
        steps = [step for step in run["steps"].values() if step["system"] == key]
        if any(step["grows"] and step["attempts"] > 1 for step in steps):
            continue  # begun twice: its last time says too little
        times = [(step["grows"], step["seconds"]) for step in steps if step["seconds"] is not None]
        waited = clock.from_text(run["at"]) - clock.from_text(incident["detected_at"])
        yield {
            "system": key,
            "bytes": normal["bytes"],
            "prepare_seconds": max(0.0, waited.total_seconds()),
            "growing_seconds": sum((seconds for grows, seconds in times if grows), 0.0),
            "fixed_seconds": sum((seconds for grows, seconds in times if not grows), 0.0),
            "at": normal["at"],
            "seq": normal["seq"],
        }


def _drilled(incident: Fields) -> dict[str, tuple[int, str, int, list[str]]]:
    """Return for each system of a finished run: the run's start, the runbook's digest, the run's end, claims."""
    done = [run for run in incident["runs"].values() if run["ended"] is not None]
    return {
        key: (run["seq"], digest, run["ended"], list(_claims(run, key)))
        for run in sorted(done, key=lambda run: int(run["seq"]))
        for key, digest in run["systems"].items()
    }


def _claims(run: Fields, key: str) -> Iterator[str]:
    for name, step in run["steps"].items():
        if step["system"] == key and step["claimed"]:
            yield f"{name.removeprefix(f'{key}/')} by {', '.join(step['claimed'])}"


def _fold_incident(incident: dict[str, Any], record: Record) -> None:
    body = record.body
    match record.kind:
        case "incident.opened":
            incident |= {"detected_at": body["detected_at"], "normal": {}}
        case "incident.affected":
            for key in body["systems"]:  # hit again after it was back
                incident["normal"].pop(key, None)
        case "system.normal":
            names = {"bytes": int(body.get("bytes", 0)), "measured": bool(body.get("measured", True))}
            incident["normal"][record.system] = {"at": clock.to_text(record.at), "seq": record.seq, **names}
        case "recover.started":
            incident["runs"][body["run"]] = _begun(record)
        case _:
            if (run := incident["runs"].get(body["run"])) is not None:
                _fold_step(run, record)


def approvals(record: Record) -> list[dict[str, Any]]:
    """Return who approved, as a record says it; one from before there were signatures holds its actor's word."""
    body = record.body
    if body["answer"] != "approved":
        return []
    word = {"person": record.actor, "login": record.actor, "fingerprint": "", "signed": False}
    given = body.get("approvals") or [word | {"at": clock.to_text(record.at)}]
    return [{key: value for key, value in each.items() if key != "signature"} for each in given]


def _begun(record: Record) -> dict[str, Any]:
    plan = record.body["plan"]
    steps = {
        planned["key"]: {
            "system": planned["system"],
            "grows": bool(planned["step"].get("restore")) or planned["step"].get("check") in _GROWS_WITH_DATA,
            "attempts": 0,
            "seconds": None,
            "claimed": [],
        }
        for planned in plan["steps"]
    }
    systems = {system["key"]: system["runbook_digest"] for system in plan["systems"]}
    return {"at": clock.to_text(record.at), "seq": record.seq, "systems": systems, "steps": steps, "ended": None}


def _fold_step(run: dict[str, Any], record: Record) -> None:
    body = record.body
    if record.kind == "recover.finished":
        run["ended"] = record.seq if body["status"] == "done" else None
        return
    run["ended"] = None  # somebody goes on with it
    step = run["steps"].get(body["step"])
    if step is None:
        return
    match record.kind:
        case "step.intent":
            step["attempts"] += 1
        case "step.finished":
            step["seconds"] = body["seconds"]
        case "step.answered":
            given = approvals(record)
            step["claimed"] = [] if any(each["signed"] for each in given) else [each["person"] for each in given]


LESSONS = Projection("lessons", 1, _fold, KINDS)
"""`incident/ID`: the facts of its runs, step by step; `taught/ID`: what follows from them, all that readers need."""
