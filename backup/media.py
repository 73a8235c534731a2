"""Offline media: known by label and id, put in use and put away, and proved to be unreachable while away.

A medium here is a directory that is renamed between its shelf place and its attach path; real disks come later.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from backup import errors
from backup.depot import Depot, Store
from backup.directory import digest_of
from backup.history import Medium
from inventory.clock import to_text
from inventory.errors import RefusedError
from ledger import durable

LABEL = "holdfast-medium.json"
_AWAY, _OPEN = 0o000, 0o700
_NO_CONTENT = {"lost+found"}


@dataclass(frozen=True)
class Label:
    """What a medium says of itself: who it is, whose, and the identity of each repository on it."""

    label: str
    id: str
    set: str
    site: str
    repositories: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Identity:
    """What must stay the same while a medium is in use: its id, and the device and folder behind its path."""

    id: str
    device: int
    inode: int


def prepare(depot: Depot, label: str) -> Label:
    """Make a medium known: an empty directory gets its label, and the ledger its id. It is left where it is put away.

    Raises:
        RefusedError: the ledger knows it already, or its directory is not empty.
    """
    rotation, disk = depot.disk(label)
    place = depot.site.resolve(disk.directory)
    if label in depot.copies().media:
        raise RefusedError(
            f"{label} was prepared before",
            hint=f"use it with: holdfast backup media attach {label}; a new disk needs a new label",
        )
    with errors.naming(f"the place of {label}"):
        place.mkdir(parents=True, exist_ok=True, mode=_OPEN)
    if others := sorted(entry.name for entry in place.iterdir() if entry.name not in _NO_CONTENT):
        raise RefusedError(
            f"{place} is not empty ({', '.join(others[:3])})", hint="a medium begins empty; nothing was written"
        )
    made = Label(label, secrets.token_hex(16), rotation, depot.site.settings.site)
    _write_label(place, made)
    depot.ledger.append("medium.prepared", {"store": label, "id": made.id, "set": rotation, "path": str(place)})
    place.chmod(_AWAY)
    return made


def attach(depot: Depot, label: str) -> Store:
    """Put a medium in use, after proving that it is the right one. Attaching twice changes nothing.

    Raises:
        WrongMediumError: it is another one; no byte was written and it stays where it was.
        MediumAwayError: there is no medium in its place.
    """
    store = depot.medium(label)
    place = depot.site.resolve(depot.disk(label)[1].directory)
    if read_label(store.path) is not None:
        require(depot, label)
        _record_once(depot, label, "attached", store.path)
        return store
    if not place.is_dir():
        raise errors.MediumAwayError(f"no medium lies at {place}", hint=f"fetch {label} and put it there")
    with errors.naming(f"the place of {label}"):
        mode = place.stat().st_mode & 0o7777
        place.chmod(_OPEN)
    try:
        _prove(depot, label, place)
        _move(place, store.path)
    except BaseException:
        if place.is_dir():
            place.chmod(mode)
        raise
    _record_once(depot, label, "attached", store.path)
    return store


def require(depot: Depot, label: str) -> Identity:
    """Prove that the right medium is attached, and return what must stay the same while it is used.

    Raises:
        MediumAwayError: it is not attached.
        WrongMediumError: another medium is.
    """
    store = depot.medium(label)
    if not store.path.is_dir() or not os.access(store.path, os.R_OK | os.X_OK):
        raise errors.MediumAwayError(
            f"{label} is not attached at {store.path}", hint=f"fetch it, then: holdfast backup media attach {label}"
        )
    found = _prove(depot, label, store.path)
    status = store.path.stat()
    return Identity(found.id, status.st_dev, status.st_ino)


def require_same(depot: Depot, label: str, before: Identity) -> None:
    """Prove that the medium in use is still the one it was before.

    Raises:
        MediumAwayError, WrongMediumError: it was taken away or exchanged meanwhile.
    """
    try:
        now = require(depot, label)
    except errors.MediumAwayError as error:
        raise errors.MediumAwayError(
            f"{label} went away while it was in use",
            hint=f"attach it again and repeat; look at {depot.medium(label).path}",
        ) from error
    if now != before:
        raise errors.WrongMediumError(
            f"{label} was exchanged while it was in use", hint="attach the right one and repeat"
        )


def add_repository(store: Store, system: str) -> None:
    """Write a repository's identity onto the medium's label."""
    digest = store.holder.digest(system)
    current = read_label(store.path)
    if current is not None and digest is not None:
        _write_label(store.path, Label(**{**asdict(current), "repositories": {**current.repositories, system: digest}}))


def detach(depot: Depot, label: str) -> Path:
    """Put a medium away: out of its attach path, and closed. Returns where it lies then.

    A detach that broke off is finished by the next one.

    Raises:
        MediumAwayError, WrongMediumError: it is neither attached nor in its place.
    """
    store = depot.medium(label)
    place = depot.site.resolve(depot.disk(label)[1].directory)
    if store.path.exists() or not place.is_dir():
        require(depot, label)
        _move(store.path, place)
    place.chmod(_AWAY)
    _record_once(depot, label, "detached", place)
    return place


def where(depot: Depot, label: str, known: Medium | None) -> str:
    """Return in words where a medium is to be found."""
    _, disk = depot.disk(label)
    if known is not None and known.state == "attached":
        return str(depot.medium(label).path)
    parts = [
        disk.shelf or str(depot.site.resolve(disk.directory)),
        f"kept by {disk.custodian}" if disk.custodian else "",
    ]
    return ", ".join(part for part in parts if part)


@dataclass(frozen=True)
class Listed:
    """One medium as the settings and the ledger know it; times are RFC 3339 or None."""

    label: str
    set: str
    state: str
    where: str
    sealed_at: str | None
    probed_at: str | None
    proof: str

    def as_json(self) -> dict[str, Any]:
        """Return the documented shape."""
        return asdict(self)


def listed(depot: Depot) -> list[Listed]:
    """Return every medium of the settings, whether prepared or not; answered from the ledger alone."""
    known = depot.copies().media
    return [
        _listed(depot, rotation, label, known.get(label))
        for rotation, found in depot.site.settings.media.items()
        for label in found.disks
    ]


def _listed(depot: Depot, rotation: str, label: str, known: Medium | None) -> Listed:
    place = where(depot, label, known)
    if known is None:
        return Listed(label, rotation, "new", place, None, None, "not prepared")
    proof = "proved" if known.proved_offline else "ANSWERS" if known.reached else "not proved"
    sealed, probed = (None if moment is None else to_text(moment) for moment in (known.sealed_at, known.probed_at))
    return Listed(label, rotation, known.state, place, sealed, probed, proof)


def read_label(place: Path) -> Label | None:
    """Return what a medium says of itself, or None."""
    try:
        return Label(**json.loads((place / LABEL).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def _prove(depot: Depot, label: str, place: Path) -> Label:
    """Hold a medium against the ledger: label, id, site and every repository it must carry."""
    copies = depot.copies()
    known, found = copies.media.get(label), read_label(place)
    if known is None:
        raise errors.WrongMediumError(
            f"{label} was never prepared here", hint=f"for a new medium: holdfast backup media prepare {label}"
        )
    if found is None:
        raise errors.WrongMediumError(
            f"what lies at {place} has no label of ours", hint=f"put {label} there; nothing was written"
        )
    if (found.label, found.id) != (label, known.id) or found.site != depot.site.settings.site:
        raise errors.WrongMediumError(
            f"{place} is medium {found.label} of {found.site} ({found.id[:8]}), wanted is {label} ({known.id[:8]})",
            hint=f"put {label} there; nothing was written",
        )
    for system, repository in copies.repositories("medium", label).items():
        if (digest := digest_of(place / system)) != repository.digest:
            fault = "is missing" if digest is None else "is another one"
            raise errors.WrongMediumError(
                f"{label} is not as it was: its repository of {system} {fault}",
                hint="do not use this medium; take the other one of its set, and keep this one for inspection",
            )
    return found


def _record_once(depot: Depot, label: str, state: str, path: Path) -> None:
    """Record a medium's new state, unless the ledger has it already."""
    known = depot.copies().media.get(label)
    if known is None or known.state != state:
        depot.ledger.append(f"medium.{state}", {"store": label, "path": str(path)})


def _move(source: Path, target: Path) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        source.rename(target)
    except OSError as error:
        raise errors.MediumAwayError(
            f"{source} cannot be moved to {target}: {error.strerror}",
            hint="`directory` and `attach` must lie on one file system, and nothing may be at the new place",
        ) from error


def _write_label(place: Path, label: Label) -> None:
    with errors.naming(f"medium {label.label}"):
        durable.write(place / LABEL, (json.dumps(asdict(label), indent=2) + "\n").encode(), mode=0o600)
