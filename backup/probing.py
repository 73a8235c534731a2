"""Prove that a medium which is put away cannot be reached; one that answers is an alarm."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from backup.depot import Depot
from ledger.alerts import Alert, alert_id, raise_alerts


@dataclass(frozen=True)
class Probed:
    """Whether a medium answered, what was tried and found, and whether that is an alarm."""

    label: str
    reached: bool
    alarm: bool
    tried: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the documented shape."""
        return asdict(self) | {"tried": list(self.tried)}


def probe(depot: Depot, label: str) -> Probed:
    """Try to reach a medium as anybody on this machine would; one that answers while it is put away is an alarm."""
    store = depot.medium(label)
    known = depot.copies().media.get(label)
    place = depot.site.resolve(depot.disk(label)[1].directory)
    tried = [_try(store.path)]
    if os.geteuid() != 0:  # root passes every mode; a directory is only a stand-in for a disk
        tried.append(_try(place))
    reached = any(answered for answered, _ in tried)
    alarm = reached and not (known is not None and known.state == "attached")
    result = Probed(label, reached, alarm, tuple(text for _, text in tried))
    record = depot.ledger.append("medium.probed", {"store": label, "reached": reached, "tried": list(result.tried)})
    if alarm:
        _raise_alarm(depot, label, result, record.seq)
    return result


def _try(place: Path) -> tuple[bool, str]:
    """Return whether anything of a medium answers at a place, and how it was tried."""
    try:
        found = sorted(entry.name for entry in place.iterdir())
    except OSError as error:
        return False, f"{place}: {error.strerror}"
    if not found:
        return False, f"{place}: empty"
    return True, f"{place}: answers with {len(found)} entries"


def _raise_alarm(depot: Depot, label: str, result: Probed, seq: int) -> None:
    alert = Alert(
        id=alert_id("medium-reachable", "1", f"{label}:{seq}"),
        rule="medium-reachable",
        title=f"Offline medium {label} can be reached while it should be away",
        level="high",
        source="backup",
        system=None,
        first_at=depot.clock.now(),
        last_at=depot.clock.now(),
        count=1,
        events=(),
        summary="; ".join(result.tried),
        tags=("offline",),
    )
    raise_alerts(depot.ledger, [alert])
