"""What a recovery really took: from detection to a system's own tests passing, part by part. Pure but the reading."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from incident.incident import Incident
from incident.runs import Run
from inventory.system import System

_GROWS_WITH_DATA = ("copy", "restore")


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


@dataclass(frozen=True)
class Measurement:
    """What one finished recovery of a system tells about the next.

    `prepare_seconds` from detection to the start of the run, `growing_seconds` of its steps that grow with the data
    (`bytes` were restored), `fixed_seconds` of the others; with the moment it was measured and the record that says so.
    """

    system: str
    bytes: int
    prepare_seconds: float
    growing_seconds: float
    fixed_seconds: float
    at: datetime
    seq: int


def recovered(incident: Incident, systems: Mapping[str, System], run: Run | None) -> list[Recovered]:
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


def measurements(incident: Incident, runs: list[Run]) -> dict[str, Measurement]:
    """Return what an incident's recovery teaches about each system that came back with its data in one go."""
    found: dict[str, Measurement] = {}
    for key, normal in incident.normal.items():
        run = next((run for run in reversed(runs) if any(system.key == key for system in run.plan.systems)), None)
        if run is None or not normal.bytes or not normal.measured or _repeated(run, key):
            continue
        growing = fixed = 0.0
        for step in run.plan.steps:
            seconds = run.state(step.key).seconds
            if step.system != key or seconds is None:
                continue
            if step.step.restore is not None or step.step.check in _GROWS_WITH_DATA:
                growing += seconds
            else:
                fixed += seconds
        prepare = max(0.0, (run.started_at - incident.detected_at).total_seconds())
        found[key] = Measurement(key, normal.bytes, prepare, growing, fixed, normal.at, normal.seq)
    return found


def _repeated(run: Run, key: str) -> bool:
    """Tell whether a step that grows with the data was begun twice: its last time says too little."""
    return any(
        run.state(step.key).attempts > 1
        for step in run.plan.steps
        if step.system == key and (step.step.restore is not None or step.step.check in _GROWS_WITH_DATA)
    )


def _began(run: Run | None, key: str) -> datetime | None:
    if run is None:
        return None
    moments = [state.at for step, state in run.steps.items() if step.startswith(f"{key}/") and state.at is not None]
    return min(moments, default=None)
