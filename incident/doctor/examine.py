"""The whole examination: every check there is, in the order people read them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from incident.doctor import custody, finding, hosts, machine, notices, records, staff, stores, tonight, watching
from incident.doctor.finding import Check, Finding
from incident.doctor.patient import Patient
from incident.facts import WORST_FIRST, State
from inventory import clock as clocks

_PARTS = (machine, custody, stores, records, staff, hosts, watching, notices, tonight)


@dataclass(frozen=True)
class Examination:
    """What was found, worst first, and which checks were left out."""

    at: datetime
    findings: Sequence[Finding]
    skipped: Sequence[str]

    @property
    def state(self) -> State:
        """Return the worst state found."""
        return finding.worst(each.state for each in self.findings)

    def count(self, state: State) -> int:
        """Return how many findings have a state."""
        return sum(each.state == state for each in self.findings)

    def as_json(self) -> dict[str, Any]:
        """Return the documented JSON shape."""
        return {
            "checked_at": clocks.to_text(self.at),
            "state": self.state,
            "checks": [each.as_json() for each in self.findings],
            "skipped": list(self.skipped),
        }


def checks(patient: Patient) -> list[Check]:
    """Return every check of this installation."""
    return [check for part in _PARTS for check in part.checks(patient)]


def examine(patient: Patient, *, quick: bool, told: Callable[[str], None] = lambda _: None) -> Examination:
    """Ask everything; a quick round leaves out what lies on other machines, and says so."""
    asked = checks(patient)
    chosen = [check for check in asked if not (quick and check.remote)]
    found = finding.examine(chosen, patient.clock, told)
    ordered = sorted(found, key=lambda each: WORST_FIRST.index(each.state))
    return Examination(patient.clock.now(), ordered, [check.id for check in asked if check not in chosen])
