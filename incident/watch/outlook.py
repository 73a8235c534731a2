"""How the watch stands, the work of the days ahead, and what gets in its way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from backup.history import state_of
from incident.watch import calendar, clashing, heartbeat, notifying
from incident.watch.calendar import Due
from incident.watch.heartbeat import Beat
from incident.watch.parts import PARTS
from inventory.site import Site
from ledger.ledger import Ledger


@dataclass(frozen=True)
class Outlook:
    """What `watch show` tells: whether the watch was set up, why it counts as not running (empty: it runs), how its
    parts ended, the work ahead, and the clashes in words."""

    set_up: bool
    silence: str
    parts: Sequence[Beat]
    ahead: Sequence[Due]
    clashes: Sequence[str]

    def as_json(self) -> dict[str, Any]:
        """Return the documented JSON shape."""
        return {
            "set_up": self.set_up,
            "silence": self.silence,
            "parts": [beat.as_json() for beat in self.parts],
            "ahead": [each.as_json() for each in self.ahead],
            "clashes": list(self.clashes),
        }


def outlook(site: Site, ledger: Ledger, state: Path, days: int) -> Outlook:
    """Return how it stands now and for so many days."""
    now, copies = ledger.clock.now(), state_of(ledger)
    until = now + timedelta(days=days)
    running = [(incident.id, each) for incident, found in notifying.running(site, ledger) for each in found]
    ahead = calendar.in_order(
        [
            *calendar.copying(site, copies, now, until),
            *calendar.detecting(site, heartbeat.read(state, "detect"), now),
            *calendar.owing(running, until),
        ]
    )
    beats = [beat for part in PARTS if (beat := heartbeat.read(state, part.name)) is not None]
    clashes = clashing.clashes(site, copies, ahead)
    return Outlook(heartbeat.ever(state), heartbeat.silence(state, now), beats, ahead, clashes)
