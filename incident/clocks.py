"""The clocks of an incident: how much time is left, and what is late. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from incident.incident import Incident
from inventory.policy import ClockRule
from inventory.system import DEFAULT_TARGET, System


@dataclass(frozen=True)
class IncidentClock:
    """One clock as of a moment.

    `key` names the policy's clock, `system` whose it is (None: the whole incident's); `stopped` is when the thing
    was done. `late` is true once `due` has passed without it, and stays true for a thing done too late.
    """

    key: str
    title: str
    system: str | None
    started: datetime
    due: datetime
    stopped: datetime | None
    now: datetime
    warn_at: tuple[float, ...]

    @property
    def late(self) -> bool:
        """Tell whether the deadline passed before the thing was done."""
        return (self.stopped or self.now) > self.due

    @property
    def used(self) -> timedelta:
        """Return the time from start to stop, or to now while it runs."""
        return (self.stopped or self.now) - self.started

    @property
    def left(self) -> timedelta:
        """Return the time to the deadline; negative when late."""
        return self.due - (self.stopped or self.now)

    @property
    def share(self) -> float:
        """Return which share of the time is used: 0 at the start, 1 at the deadline, above 1 when late."""
        whole = (self.due - self.started).total_seconds()
        return self.used.total_seconds() / whole if whole > 0 else 1.0

    @property
    def warning(self) -> float | None:
        """Return the highest warning mark passed while running, or None."""
        if self.stopped is not None:
            return None
        return max((mark for mark in self.warn_at if self.share >= mark), default=None)

    @property
    def state(self) -> str:
        """Return `running`, `met` or `late`."""
        if self.late:
            return "late"
        return "running" if self.stopped is None else "met"


def clocks(
    incident: Incident, rules: Sequence[ClockRule], systems: Mapping[str, System], now: datetime
) -> list[IncidentClock]:
    """Return every clock of an incident: one per rule, one per affected system where the rule is by RTO."""
    found: list[IncidentClock] = []
    for rule in rules:
        if rule.due == "rto":
            found += _recovery(incident, rule, systems, now)
        elif isinstance(rule.due, timedelta):
            started, stopped = incident.detected_at, _stopped(incident, rule.key)
            found.append(
                IncidentClock(
                    rule.key, rule.title, None, started, started + rule.due, stopped, now, tuple(rule.warn_at)
                )
            )
    return found


def _stopped(incident: Incident, key: str) -> datetime | None:
    """Return when the thing a clock waits for was done; what was never done stops with the incident."""
    deed = {"acknowledge": incident.acknowledged, "police": incident.police}.get(key) or incident.closed
    return None if deed is None else deed.at


def _recovery(
    incident: Incident, rule: ClockRule, systems: Mapping[str, System], now: datetime
) -> Iterable[IncidentClock]:
    for key in incident.systems:
        normal = incident.normal.get(key)
        target = systems[key].rto if key in systems else DEFAULT_TARGET
        yield IncidentClock(
            rule.key,
            rule.title,
            key,
            incident.detected_at,
            incident.detected_at + target,
            normal.at if normal else None,
            now,
            tuple(rule.warn_at),
        )
