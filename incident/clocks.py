"""The clocks of an incident: how much time is left, and what is late. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from incident.incident import Incident
from inventory.outline import DEFAULT_TARGET, Systems
from inventory.policy import ClockRule


@dataclass(frozen=True)
class IncidentClock:
    """One clock as of a moment.

    `key` names the policy's clock, `system` whose it is (None: the whole incident's); `stopped` is when the thing
    was done. `late` is true once `due` has passed without it, and stays true for a thing done too late. What is due at
    once has `remind_every`, and is late from the first reminder on (our own proposal: "at once" has no number).
    """

    key: str
    title: str
    system: str | None
    started: datetime
    due: datetime
    stopped: datetime | None
    now: datetime
    warn_at: tuple[float, ...]
    remind_every: timedelta | None = None

    @property
    def reminders(self) -> int:
        """Return how often what is due at once had to be said again so far; 0 for other clocks and once it is done."""
        return 0 if self.remind_every is None or self.stopped is not None else self.used // self.remind_every

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


@dataclass(frozen=True)
class OpenQuestion:
    """A decision that nobody has taken yet, and the clocks that depend on it, each with when it would be due.

    A clock that counts from the decision itself is not due yet: None.
    """

    about: str
    question: str
    command: str
    clocks: tuple[tuple[str, datetime | None], ...]


_QUESTIONS = {
    "serious": ("is it serious?", "--serious", "--ordinary"),
    "personal_data": ("is personal data believed affected?", "--personal-data", "--no-personal-data"),
    "national_security": (
        "does it touch national security or public order, or disrupt severely?",
        "--national-security",
        "--no-national-security",
    ),
}

NOTICES = ("first_notice", "incident_report", "personal_data", "notice", "final_report")
"""Clocks that a recorded notice stops, and that run on when the incident is closed: what is owed stays owed."""


def clocks(incident: Incident, rules: Sequence[ClockRule], systems: Systems, now: datetime) -> list[IncidentClock]:
    """Return every clock that runs or ran in an incident: one per rule, one per affected system where it is by RTO.

    A clock that waits for a decision is none of them: see `open_questions`.
    """
    found: list[IncidentClock] = []
    for rule in rules:
        started = _started(incident, rule)
        if started is None or not applies(incident, rule):
            continue
        if rule.due == "rto":
            found += _recovery(incident, rule, systems, now)
            continue
        due = started + (rule.remind_every if rule.remind_every is not None else rule.length(DEFAULT_TARGET))
        stopped = _stopped(incident, rule.key)
        found.append(
            IncidentClock(
                rule.key, rule.title, None, started, due, stopped, now, tuple(rule.warn_at), rule.remind_every
            )
        )
    return found


def open_questions(incident: Incident, rules: Sequence[ClockRule]) -> list[OpenQuestion]:
    """Return the decisions that clocks wait for, in the order in which they must be taken."""
    found = []
    for about in ("national_security", "serious", "personal_data"):
        waiting = [rule for rule in rules if rule.applies == about and applies(incident, rule) is None]
        if waiting and incident.open:
            question, yes, no = _QUESTIONS[about]
            depending = tuple((rule.title, _would_be_due(incident, rule)) for rule in waiting)
            command = f"holdfast incident classify {incident.id} {yes} --reason 'WHY'"
            found.append(OpenQuestion(about, f"{question} (if not: {no})", command, depending))
    return found


def owed(found: Sequence[IncidentClock]) -> list[IncidentClock]:
    """Return the notices and reports that have not gone out yet, the one due first at the front."""
    return sorted((each for each in found if each.key in NOTICES and each.stopped is None), key=lambda each: each.due)


def applies(incident: Incident, rule: ClockRule) -> bool | None:
    """Tell whether a clock runs in an incident; None: nobody has decided what it depends on."""
    match rule.applies:
        case "all":
            return True
        case "serious":
            return None if incident.classified is None else incident.classified.what == "serious"
        case "personal_data":
            return None if incident.personal_data is None else incident.personal_data.what == "yes"
        case "national_security":
            return None if incident.national_security is None else incident.national_security.what == "yes"
        case _:
            assert_never(rule.applies)


def _started(incident: Incident, rule: ClockRule) -> datetime | None:
    match rule.starts:
        case "report" | "detection":
            return incident.detected_at
        case "believed_affected":
            believed = incident.personal_data
            return believed.at if believed is not None and believed.what == "yes" else None
        case "end_of_response":
            return incident.closed.at if incident.closed is not None else None
        case _:
            assert_never(rule.starts)


def _would_be_due(incident: Incident, rule: ClockRule) -> datetime | None:
    started = _started(incident, rule)
    return None if started is None else started + rule.length(DEFAULT_TARGET)


def _stopped(incident: Incident, key: str) -> datetime | None:
    """Return when the thing a clock waits for was done; what was never done stops with the incident, save notices."""
    if key in NOTICES:
        sent = incident.notices.get(key)
        return None if sent is None else sent.at
    deed = {"acknowledge": incident.acknowledged, "police": incident.police}.get(key) or incident.closed
    return None if deed is None else deed.at


def _recovery(incident: Incident, rule: ClockRule, systems: Systems, now: datetime) -> Iterable[IncidentClock]:
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
