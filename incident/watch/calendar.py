"""What comes due in the days ahead: copies, detection, and what open incidents owe. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from backup.history import Copies, Kept
from backup.schedule import next_due
from incident.clocks import IncidentClock
from incident.watch import parts
from incident.watch.heartbeat import Beat
from inventory import clock as clocks
from inventory import duration
from inventory.site import Site
from inventory.system import MediaCopy, VaultCopy

_MOST_RUNS = 2000

Kind = Literal["vault", "media", "detect", "clock"]


@dataclass(frozen=True)
class Due:
    """One piece of work: a copy into a vault (done by itself), one onto media (somebody fetches a disk), detection, or
    the deadline of an incident's clock.

    `system` and `store` are empty where it is about no single one; `what` says what else there is to know; `seconds`
    is how long it took last time (None: it was never done); `every` is how often it comes again, where not each time
    is a piece of its own.
    """

    at: datetime
    kind: Kind
    system: str
    store: str
    seconds: float | None = None
    what: str = ""
    every: timedelta | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the documented JSON shape."""
        return {
            "at": clocks.to_text(self.at),
            "kind": self.kind,
            "system": self.system or None,
            "store": self.store or None,
            "seconds": self.seconds,
            "every_seconds": None if self.every is None else self.every.total_seconds(),
            "what": self.what,
        }


def copying(site: Site, copies: Copies, now: datetime, until: datetime) -> list[Due]:
    """Return every copy that comes due, if each is made when it does."""
    return [
        each
        for key, system in site.own.items()
        for copy in system.copies
        for each in _runs(site, copies, key, copy, now, until)
    ]


def detecting(site: Site, last: Beat | None, now: datetime) -> list[Due]:
    """Return the sweeps over the logs as one piece of work that comes again; `last` is how the last one ended."""
    reading = sum(1 for system in site.own.values() if system.logs)
    if not reading:
        return []
    every = parts.named("detect").every
    took = None if last is None or last.ended_at is None else (last.ended_at - last.started_at).total_seconds()
    at = now if last is None or last.started_at > now else max(now, last.started_at + every)
    what = f"the logs of {reading} {'system' if reading == 1 else 'systems'}, every {duration.show(every)}"
    return [Due(at, "detect", "", "", took, what, every)]


def owing(running: Iterable[tuple[str, IncidentClock]], until: datetime) -> list[Due]:
    """Return the deadlines of clocks that nobody stopped, each with its incident's id; those missed lie in the past."""
    return [
        Due(each.due, "clock", each.system or "", "", None, _owed(incident, each))
        for incident, each in running
        if each.stopped is None and each.due <= until
    ]


def in_order(found: Iterable[Due]) -> list[Due]:
    """Return the earliest first."""
    return sorted(found, key=lambda each: (each.at, each.kind, each.system, each.store, each.what))


def _owed(incident: str, clock: IncidentClock) -> str:
    return f"{incident}: {clock.title}{', LATE' if clock.late else ''}"


def _runs(
    site: Site, copies: Copies, key: str, copy: VaultCopy | MediaCopy, now: datetime, until: datetime
) -> Iterator[Due]:
    last: Kept | None
    kind: Kind
    match copy:
        case VaultCopy(vault=store):
            kind, labels, where = "vault", [store], "vault"
        case MediaCopy(media=store):
            kind, labels, where = "media", list(site.settings.media[store].disks), "medium"
    kept = [copies.newest(key, where, label) for label in labels]
    last = max(filter(None, kept), key=lambda each: each.at, default=None)
    times = [copies.last_at(key, where, label, now) for label in labels]
    at = next_due(copy.every, max(filter(None, times), default=None), now)
    for _ in range(_MOST_RUNS):
        if at > until:
            return
        yield Due(at, kind, key, store, None if last is None else last.seconds)
        at += copy.every
