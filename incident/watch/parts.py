"""The parts of the watch, and when each is to be done. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

Name = Literal["backup", "detect", "clocks", "outbox"]


@dataclass(frozen=True)
class Part:
    """One part: how often it is looked at, and how long one round may take before it is ended."""

    name: Name
    every: timedelta
    limit: timedelta


PARTS: tuple[Part, ...] = (
    Part("backup", timedelta(minutes=1), timedelta(hours=24)),
    Part("detect", timedelta(minutes=5), timedelta(minutes=30)),
    Part("clocks", timedelta(minutes=1), timedelta(minutes=5)),
    Part("outbox", timedelta(minutes=1), timedelta(minutes=15)),
)
SYSTEM_LIMIT = timedelta(hours=12)
"""How long the copy of one system may take before it is ended, so that the next one gets its turn."""

_SHORTEST_PAUSE, _LONGEST_PAUSE = timedelta(minutes=10), timedelta(hours=1)


def named(name: str) -> Part:
    """Return a part by its name.

    Raises:
        KeyError: there is none.
    """
    return {part.name: part for part in PARTS}[name]  # type: ignore[index]


def may_try(every: timedelta, failed_at: datetime | None, now: datetime) -> bool:
    """Tell whether a due copy is tried now: one that failed rests a while, a quarter of its period, an hour at most.

    A failure that seems to come from the future does not hold it up: then the clock was set back.
    """
    if failed_at is None or failed_at > now:
        return True
    return now - failed_at >= min(max(every / 4, _SHORTEST_PAUSE), _LONGEST_PAUSE)
