"""Checks of the watch: does it run, and is each of its parts well?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from incident.doctor.finding import Check, Found
from incident.doctor.patient import Patient
from incident.watch import heartbeat
from incident.watch.parts import PARTS


def checks(patient: Patient) -> list[Check]:
    """Return the check of the watch."""
    return [
        Check(
            "watch",
            "without the watch nothing is copied, seen or said unless somebody does it by hand",
            lambda: watch(patient.state, patient.clock.now()),
            mend="systemctl status holdfast-watch",
        )
    ]


def watch(state: Path, now: datetime) -> Iterator[Found]:
    """Is there a sign of life, and how did each part end?"""
    if not heartbeat.ever(state):
        gone = heartbeat.taken_away(state)
        yield Found("amber", "it was never set up here", mend=f"sudo holdfast {'watch install' if gone else 'setup'}")
        return
    if silence := heartbeat.silence(state, now):
        yield Found("red", silence)
        return
    ailing = heartbeat.ailing(state, now)
    for part in PARTS:
        problem = ailing.get(part.name, "")
        yield Found("red" if problem else "green", problem or "runs when it is due", part.name, "holdfast watch show")
    if unlooked := heartbeat.unlooked(state, now):
        yield Found("amber", unlooked, mend="systemctl status holdfast-watch-look.timer")
