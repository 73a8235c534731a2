"""What will fail tonight: every copy that is due within a day, tried as far as looking goes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from backup import sources, vault
from backup.depot import Depot, Store
from backup.history import Copies
from backup.schedule import next_due
from incident.doctor.finding import Check, Found
from incident.doctor.patient import Patient
from inventory import duration, size
from inventory.errors import HoldfastError
from inventory.site import Site
from inventory.system import VaultCopy

NIGHT = timedelta(days=1)
_SPARE = 1.1
"""A copy is given its last size and a tenth."""


@dataclass(frozen=True)
class Due:
    """A copy to be made: of which system, into which vault, when, how often."""

    system: str
    store: str
    at: datetime
    every: timedelta


def checks(patient: Patient) -> list[Check]:
    """Return the check of tonight's copies."""
    return [
        Check(
            "tonight",
            "what stands in the way of tonight's copy is mended more easily today",
            lambda: tonight(patient),
            mend="holdfast backup status",
            limit=60,
        )
    ]


def tonight(patient: Patient) -> Iterator[Found]:
    """Try every copy due within a day; what is red is the first thing it will fail on."""
    depot, now = patient.depot, patient.clock.now()
    coming = due(patient.site, depot.copies(), now, NIGHT)
    for one in coming:
        when = "now" if one.at <= now else f"in {duration.show(one.at - now)}"
        try:
            obstacle = against(depot, one)
        except OSError as error:
            obstacle = Found("red", f"{error.filename}: {error.strerror}")
        subject = f"{one.system} into {one.store}"
        if obstacle is None:
            yield Found("green", f"due {when}; nothing stands in its way", subject)
        else:
            yield Found(obstacle.state, f"due {when}, will fail: {obstacle.found}", subject, obstacle.mend)
    if not coming:
        nothing = any(isinstance(copy, VaultCopy) for system in patient.site.own.values() for copy in system.copies)
        yield Found("green" if nothing else "amber", "no copy is due within a day")


def due(site: Site, copies: Copies, now: datetime, within: timedelta) -> list[Due]:
    """Return the next copy of each system into each of its vaults if it is due soon, the earliest first."""
    found = []
    for key, system in site.own.items():
        for copy in system.copies:
            if isinstance(copy, VaultCopy):
                at = next_due(copy.every, copies.last_at(key, "vault", copy.vault, now), now)
                found.append(Due(key, copy.vault, at, copy.every))
    return sorted((one for one in found if one.at - now <= within), key=lambda one: (one.at, one.system, one.store))


def against(depot: Depot, one: Due) -> Found | None:
    """Return the first thing a copy will fail on: source, vault, repository and password, room."""
    store = depot.vault(one.store)
    return (
        _source(depot, one.system)
        or _vault(depot, store)
        or _password(depot, store, one.system)
        or _room(depot, store, one.system)
    )


def _source(depot: Depot, key: str) -> Found | None:
    show = f"holdfast inventory show {key}"
    if not depot.site.system(key).data:
        return Found("red", "it names no data", mend=show)
    try:
        absent = sources.absent(depot, key)
    except HoldfastError as error:
        return Found("red", error.message, mend=error.hint)
    return Found("red", absent[0], mend=show) if absent else None


def _vault(depot: Depot, store: Store) -> Found | None:
    try:
        vault.require(depot, store)
    except HoldfastError as error:
        return Found("red", error.message, mend=error.hint)
    return None


def _password(depot: Depot, store: Store, system: str) -> Found | None:
    if depot.copies().repository(store.kind, store.name, system) is None:
        return None  # the copy itself makes repository and password
    try:
        depot.open(store, system)
    except HoldfastError as error:
        return Found("red", error.message, mend=error.hint)
    return None


def _room(depot: Depot, store: Store, system: str) -> Found | None:
    """Compare what is free in the vault with what the last copy added; the first one may be whole."""
    newest = depot.copies().newest(system)
    if newest is None:
        return None
    known = depot.copies().newest(system, store.kind, store.name) is not None
    wanted = int(_added(depot, system, store) * _SPARE) if known else newest.bytes
    free = store.holder.free()
    if free is None or wanted <= free:
        return None
    return Found("red", f"the vault has {size.show(free)} free, the copy needs {size.show(wanted)}", mend="df -h")


def _added(depot: Depot, system: str, store: Store) -> int:
    """Return the most bytes one of the last copies added, the first one apart."""
    runs = [
        record.body.get("added") or 0
        for record in depot.ledger.read(kinds=("backup.finished",), system=system, newest=30)
        if record.body.get("store") == store.name and record.body.get("snapshot")
    ]
    return max(runs[1:] or runs, default=0)
