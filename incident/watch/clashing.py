"""What gets in the way of the work ahead: copies that want one host or one vault at once, disks that are away. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from operator import attrgetter

from backup.history import Copies
from incident.watch.calendar import Due
from inventory import duration
from inventory.site import Site

_MOST_NAMES = 5


def clashes(site: Site, copies: Copies, coming: Sequence[Due]) -> list[str]:
    """Return what gets in the way, in words, the same thing once; `coming` has the earliest first."""
    return [*_places(site, coming), *_away(site, copies, coming), *_crowds(site, coming)]


def _places(site: Site, coming: Sequence[Due]) -> Iterator[str]:
    """Two rotation sets whose disks are attached at the same path, wanted on the same day."""
    days: dict[tuple[str, str], set[str]] = {}
    for each in coming:
        if each.kind == "media":
            for disk in site.settings.media[each.store].disks.values():
                days.setdefault((each.at.date().isoformat(), disk.attach), set()).add(each.store)
    for (day, place), sets in days.items():
        if len(sets) > 1:
            yield f"{day}: the sets {' and '.join(sorted(sets))} both want {place}"


def _away(site: Site, copies: Copies, coming: Sequence[Due]) -> Iterator[str]:
    """Rotation sets that are needed while none of their disks is attached: which to fetch, where, for when."""
    first = {each.store: each for each in reversed(coming) if each.kind == "media"}
    for name, due in sorted(first.items(), key=lambda item: item[1].at):
        disks = site.settings.media[name].disks
        known = copies.media
        if any(label in known and known[label].state == "attached" for label in disks):
            continue
        label = copies.whose_turn(list(disks))
        disk = disks[label]
        place = ", ".join(filter(None, (disk.shelf, disk.custodian)))
        verb = "attach" if label in known else "prepare"
        where = f" ({place})" if place else ""
        yield f"{_when(due.at)}: {name} needs a disk and {label} is away{where}: holdfast backup media {verb} {label}"


def _crowds(site: Site, coming: Sequence[Due]) -> Iterator[str]:
    """Copies of several systems that, by how long they took last time, would use one host or one vault at once."""
    hosts = {key: sorted({source.host for source in system.data}) for key, system in site.own.items()}
    wanted: dict[str, list[Due]] = {}
    for each in coming:
        if each.kind == "vault" and each.seconds:
            for resource in (f"the vault {each.store}", *(f"the host {host}" for host in hosts[each.system])):
                wanted.setdefault(resource, []).append(each)
    for resource, runs in wanted.items():
        met: dict[tuple[str, ...], list[tuple[datetime, timedelta]]] = {}
        for systems, at, wait in _together(runs):
            met.setdefault(systems, []).append((at, wait))
        for systems, times in met.items():
            at, wait = times[0]
            waits = f"{'one' if len(systems) == 2 else 'the last'} waits {duration.show(wait)}"
            again = f" (and {len(times) - 1} times more)" if len(times) > 1 else ""
            yield f"{_when(at)}: {_names(systems)} want {resource} at once: {waits}{again}"


def _together(runs: Sequence[Due]) -> Iterator[tuple[tuple[str, ...], datetime, timedelta]]:
    """Yield the systems that meet at one resource, from when on, and how long the last of them waits for its turn."""
    crowd: list[Due] = []
    free = wait = None
    for each in sorted(runs, key=attrgetter("at")):
        took = timedelta(seconds=each.seconds or 0)
        if free is not None and each.at < free:
            crowd.append(each)
            free, wait = free + took, free - each.at
            continue
        yield from _crowd(crowd, wait)
        crowd, free, wait = [each], each.at + took, None
    yield from _crowd(crowd, wait)


def _crowd(crowd: Sequence[Due], wait: timedelta | None) -> Iterator[tuple[tuple[str, ...], datetime, timedelta]]:
    systems = tuple(sorted({each.system for each in crowd}))
    if len(systems) > 1 and wait is not None:
        yield systems, crowd[0].at, wait


def _names(systems: Sequence[str]) -> str:
    if len(systems) > _MOST_NAMES:
        return f"{', '.join(systems[:_MOST_NAMES])} and {len(systems) - _MOST_NAMES} more"
    return f"{', '.join(systems[:-1])} and {systems[-1]}"


def _when(at: datetime) -> str:
    return at.strftime("%a %d %b %H:%M")
