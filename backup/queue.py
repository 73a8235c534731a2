"""Whose copy is due, who goes first, and how late each is. Pure.

After the machine was off everything is due at once, and one copy is made after the other. First goes the system that
has the higher level, then the one that may lose less data, then the one that waits longer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from backup.history import Copies
from backup.schedule import is_due
from inventory.system import System, VaultCopy

LATE = timedelta(minutes=15)
"""How long after its time a copy may begin without being called late."""


@dataclass(frozen=True)
class Waiting:
    """A system whose copy is due; `since` when the first of its vaults came due (None: never copied, or not known)."""

    system: str
    since: datetime | None

    def late(self, now: datetime) -> timedelta:
        """Return how late its copy is; zero when it is in time, or nobody can know."""
        waits = timedelta() if self.since is None else now - self.since
        return waits if waits > LATE else timedelta()


def waiting(systems: Mapping[str, System], copies: Copies, now: datetime) -> list[Waiting]:
    """Return the systems whose copy in some vault must be made now, the most urgent first."""
    found = [one for key, system in systems.items() if (one := _waiting(key, system, copies, now)) is not None]
    first = datetime.max.replace(tzinfo=now.tzinfo)
    return sorted(
        found, key=lambda one: (-systems[one.system].level, systems[one.system].rpo, one.since or first, one.system)
    )


def _waiting(key: str, system: System, copies: Copies, now: datetime) -> Waiting | None:
    due = False
    times = []
    for copy in system.copies:
        if isinstance(copy, VaultCopy):
            last = copies.last_at(key, "vault", copy.vault, now)
            if is_due(copy.every, last, now):
                due = True
                times += [last + copy.every] if last is not None else []
    return Waiting(key, min(times, default=None)) if due else None
