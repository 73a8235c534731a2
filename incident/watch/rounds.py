"""One round of each part: what is due is done, what was missed caught up, nothing claimed that did not run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from backup import queue, take
from backup.depot import Depot
from backup.queue import Waiting
from detect import ruleset, sweep
from incident.watch import notifying, parts
from inventory import clock as clocks
from inventory import reach
from inventory.command import Command, TimeLimitError
from inventory.errors import ExitCode, worst
from inventory.site import Site
from inventory.system import VaultCopy
from ledger.ledger import Ledger

Told = Callable[[str], None]
FAILED, LATE = "watch.copy.failed", "watch.copy.late"


def backup(depot: Depot, itself: Sequence[str], environment: dict[str, str], told: Told) -> ExitCode:
    """Copy every system that is due, each in a process of its own with its own time limit.

    `itself` are the words that run Holdfast on this site; `environment` what it must be given.
    """
    codes = []
    for one in due(depot):
        key = one.system
        told(f"backing up {key}")
        _note_late(depot, one)
        command = Command(
            (*itself, "watch", "round", "backup", key), env=environment, limit=parts.SYSTEM_LIMIT.total_seconds()
        )
        try:
            outcome = reach.run(command)
        except TimeLimitError as error:
            depot.ledger.append(FAILED, {"problem": error.message}, system=key)
            codes.append(ExitCode.UNFINISHED)
            continue
        codes.append(_code(outcome.exit_code))
        if outcome.exit_code not in (ExitCode.DONE, ExitCode.FINDINGS):
            told(f"error: {key}: {_last(outcome.stderr or outcome.stdout)}")
    return worst(codes)


def due(depot: Depot) -> list[Waiting]:
    """Return the systems to copy now, the most urgent first: due, and not resting after a failure."""
    now = depot.clock.now()
    return [one for one in queue.waiting(depot.site.own, depot.copies(), now) if _may_try(depot, one.system, now)]


def _may_try(depot: Depot, key: str, now: datetime) -> bool:
    every = min(copy.every for copy in depot.site.system(key).copies if isinstance(copy, VaultCopy))
    return parts.may_try(every, max(_failures(depot, key, now), default=None), now)


def _failures(depot: Depot, key: str, now: datetime) -> list[datetime]:
    """Return when copies of a system failed; a failure from the future says only that the clock was ahead."""
    found = [failure.at for failure in depot.copies().failures(key) if failure.kind == "vault"]
    found += [record.at for record in depot.ledger.read(kinds=(FAILED,), system=key, newest=1)]
    return [at for at in found if at <= now]


def _note_late(depot: Depot, one: Waiting) -> None:
    """Record, once, that a copy begins late since nobody tried it in time: the machine was off, or others took long."""
    now = depot.clock.now()
    if one.since is None or not one.late(now) or any(at >= one.since for at in _failures(depot, one.system, now)):
        return
    due_at = clocks.to_text(one.since)
    noted = next(depot.ledger.read(kinds=(LATE,), system=one.system, newest=1), None)
    if noted is None or noted.body["due_at"] != due_at:
        body = {"due_at": due_at, "late_seconds": round(one.late(now).total_seconds())}
        depot.ledger.append(LATE, body, system=one.system)


def one_backup(depot: Depot, key: str, told: Told) -> ExitCode:
    """Copy one system; what goes wrong is in the ledger, and said."""
    report = take.back_up(depot, key)
    if report.failure is not None:
        told(f"error: {report.failure.message}")
    return report.exit_code


def detection(site: Site, ledger: Ledger, state: Path, told: Told) -> ExitCode:
    """Run the standing rules over what the logs gained; alerts are in the ledger."""
    chosen = ruleset.load(ruleset.standing(site.root))
    ruleset.require_some(chosen)
    outcome = sweep.run(site, ledger, state, chosen)
    told(outcome.summary())
    for account in outcome.accounts:
        if account.problem:
            told(f"error: {account.system}: {account.log}: {account.problem}")
    return worst((outcome.exit_code, notifying.put(site, ledger, notifying.alarm(outcome.raised), told)))


def _code(code: int) -> ExitCode:
    return ExitCode(code) if code in set(ExitCode) else ExitCode.UNFINISHED


def _last(text: str) -> str:
    lines = text.splitlines() or ["no reason given"]
    return next((line for line in lines if line.startswith("error: ")), lines[-1]).removeprefix("error: ")
