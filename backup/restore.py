"""Bring a system back: everything of one snapshot, compared with its manifest before it is put in place."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from backup import complaints, databases, errors, landing, manifest, media, room, vault
from backup.candidates import Candidate
from backup.depot import Depot, Store
from backup.landing import Place
from backup.manifest import Manifest
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
    progress: OnProgress = silent,
) -> RestoreReport:
    """Restore a snapshot (or only `paths` of it): what came from host `name` goes to `targets[name]`, same paths there.

    Everything is read beside its place and compared first; only if nothing differs is it renamed into place (else it
    stays there to be looked at). What is in place already and as it should be is left alone, so a restore that broke
    off is simply run again. With `overwrite` what is there is renamed aside (`….holdfast-replaced-…`), never deleted.

    Raises:
        TargetInUseError: something else is in place, and `overwrite` is False; nothing was written.
        MediumAwayError, WrongMediumError, OtherRepositoryError, RepositoryMissingError, VaultLostError: the copy cannot
            be used.
        StorageError: the target has no room, or filled up; what was read is removed, and the copy is not judged.
        DamagedCopyError: not even the list of what the snapshot holds can be read.
        ManifestError: the snapshot holds no manifest of ours.
        UsageError: a host of the snapshot has no target.
    """
    started = depot.clock.monotonic()
    repository = open_copy(depot, candidate)
    document = manifest.narrowed(read_manifest(depot, repository, candidate), paths)
    owners = os.geteuid() == 0
    places = landing.places(document, targets, candidate.snapshot[:8])
    waiting = [place for place in places if not landing.already_there(place, document, owners=owners)]
    landing.require_free(waiting, overwrite=overwrite)
    problems, notes = _bring(depot, repository, candidate, document, waiting, progress, owners=owners)
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
        data_time=None if problems else _newest_record(depot, candidate.system, targets),
        measured=not paths and len(waiting) == len(places),
        targets={name: host.name for name, host in targets.items()},
    )
    body = report.as_json() | {"kind": candidate.kind, "partial": not report.measured}
    depot.ledger.append("restore.finished", body, system=candidate.system)
    return report


def restore_files(
    depot: Depot, candidate: Candidate, paths: Sequence[str], to: Path, progress: OnProgress = silent
) -> RestoreReport:
    """Bring back some paths (all: none named) into `to`, below one folder per host; what is there is never overwritten.

    Raises:
        as `restore_system`, and UsageError: a path is not in the snapshot.
    """
    names = {source.host for source in read_manifest(depot, open_copy(depot, candidate), candidate).sources}
    targets = {name: Host(name=name, connection="local", root=str(to.absolute() / name)) for name in names}
    return restore_system(depot, candidate, targets, paths=paths, progress=progress)


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
    return document


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


def _bring(
    depot: Depot,
    repository: Repository,
    candidate: Candidate,
    document: Manifest,
    waiting: Sequence[Place],
    progress: OnProgress,
    *,
    owners: bool,
) -> tuple[list[str], list[str]]:
    """Read everything and, if nothing differs, put it in place; returns what `_read_all` does."""
    with errors.naming("the target"), room.giving_up(waiting):
        landing.clear(waiting)
        room.require(waiting, document)
        problems, notes = _read_all(depot, repository, candidate, document, waiting, progress, owners=owners)
        if not problems:
            landing.put_all_in_place(waiting)
    if damage := [problem for problem in problems if complaints.is_damage(problem)]:
        _record_damage(depot, candidate, damage)
    return problems, notes


def _read_all(
    depot: Depot,
    repository: Repository,
    candidate: Candidate,
    document: Manifest,
    waiting: Sequence[Place],
    progress: OnProgress,
    *,
    owners: bool,
) -> tuple[list[str], list[str]]:
    """Read every source beside its place; returns (what differs, what is only worth saying)."""
    problems: list[str] = []
    notes: list[str] = []
    for place in waiting:
        landing.begin(place)
        name = f"{place.source.host}:{place.source.path}"
        read = depot.restic.restore(
            repository,
            candidate.snapshot,
            place.source.stored,
            place.staging,
            progress=lambda text, share, name=name: progress(f"{name}: {text}", share),  # type: ignore[misc]
        )
        if fault := room.fault_of_target(read.problems, place.staging):
            raise fault
        problems += [f"{name}: {problem}" for problem in read.problems]
        progress(f"{name}: comparing", None)
        found = landing.compare(place, document, place.arrived, owners=owners)
        problems += found.differences
        notes += found.notes
    return problems, notes


def _newest_record(depot: Depot, system: str, targets: Mapping[str, Host]) -> datetime | None:
    canary = depot.site.system(system).canary
    if canary is None or canary.host not in targets:
        return None
    database = Path(targets[canary.host].path(canary.sql))
    return databases.newest_record(database, canary.query) if database.is_file() else None
