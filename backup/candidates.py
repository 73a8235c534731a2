"""From which snapshots can a system be brought back? What the ledger knows, held against what is reachable now."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from backup import media, vault
from backup.depot import Depot, Store
from backup.errors import MediumAwayError, RepositoryMissingError
from backup.history import Copies, Kept
from inventory.errors import HoldfastError, UsageError


@dataclass(frozen=True)
class Candidate:
    """One snapshot a system could be restored from.

    `time` is when its data was taken, `data_time` the newest record in it (canary); `reachable` whether it can be read
    now, else `where` says where its store is. `checked_at` is the last check of its repository that read every byte
    and found it whole; `suspect` says in words what speaks against it (empty: nothing known). `seq` is the record that
    vouches for it.
    """

    system: str
    store: str
    kind: str
    snapshot: str
    time: datetime
    data_time: datetime | None
    files: int
    bytes: int
    reachable: bool
    checked_at: datetime | None
    suspect: str
    where: str
    seq: int


def candidates(depot: Depot, system: str) -> list[Candidate]:
    """Return every recorded snapshot of a system, newest first; among equals reachable ones, then vaults, come first.

    Reads labels, identities and file names only: no password, no write.
    """
    copies = depot.copies()
    snapshots = copies.snapshots(system)
    found: list[Candidate] = []
    for store in depot.stores():
        kept = [item for item in snapshots if (item.kind, item.store) == (store.kind, store.name)]
        if kept:
            obstacle, held = _look(depot, store, system, copies)
            found += [_candidate(depot, store, item, obstacle, held, copies) for item in kept]
    return in_order(found)


def in_order(found: Sequence[Candidate]) -> list[Candidate]:
    """Sort candidates: newest first, then reachable, then vault before medium, then by name. Pure."""
    return sorted(found, key=lambda one: (-one.time.timestamp(), not one.reachable, one.kind != "vault", one.store))


def choose(found: Sequence[Candidate], *, snapshot: str = "", store: str = "") -> Candidate | None:
    """Return the first candidate that fits; what is reachable, not suspect, or can be fetched is preferred. Pure.

    `snapshot` is (the beginning of) an id or `latest` or empty.
    """
    wanted = "" if snapshot == "latest" else snapshot
    fitting = [one for one in found if one.snapshot.startswith(wanted) and store in ("", one.store)]
    return min(
        fitting,
        key=lambda one: (not one.reachable, bool(one.suspect), not one.reachable and one.kind == "vault"),
        default=None,
    )


def find(depot: Depot, system: str, *, snapshot: str = "", store: str = "") -> Candidate:
    """Return the candidate to restore from.

    Raises:
        UsageError: no such system, store or snapshot.
        RepositoryMissingError: the system has no snapshot at all.
        MediumAwayError: what fits lies where it cannot be read now.
    """
    depot.site.system(system)
    if store:
        depot.store(store)
    found = candidates(depot, system)
    if not found:
        raise RepositoryMissingError(f"{system} has no snapshot yet", hint=f"holdfast backup run {system}")
    chosen = choose(found, snapshot=snapshot, store=store)
    if chosen is None:
        shown = ", ".join(f"{one.snapshot[:8]} in {one.store}" for one in found[:5])
        raise UsageError(f"no snapshot of {system} fits", hint=f"there are {shown}")
    if not chosen.reachable:
        hint = f"is its disk mounted? Every copy there is: holdfast recover candidates {system}"
        if chosen.kind == "medium":
            hint = f"fetch it, then: holdfast backup media attach {chosen.store}"
        raise MediumAwayError(f"snapshot {chosen.snapshot[:8]} cannot be read now: {chosen.where}", hint=hint)
    return chosen


def _candidate(
    depot: Depot, store: Store, kept: Kept, obstacle: str, held: Collection[str], copies: Copies
) -> Candidate:
    present = not obstacle and kept.snapshot in held
    checked = copies.check(kept.system, store.kind, store.name)
    doubts = []
    if kept.status != "complete":
        doubts.append("the backup was incomplete")
    if checked is not None and not checked.whole:
        doubts.append(f"damage was found: {checked.problems[0]}")
    if not obstacle and not present:
        doubts.append("the store no longer holds it")
    medium = copies.media.get(store.name)
    return Candidate(
        system=kept.system,
        store=store.name,
        kind=store.kind,
        snapshot=kept.snapshot,
        time=kept.at,
        data_time=kept.data_time,
        files=kept.files,
        bytes=kept.bytes,
        reachable=present,
        checked_at=checked.at if checked is not None and checked.whole and checked.read_data else None,
        suspect="; ".join(doubts),
        where=media.where(depot, store.name, medium) if store.kind == "medium" else str(store.holder),
        seq=kept.seq,
    )


def _look(depot: Depot, store: Store, system: str, copies: Copies) -> tuple[str, Collection[str]]:
    """Return what keeps a store's repository from being read now, in words, or else the snapshots it holds."""
    known = copies.repository(store.kind, store.name, system)
    try:
        if store.kind == "medium":
            media.require(depot, store.name)
        elif said := vault.look(depot, store):
            return said, ()
        if known is None or store.holder.digest(system) != known.digest:
            return "its repository is not the one recorded", ()
        return "", frozenset(store.holder.names(system, "snapshots"))
    except HoldfastError as error:
        return error.message, ()
