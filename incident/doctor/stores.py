"""Checks of vaults, keys to repositories, and media."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial

from backup import lost, vault
from backup.depot import Depot, Store
from backup.history import Copies, Kept, Medium
from backup.schedule import next_due
from incident.doctor.finding import Check, Found
from incident.doctor.patient import Patient
from inventory import duration
from inventory.errors import HoldfastError
from inventory.system import Copy, MediaCopy

VAULT_SECONDS = 15.0
_SOON = timedelta(days=1)


def checks(patient: Patient) -> list[Check]:
    """Return the checks of the stores; each vault is asked apart, for a dead one may not answer at all."""
    why = "without its vault no new copy is made, and the old ones there are out of reach"
    return [
        *(
            Check(f"vault-{name}", why, partial(_one_vault, patient, name), limit=VAULT_SECONDS)
            for name in patient.site.settings.vaults
        ),
        Check(
            "repositories",
            "a repository that is gone, or whose password is gone, holds no copy any more",
            lambda: repositories(patient.depot),
            mend="holdfast backup status",
        ),
        Check(
            "media-due",
            "the offline copy is what an attacker on this machine cannot reach",
            lambda: media_due(patient.depot, patient.clock.now()),
        ),
    ]


def _one_vault(patient: Patient, name: str) -> list[Found]:
    return [of_vault(patient.depot, name)]


def of_vault(depot: Depot, name: str) -> Found:
    """Is a vault there, and the one the ledger knows?"""
    store = depot.vault(name)
    try:
        vault.require(depot, store)
        store.holder.strangers()
    except HoldfastError as error:
        return Found("red", error.message, mend=error.hint)
    except OSError as error:
        return Found("red", f"{store.holder} cannot be read: {error.strerror}", mend=f"ls -la {store.holder}")
    if depot.copies().vault_id(name) is None:
        return Found("amber", f"{store.holder} is there, and was never used", mend="holdfast backup run --all")
    return Found("green", f"{store.holder} is the vault the ledger knows")


def repositories(depot: Depot) -> Iterator[Found]:
    """Is every repository of the vaults there, with its password?"""
    copies, seen = depot.copies(), 0
    for name in depot.site.settings.vaults:
        store = depot.vault(name)
        for system in copies.repositories("vault", name):
            seen += 1
            if not _key_there(depot, store, system):
                words = f"the password {depot.key_file(store, system)} is missing"
                yield Found("red", words, f"{system} in {name}", "bring it back from the escrow")
    for key, unreadable in lost.of_systems(depot.site, copies).items():
        for name, reason in unreadable.items():
            yield Found("red", reason, f"{key} in {name}")
    yield (
        Found("green", f"{seen} repositories known, passwords looked for")
        if seen
        else Found("amber", "no repository was made yet", mend="holdfast backup run --all")
    )


def media_due(depot: Depot, now: datetime) -> Iterator[Found]:
    """Is an offline copy due within a day, is a medium left attached, or does one answer that is away?"""
    copies = depot.copies()
    periods: dict[str, list[timedelta]] = {}
    for system in depot.site.own.values():
        for copy in system.copies:
            if isinstance(copy, MediaCopy):
                periods.setdefault(copy.media, []).append(copy.every)
    if not periods:
        yield Found("amber", "no system has a copy on offline media", mend="add `{media: SET, every: 7d}` to `copies`")
    for name, found in periods.items():
        yield _rotation(depot, copies, name, min(found), now)
    for medium in copies.media.values():
        yield from _medium(medium)


def _rotation(depot: Depot, copies: Copies, name: str, every: timedelta, now: datetime) -> Found:
    """Judge a rotation set by the system whose newest copy on it is oldest."""
    labels = list(depot.site.settings.media[name].disks)
    asked = [key for key, system in depot.site.own.items() if any(_is_on(copy, name) for copy in system.copies)]
    ages = {key: _newest(copies, key, labels) for key in asked}
    late = [key for key, kept in ages.items() if kept is None]
    mend = f"holdfast backup media attach {copies.whose_turn(labels)}"
    if late:
        return Found("red", f"nothing of {', '.join(late)} is on it yet", f"set {name}", mend)
    oldest = min(kept.at for kept in ages.values() if kept is not None)
    due = next_due(every, oldest, now)
    if now - oldest >= every:
        words = f"the next copy has been due for {duration.show(now - oldest - every)}"
        return Found("red", words, f"set {name}", mend)
    if due - now <= _SOON:
        return Found("amber", f"the next copy is due in {duration.show(due - now)}", f"set {name}", mend)
    return Found("green", f"the next copy is due in {duration.show(due - now)}", f"set {name}")


def _is_on(copy: Copy, name: str) -> bool:
    return isinstance(copy, MediaCopy) and copy.media == name


def _newest(copies: Copies, key: str, labels: list[str]) -> Kept | None:
    found = [kept for label in labels if (kept := copies.newest(key, "medium", label)) is not None]
    return max(found, key=lambda kept: kept.at, default=None)


def _medium(medium: Medium) -> Iterator[Found]:
    if medium.reached:
        mend = f"holdfast backup media probe {medium.label}"
        yield Found("red", "it answered a probe although it is put away", f"medium {medium.label}", mend)
    elif medium.state == "attached":
        mend = f"holdfast backup media detach {medium.label}"
        yield Found("amber", "it is attached: an attacker on this machine reaches it", f"medium {medium.label}", mend)
    elif medium.state == "detached" and not medium.proved_offline:
        mend = f"holdfast backup media probe {medium.label}"
        yield Found("amber", "nobody has probed it since it was put away", f"medium {medium.label}", mend)


def _key_there(depot: Depot, store: Store, system: str) -> bool:
    file = depot.key_file(store, system)
    try:
        return bool(file.read_bytes().strip())
    except FileNotFoundError:
        return False
