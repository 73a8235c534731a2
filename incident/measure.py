"""What a recovery really took: from detection to a system's own tests passing, part by part. Pure but the reading."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from incident.incident import Incident
from inventory.outline import Systems

if TYPE_CHECKING:
    from incident.runs import Run


@dataclass(frozen=True)
class Recovered:
    """One system of one incident, measured. Times are in seconds; None: it is not back, or nothing tells.

    `recovered_seconds` runs from detection until its own tests passed; `data_loss_seconds` from the newest record
    really in the restored data to detection. `verified` means: every restored file and database was equal to its
    manifest and the system's own tests passed.
    """

    key: str
    target_seconds: float
    recovered_seconds: float | None
    data_loss_seconds: float | None
    bytes: int
    verified: bool
    started_at: datetime | None
    normal_at: datetime | None
    evidence: tuple[int, ...]

    @property
    def in_time(self) -> bool:
        """Tell whether it came back within its target."""
        return self.recovered_seconds is not None and self.recovered_seconds <= self.target_seconds


def recovered(incident: Incident, systems: Systems, run: Run | None) -> list[Recovered]:
    """Return every affected system of an incident as measured so far."""
    found = []
    for key in incident.systems:
        normal = incident.normal.get(key)
        newest = normal.newest_data if normal else None
        lost = None if newest is None else max(0.0, (incident.detected_at - newest).total_seconds())
        found.append(
            Recovered(
                key=key,
                target_seconds=systems[key].rto.total_seconds() if key in systems else 86400.0,
                recovered_seconds=(normal.at - incident.detected_at).total_seconds() if normal else None,
                data_loss_seconds=lost,
                bytes=normal.bytes if normal else 0,
                verified=normal is not None and normal.bytes > 0,
                started_at=_began(run, key),
                normal_at=normal.at if normal else None,
                evidence=(normal.seq,) if normal else (),
            )
        )
    return found


def _began(run: Run | None, key: str) -> datetime | None:
    if run is None:
        return None
    moments = [state.at for step, state in run.steps.items() if step.startswith(f"{key}/") and state.at is not None]
    return min(moments, default=None)
