"""Copy snapshots onto an attached medium, and prove from its own list that each one arrived."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from backup import errors, media
from backup.depot import Depot, Store
from backup.history import Kept
from backup.media import Identity
from backup.messages import Snapshot
from backup.restic import OnProgress, silent
from backup.restic_command import Repository
from inventory.errors import ExitCode, HoldfastError, UsageError
from inventory.system import MediaCopy


@dataclass(frozen=True)
class CopyReport:
    """How a system's copy onto a medium ended; `arrived` pairs (id in the vault, id on the medium), proved on both
    sides."""

    system: str
    medium: str
    status: Literal["complete", "failed"]
    arrived: tuple[tuple[str, str], ...]
    seconds: float
    problems: tuple[str, ...]
    failure: HoldfastError | None = field(default=None, compare=False)

    @property
    def exit_code(self) -> ExitCode:
        """Return 0, or what the failure's cause asks for."""
        if self.status == "complete":
            return ExitCode.DONE
        return self.failure.exit_code if self.failure else ExitCode.UNFINISHED

    def as_json(self) -> dict[str, Any]:
        """Return the documented shape."""
        return {
            "system": self.system,
            "medium": self.medium,
            "status": self.status,
            "snapshots": [there for _, there in self.arrived],
            "seconds": round(self.seconds, 3),
            "problems": list(self.problems),
        }


def systems_for(depot: Depot, label: str) -> list[str]:
    """Return the systems that want a copy in this medium's rotation set."""
    rotation, _ = depot.disk(label)
    return [
        key
        for key, system in depot.site.own.items()
        if any(isinstance(copy, MediaCopy) and copy.media == rotation for copy in system.copies)
    ]


def attached(depot: Depot) -> str:
    """Return the label of the one attached medium.

    Raises:
        UsageError: none is attached, or several are.
    """
    found = [label for label, medium in depot.copies().media.items() if medium.state == "attached"]
    if len(found) == 1:
        return found[0]
    hint = "say which: --to LABEL" if found else "attach one with: holdfast backup media attach LABEL"
    raise UsageError(f"{len(found) or 'no'} media are attached", hint=hint)


def copy_to(depot: Depot, label: str, systems: Sequence[str], progress: OnProgress = silent) -> list[CopyReport]:
    """Copy systems onto a medium, one after the other; the medium is proved the same before, between and after.

    Raises:
        MediumAwayError, WrongMediumError: it is not attached; nothing was written.
    """
    identity = media.require(depot, label)
    return [_copy_one(depot, label, key, identity, progress) for key in systems]


def _copy_one(depot: Depot, label: str, key: str, identity: Identity, progress: OnProgress) -> CopyReport:
    started = depot.clock.monotonic()
    source: Store | None = None
    try:
        media.require_same(depot, label, identity)
        source = _source(depot, key)
        arrived = _transfer(depot, source, depot.medium(label), key, identity, progress)
        report = CopyReport(key, label, "complete", arrived, depot.clock.monotonic() - started, ())
    except HoldfastError as failure:
        seconds = depot.clock.monotonic() - started
        report = CopyReport(key, label, "failed", (), seconds, (failure.message,), failure)
    body = {
        "kind": "medium",
        "store": label,
        "from": source.name if source is not None else None,
        "status": report.status,
        "arrived": [{"original": original, "snapshot": there} for original, there in report.arrived],
        "seconds": round(report.seconds, 3),
        "problems": list(report.problems),
    }
    depot.ledger.append("copy.finished", body, system=key)
    return report


def _source(depot: Depot, key: str) -> Store:
    """Return the vault with the system's newest good snapshot."""
    depot.site.system(key)
    newest = depot.copies().newest(key, "vault")
    if newest is None:
        raise errors.RepositoryMissingError(
            f"{key} has no good snapshot in a vault yet", hint=f"make one with: holdfast backup run {key}"
        )
    return depot.vault(newest.store)


def _transfer(
    depot: Depot, source: Store, target: Store, key: str, identity: Identity, progress: OnProgress
) -> tuple[tuple[str, str], ...]:
    origin = depot.open(source, key)
    copies = depot.copies()
    destination = _destination(depot, target, key, origin)
    with depot.turn(source, key, origin), depot.turn(target, key, destination):
        kept = [one for one in copies.snapshots(key) if (one.kind, one.store) == ("vault", source.name)]
        chosen, belonging = _sets(kept, source.holder.names(key, "snapshots"))
        if not chosen:
            raise errors.RepositoryMissingError(
                f"no recorded snapshot of {key} is left in {source.label}",
                hint="somebody removed them: open an incident",
            )
        all_of_them = [*belonging, *chosen]  # a manifest comes last: without its parts it would only look whole
        depot.restic.copy(
            origin, destination, all_of_them, progress=lambda text, share: progress(f"{key}: {text}", share)
        )
        arrived = _arrived(all_of_them, chosen, depot.restic.snapshots(destination))
    media.require_same(depot, target.name, identity)
    return arrived


def _destination(depot: Depot, target: Store, key: str, like: Repository) -> Repository:
    """Return the system's repository on the medium, made with the vault's chunker parameters the first time."""
    if depot.copies().repository("medium", target.name, key) is None:
        made = depot.make(target, key, like=like)
        media.add_repository(target, key)
        return made
    return depot.open(target, key)


def _sets(kept: Sequence[Kept], there: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the recorded backups that are there with every part, and these parts; in the order they are there."""
    parts = {one.snapshot: one.parts for one in kept if {one.snapshot, *one.parts} <= set(there)}
    belonging = {part for of_one in parts.values() for part in of_one}
    return [name for name in there if name in parts], [name for name in there if name in belonging]


def _arrived(copied: Sequence[str], chosen: Sequence[str], there: Sequence[Snapshot]) -> tuple[tuple[str, str], ...]:
    """Return (original, id there) of every chosen backup, oldest first, once every copied snapshot was seen there.

    Raises:
        ResticError: one did not arrive, whatever restic said.
    """
    found = {snapshot.original: snapshot.id for snapshot in there if snapshot.original in set(copied)}
    missing = [original[:8] for original in copied if original not in found]
    if missing:
        raise errors.ResticError(
            f"these snapshots did not arrive: {', '.join(missing)}", hint="is the medium full? Then run the copy again"
        )
    return tuple((original, id_) for original, id_ in found.items() if original in set(chosen))
