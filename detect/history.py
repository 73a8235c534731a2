"""What the ledger says about detection: every run, and per system what was last read, heard and missed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from inventory import clock
from ledger.ledger import Ledger
from ledger.projection import Projection, State
from ledger.record import Record

if TYPE_CHECKING:  # who only asks what is known must not wait for all that reads logs and rules
    from detect.logs import Account
    from detect.rule import RuleSet

KIND = "detect.ran"
READ, SILENT, UNREAD = "read", "silent", "unread"
"""How a run found a source: read to its end, nothing there to read, there and not readable."""


@dataclass(frozen=True)
class SystemState:
    """One system's logs: when rules last ran over them, its newest event, sources silent or unread (with why).

    `evidence` is the record of the last run.
    """

    last_run_at: datetime
    last_event_at: datetime | None
    sources: int
    silent: Mapping[str, str]
    evidence: int


@dataclass(frozen=True)
class DetectionState:
    """Detection as a whole: when it last ran, rules that run and that cannot, systems by key; None: never ran."""

    last_run_at: datetime | None
    rules: int
    unusable: int
    evidence: int | None
    systems: Mapping[str, SystemState]


def record(
    ledger: Ledger, rules: RuleSet, accounts: Sequence[Account], *, findings: int, raised: int, seconds: float
) -> None:
    """Write down a run: counts, and per system every source with its state and newest event."""
    systems: dict[str, Any] = {}
    for account in accounts:
        systems.setdefault(account.system, {"sources": []})["sources"].append(_source(account))
    body = {
        "events": sum(account.tally.events for account in accounts),
        "corrupt": sum(account.tally.corrupt for account in accounts),
        "rules": len(rules.headers()),
        "unusable": len(rules.unusable),
        "hits": findings,
        "new_alerts": raised,
        "seconds": round(seconds, 3),
        "systems": systems,
    }
    ledger.append(KIND, body)


def state_of(ledger: Ledger) -> DetectionState:
    """Return what the ledger knows about detection."""
    state = ledger.project(PROJECTION)
    run = state.pop("run", {})
    return DetectionState(
        last_run_at=_moment(run.get("last_run_at")),
        rules=run.get("rules", 0),
        unusable=run.get("unusable", 0),
        evidence=run.get("evidence"),
        systems={
            part.removeprefix("system/"): SystemState(
                last_run_at=clock.from_text(system["last_run_at"]),
                last_event_at=_moment(system["last_event_at"]),
                sources=system["sources"],
                silent=system["silent"],
                evidence=system["evidence"],
            )
            for part, system in state.items()
        },
    )


def _source(account: Account) -> dict[str, Any]:
    return {
        "log": account.log,
        "state": account.state,
        "problem": account.problem,
        "events": account.tally.events,
        "corrupt": account.tally.corrupt,
        "last_event_at": None if account.last_event_at is None else clock.to_text(account.last_event_at),
    }


def _fold(state: State, entry: Record) -> None:
    at = clock.to_text(entry.at)
    names = ("rules", "unusable")
    state["run"] = {"last_run_at": at, "evidence": entry.seq, **{name: entry.body[name] for name in names}}
    for key, system in entry.body["systems"].items():
        known = state.setdefault(f"system/{key}", {"last_event_at": None})
        newest = [source["last_event_at"] for source in system["sources"]] + [known["last_event_at"]]
        known["last_event_at"] = max((text for text in newest if text is not None), default=None)
        known["silent"] = {s["log"]: s["problem"] for s in system["sources"] if s["state"] != READ}
        known |= {"last_run_at": at, "sources": len(system["sources"]), "evidence": entry.seq}


def _moment(text: str | None) -> datetime | None:
    return None if text is None else clock.from_text(text)


PROJECTION = Projection("detection", 2, _fold, (KIND,))
