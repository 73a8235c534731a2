"""What comes due in the days ahead, and what gets in each other's way. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations
from typing import Any

from backup.history import Copies
from backup.schedule import next_due
from inventory import clock as clocks
from inventory.site import Site
from inventory.system import MediaCopy, VaultCopy

_MOST_RUNS = 2000


@dataclass(frozen=True)
class Due:
    """One piece of work: a copy into a vault (done by itself), or one onto media (somebody fetches a disk).

    `seconds` is how long it took last time (None: it was never done).
    """

    at: datetime
    kind: str
    system: str
    store: str
    seconds: float | None

    def as_json(self) -> dict[str, Any]:
        """Return the documented JSON shape."""
        return {
            "at": clocks.to_text(self.at),
            "kind": self.kind,
            "system": self.system,
            "store": self.store,
            "seconds": self.seconds,
        }


def ahead(site: Site, copies: Copies, now: datetime, days: int = 7) -> list[Due]:
    """Return the work of the days ahead, the earliest first, if each is done when it comes due."""
    until = now + timedelta(days=days)
    found = [
        each
        for key, system in site.own.items()
        for copy in system.copies
        for each in _runs(site, copies, key, copy, now, until)
    ]
    return sorted(found, key=lambda each: (each.at, each.system, each.store))


def _runs(
    site: Site, copies: Copies, key: str, copy: VaultCopy | MediaCopy, now: datetime, until: datetime
) -> Iterator[Due]:
    match copy:
        case VaultCopy(vault=store):
            kind, last = "vault", copies.newest(key, "vault", store)
        case MediaCopy(media=store):
            kept = [copies.newest(key, "medium", label) for label in site.settings.media[store].disks]
            kind, last = "media", max(filter(None, kept), key=lambda each: each.at, default=None)
    at = next_due(copy.every, None if last is None else last.at, now)
    for _ in range(_MOST_RUNS):
        if at > until:
            return
        yield Due(at, kind, key, store, None if last is None else last.seconds)
        at += copy.every


def clashes(site: Site, coming: list[Due]) -> list[str]:
    """Return, once each, what gets in each other's way: disks for one place on one day, copies of one host at once."""
    found = [*_places(site, coming), *_hosts(site, coming)]
    return list(dict.fromkeys(found))


def _places(site: Site, coming: list[Due]) -> Iterator[str]:
    """Two rotation sets whose disks are attached at the same path, wanted on the same day."""
    days: dict[tuple[str, str], set[str]] = {}
    for each in coming:
        if each.kind == "media":
            for disk in site.settings.media[each.store].disks.values():
                days.setdefault((each.at.date().isoformat(), disk.attach), set()).add(each.store)
    for (day, place), sets in days.items():
        if len(sets) > 1:
            yield f"{day}: the sets {' and '.join(sorted(sets))} both want {place}"


def _hosts(site: Site, coming: list[Due]) -> Iterator[str]:
    """Copies that read the same host and, by their last duration, would run at the same time."""
    hosts: Mapping[str, set[str]] = {key: {source.host for source in system.data} for key, system in site.own.items()}
    vaults = [each for each in coming if each.kind == "vault" and each.seconds]
    for first, second in combinations(vaults[:_MOST_RUNS], 2):
        if second.at > first.at + timedelta(seconds=first.seconds or 0):
            continue
        shared = hosts[first.system] & hosts[second.system]
        if shared and (first.system, first.store) != (second.system, second.store):
            yield f"{first.system} and {second.system} read {', '.join(sorted(shared))} at the same time: one waits"
