"""Take a backup: prepare the sources, one snapshot into each vault of the system, and a record of how it ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from backup import errors, locks, parts, queue, sources, vault
from backup.depot import Depot, Store
from backup.restic import OnProgress, Taken, silent
from backup.restic_command import Repository
from backup.sources import Prepared
from inventory.errors import ExitCode, HoldfastError, UsageError, worst
from inventory.system import VaultCopy

Status = Literal["complete", "incomplete", "failed"]
_ROUNDS = 3


@dataclass(frozen=True)
class BackupReport:
    """How a system's backup ended.

    `snapshots` one full id per vault; `files` and `bytes` of the data; `problems` in words; `failure` why it failed.
    """

    system: str
    status: Status
    snapshots: tuple[str, ...]
    files: int
    bytes: int
    seconds: float
    problems: tuple[str, ...]
    failure: HoldfastError | None = field(default=None, compare=False)

    @property
    def exit_code(self) -> ExitCode:
        """Return 0 complete, 1 incomplete, and for a failure what its cause asks for."""
        if self.status == "complete":
            return ExitCode.DONE
        if self.status == "incomplete":
            return ExitCode.FINDINGS
        return self.failure.exit_code if self.failure else ExitCode.UNFINISHED

    def as_json(self) -> dict[str, Any]:
        """Return the documented shape."""
        return {
            "system": self.system,
            "status": self.status,
            "snapshots": list(self.snapshots),
            "files": self.files,
            "bytes": self.bytes,
            "seconds": round(self.seconds, 3),
            "problems": list(self.problems),
        }


def back_up(depot: Depot, key: str, progress: OnProgress = silent) -> BackupReport:
    """Back one system up into every vault it names. What goes wrong is in the report and in the ledger.

    Raises:
        UsageError: no such system, or it names no vault.
        MissingToolError: restic is missing or too old.
    """
    stores = _vaults(depot, key)
    _ = depot.restic
    try:
        with locks.turn(depot.state / "turns", f"the backup of {key}", depot.clock.now()):
            return _back_up(depot, key, stores, progress)
    except errors.RepositoryLockedError as failure:  # the other run records how it ends
        return _failed(key, failure, 0.0)


def _back_up(depot: Depot, key: str, stores: Sequence[Store], progress: OnProgress) -> BackupReport:
    started = depot.clock.monotonic()
    try:
        with errors.naming("the state directory or the data"):
            prepared = sources.prepare(depot, key, progress)
    except HoldfastError as failure:
        sources.clear(depot.state / "staging" / key)
        for store in stores:
            _record(depot, key, store, _failed(key, failure, depot.clock.monotonic() - started), None)
        return _failed(key, failure, depot.clock.monotonic() - started)
    try:
        reports = [_into(depot, key, store, prepared, progress) for store in stores]
    finally:
        sources.finish(prepared)
    return _together(reports, depot.clock.monotonic() - started)


def choose(depot: Depot, systems: Sequence[str], *, due: bool, everything: bool) -> list[str]:
    """Return which systems a run is about: those named, or all, or those whose copy is due.

    Raises:
        UsageError: none was asked for, or an unknown one.
    """
    if systems and everything:
        raise UsageError("name systems or say --all, not both", hint="holdfast backup run --all")
    if not systems and not due and not everything:
        raise UsageError("which systems?", hint=f"name some of {', '.join(depot.site.own)}, or say --due or --all")
    for key in systems:
        _vaults(depot, key)
    wanted = list(dict.fromkeys(systems)) or [
        key for key, system in depot.site.own.items() if any(isinstance(copy, VaultCopy) for copy in system.copies)
    ]
    return [key for key in due_now(depot) if key in wanted] if due else wanted


def due_now(depot: Depot) -> list[str]:
    """Return the systems whose copy in some vault must be made now, the most urgent first."""
    return [one.system for one in queue.waiting(depot.site.own, depot.copies(), depot.clock.now())]


def _vaults(depot: Depot, key: str) -> list[Store]:
    system = depot.site.system(key)
    if system.external:
        raise UsageError(f"{key} is run by others; there is nothing to back up", hint="choose one of our own systems")
    names = [copy.vault for copy in system.copies if isinstance(copy, VaultCopy)]
    if not names:
        raise UsageError(f"{key} names no vault", hint="add `copies: [{vault: NAME, every: 6h}]` to the system")
    return [depot.vault(name) for name in names]


def _into(depot: Depot, key: str, store: Store, prepared: Prepared, progress: OnProgress) -> BackupReport:
    """Make one snapshot in one vault and record it."""
    started = depot.clock.monotonic()
    try:
        repository = vault.repository_for(depot, store, key)
        with depot.turn(store, key, repository) as notes:
            away = parts.take(depot, store, key, prepared, progress)
            whole = parts.added(prepared, away)
            taken, final, unsettled = _settled(depot, key, repository, whole, progress)
    except HoldfastError as failure:
        report = _failed(key, failure, depot.clock.monotonic() - started)
        _record(depot, key, store, report, prepared)
        return report
    lost = [*prepared.problems, *away.problems, *taken.problems, *unsettled]
    volatile = [
        f"{entry.host}:{entry.path}: changed while it was read" for entry in final.manifest.entries if entry.volatile
    ]
    report = BackupReport(
        system=key,
        status="incomplete" if lost else "complete",
        snapshots=(taken.summary.snapshot,),
        files=final.manifest.files,
        bytes=final.manifest.bytes,
        seconds=depot.clock.monotonic() - started,
        problems=(*dict.fromkeys(lost), *volatile, *notes),
    )
    _record(depot, key, store, report, final, added=taken.summary.added + away.added)
    return report


def _settled(
    depot: Depot, key: str, repository: Repository, prepared: Prepared, progress: OnProgress
) -> tuple[Taken, Prepared, list[str]]:
    """Take snapshots until the manifest in it marks every file that changed meanwhile; give up after a few."""
    for _round in range(_ROUNDS):
        sources.write(prepared)
        taken = depot.restic.backup(
            repository,
            prepared.paths,
            host=depot.site.settings.site,
            tags=(f"system={key}",),
            exclude=prepared.exclude,
            progress=lambda text, share: progress(f"{key}: {text}", share),
        )
        changed = sources.changed(prepared)
        if not changed:
            return taken, prepared, []
        prepared = sources.marked(prepared, changed)
    names = sorted(f"{host}:{path}" for host, path in changed)
    return taken, prepared, [f"{name}: changes all the time; the manifest cannot vouch for it" for name in names]


def _record(
    depot: Depot, key: str, store: Store, report: BackupReport, prepared: Prepared | None, *, added: int = 0
) -> None:
    document = prepared.manifest if prepared is not None else None
    body = report.as_json() | {
        "kind": store.kind,
        "store": store.name,
        "snapshot": report.snapshots[0] if report.snapshots else None,
        "at": document.taken_at if document else None,
        "data_time": document.canary if document else None,
        "problems": list(report.problems[:50]),
        "added": added,
        "parts": list(document.parts) if document else [],
    }
    del body["system"], body["snapshots"]
    depot.ledger.append("backup.finished", body, system=key)


def _failed(key: str, failure: HoldfastError, seconds: float) -> BackupReport:
    return BackupReport(key, "failed", (), 0, 0, seconds, (failure.message,), failure)


def _together(reports: Sequence[BackupReport], seconds: float) -> BackupReport:
    """Make one report of the runs into several vaults: the worst status, everything that was said."""
    if len(reports) == 1:
        return reports[0]
    order: tuple[Status, ...] = ("failed", "incomplete", "complete")
    bad = [report for report in reports if report.failure is not None]
    gravest = worst(report.exit_code for report in bad)
    return BackupReport(
        system=reports[0].system,
        status=min((report.status for report in reports), key=order.index),
        snapshots=tuple(snapshot for report in reports for snapshot in report.snapshots),
        files=max(report.files for report in reports),
        bytes=max(report.bytes for report in reports),
        seconds=seconds,
        problems=tuple(dict.fromkeys(problem for report in reports for problem in report.problems)),
        failure=next((report.failure for report in bad if report.exit_code == gravest), None),
    )
