"""Bring a system back: everything of one snapshot, compared with its manifest before it is put in place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from backup import canary, complaints, errors, machines, manifest, media, vault
from backup.bringing import Bringing
from backup.candidates import Candidate
from backup.depot import Depot, Store
from backup.manifest import Manifest
from backup.onhost import sqlite
from backup.restic import OnProgress, silent
from backup.restic_command import Repository
from backup.sources import STAGED
from inventory import clock
from inventory.system import Host

_SHOWN_PROBLEMS = 50
_SHOWN_DAMAGE = 20


@dataclass(frozen=True)
class RestoreReport:
    """What was brought back.

    `verified`: every entry of the manifest (`manifest_compared` of them) and every database is as it was when it was
    copied. `data_time` is the newest record really in the restored data. `problems`: differences, or notes if verified.
    `measured`: all of it was read from the copy this time, so that bytes and seconds belong together; what already was
    in place and equal is not read again.
    """

    system: str
    snapshot: str
    store: str
    files: int
    bytes: int
    seconds: float
    verified: bool
    problems: tuple[str, ...]
    manifest_compared: int
    data_time: datetime | None
    measured: bool
    targets: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return the documented shape."""
        return {
            "system": self.system,
            "snapshot": self.snapshot,
            "store": self.store,
            "files": self.files,
            "bytes": self.bytes,
            "seconds": round(self.seconds, 3),
            "verified": self.verified,
            "problems": list(self.problems),
            "manifest_compared": self.manifest_compared,
            "data_time": None if self.data_time is None else clock.to_text(self.data_time),
            "targets": dict(self.targets),
        }


def restore_system(
    depot: Depot,
    candidate: Candidate,
    targets: Mapping[str, Host],
    *,
    paths: Sequence[str] = (),
    overwrite: bool = False,
    as_files: bool = False,
    run_name: str = "",
    progress: OnProgress = silent,
) -> RestoreReport:
    """Restore a snapshot (or only `paths` of it): what came from host `name` goes to `targets[name]`, same paths there.

    Everything is read beside its place and compared first; only if nothing differs is it renamed into place (else it
    stays there to be looked at). What is in place already and as it should be is left alone, so a restore that broke
    off is simply run again. With `overwrite` what is there is renamed aside (`….holdfast-replaced-…`), never deleted.
    With `as_files` a database comes back as its dump, in the folder /postgresql, and into no server.
    What runs on other hosts is named `run_name`-…: called again with the same name, it is followed and not begun again.

    Raises:
        TargetInUseError: something else is in place, and `overwrite` is False; nothing was written.
        MediumAwayError, WrongMediumError, OtherRepositoryError, RepositoryMissingError, VaultLostError: the copy cannot
            be used.
        StorageError: the target has no room, or filled up; what was read is removed, and the copy is not judged.
        DamagedCopyError: not even the list of what the snapshot holds can be read.
        ManifestError, UsageError: the snapshot holds no manifest of ours, or a host of it has no target.
    """
    started = depot.clock.monotonic()
    repository = open_copy(depot, candidate)
    document = _wanted(read_manifest(depot, repository, candidate), paths, as_files=as_files)
    bringing = Bringing(depot, candidate, repository, document, targets, run_name, overwrite=overwrite)
    problems, notes = _bring(depot, candidate, bringing, progress)
    report = RestoreReport(
        system=candidate.system,
        snapshot=candidate.snapshot,
        store=candidate.store,
        files=document.files,
        bytes=document.bytes,
        seconds=depot.clock.monotonic() - started,
        verified=not problems,
        problems=tuple((problems or notes)[:_SHOWN_PROBLEMS]),
        manifest_compared=len(document.entries),
        data_time=None if problems else _newest_record(depot, candidate, targets, bringing, as_files=as_files),
        measured=not paths and bringing.whole,
        targets={name: host.name for name, host in targets.items()},
    )
    body = report.as_json() | {"kind": candidate.kind, "partial": not report.measured}
    depot.ledger.append("restore.finished", body, system=candidate.system)
    bringing.forget()
    return report


def _wanted(document: Manifest, paths: Sequence[str], *, as_files: bool) -> Manifest:
    narrowed = manifest.narrowed(document, paths)
    return manifest.dumps_as_files(narrowed) if as_files else narrowed


def restore_files(
    depot: Depot, candidate: Candidate, paths: Sequence[str], to: Path, progress: OnProgress = silent
) -> RestoreReport:
    """Bring back some paths (all: none named) into `to`, below one folder per host; what is there is never overwritten.

    Raises:
        as `restore_system`, and UsageError: a path is not in the snapshot.
    """
    names = {source.host for source in read_manifest(depot, open_copy(depot, candidate), candidate).sources}
    targets = {name: Host(name=name, connection="local", root=str(to.absolute() / name)) for name in names}
    return restore_system(depot, candidate, targets, paths=paths, as_files=True, progress=progress)


def open_copy(depot: Depot, candidate: Candidate) -> Repository:
    """Return the repository a candidate lies in, after proving that its store is the right one."""
    if candidate.kind == "medium":
        media.require(depot, candidate.store)
        return depot.open(depot.medium(candidate.store), candidate.system)
    store: Store = depot.vault(candidate.store)
    vault.require(depot, store)
    return depot.open(store, candidate.system)


def read_manifest(depot: Depot, repository: Repository, candidate: Candidate) -> Manifest:
    """Return a snapshot's manifest, and refuse one of another system.

    Raises:
        ManifestError: there is none, or it is about something else.
        DamagedCopyError: it cannot be read; that is recorded.
    """
    with _telling_damage(depot, candidate):
        known = {snapshot.id: snapshot for snapshot in depot.restic.snapshots(repository)}
    if candidate.snapshot not in known:
        if candidate.snapshot in depot.store(candidate.store).holder.names(candidate.system, "snapshots"):
            raise _damaged(depot, candidate, f"snapshot {candidate.snapshot[:8]} cannot be read")
        raise errors.RepositoryMissingError(
            f"{candidate.store} no longer holds snapshot {candidate.snapshot[:8]}", hint="choose another candidate"
        )
    staging = next((path for path in known[candidate.snapshot].paths if path.endswith("/" + STAGED)), None)
    if staging is None:
        raise errors.ManifestError(
            f"snapshot {candidate.snapshot[:8]} has no manifest", hint="choose another candidate"
        )
    with _telling_damage(depot, candidate):
        text = depot.restic.dump(repository, candidate.snapshot, f"{staging}/{manifest.NAME}")
    document = manifest.read(text)
    if document.system != candidate.system:
        raise errors.ManifestError(f"snapshot {candidate.snapshot[:8]} is one of {document.system}")
    here = {snapshot.original: snapshot.id for snapshot in known.values()}
    if gone := [part for part in document.parts if part not in here]:
        raise errors.RepositoryMissingError(
            f"{candidate.store} no longer holds {len(gone)} of the {len(document.parts)} parts of snapshot "
            f"{candidate.snapshot[:8]}, first {gone[0][:8]}",
            hint="choose another candidate",
        )
    return manifest.relocated(document, here)


@contextmanager
def _telling_damage(depot: Depot, candidate: Candidate) -> Iterator[None]:
    try:
        yield
    except errors.ResticError as error:
        if not complaints.is_damage(error.message):
            raise
        what = f"the manifest of snapshot {candidate.snapshot[:8]} cannot be read"
        raise _damaged(depot, candidate, what) from error


def _damaged(depot: Depot, candidate: Candidate, what: str) -> errors.DamagedCopyError:
    """Record damage that leaves nothing to restore, and return it as an error."""
    _record_damage(depot, candidate, [what])
    return errors.DamagedCopyError(
        f"the copy of {candidate.system} on {candidate.store} is damaged: {what}",
        hint=f"use another copy: holdfast recover candidates {candidate.system}",
    )


def _record_damage(depot: Depot, candidate: Candidate, problems: Sequence[str]) -> None:
    """Record that a restore met damage, if the store is still there: a disk pulled out is not a damaged one."""
    open_copy(depot, candidate)
    body = {"kind": candidate.kind, "store": candidate.store, "snapshot": candidate.snapshot}
    depot.ledger.append("copy.damaged", body | {"problems": [*problems[:_SHOWN_DAMAGE]]}, system=candidate.system)


def _bring(depot: Depot, candidate: Candidate, bringing: Bringing, progress: OnProgress) -> tuple[list[str], list[str]]:
    """Read everything and, if nothing differs, put it in place; returns what differs, and what is worth saying."""
    with errors.naming("the target"):
        bringing.make_ready()
        problems, notes = bringing.read(progress)
        if not problems:
            bringing.put()
    if damage := [problem for problem in problems if complaints.is_damage(problem)]:
        _record_damage(depot, candidate, damage)
    return problems, notes


def _newest_record(
    depot: Depot, candidate: Candidate, targets: Mapping[str, Host], bringing: Bringing, *, as_files: bool
) -> datetime | None:
    if bringing.newest is not None:
        return canary.moment(bringing.newest)
    asked = depot.site.system(candidate.system).canary
    if asked is None or asked.host not in targets or (as_files and not asked.sql.startswith("/")):
        return None
    host = targets[asked.host]
    if host.connection == "local" and asked.sql.startswith("/"):
        database = Path(host.path(asked.sql))
        return canary.moment(sqlite.newest(database, asked.query)) if database.is_file() else None
    machine = machines.of(depot, host, owners=True)
    answer = machine.ask("newest", sql=asked.sql, query=asked.query, root=host.root)["newest"]
    return canary.moment(None if answer is None else str(answer))
