"""Readiness: if this system is lost now, when is it back, and how do we know? Row by row, with evidence. Pure.

States are green, amber, red, unknown; unknown counts as red in every total. A check that did not run is not a pass,
what was last proved too long ago is red, and a backup that exists is not a restore that worked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from incident import rows
from incident.facts import WORST_FIRST, Facts, Row, State
from inventory.policy import Policy


@dataclass(frozen=True)
class SystemReadiness:
    """One system's rows; its state is the worst of them."""

    key: str
    level: int
    rows: Sequence[Row]

    @property
    def state(self) -> State:
        """Return the worst row's state."""
        return next(state for state in WORST_FIRST if state == "green" or any(row.state == state for row in self.rows))


def of_system(facts: Facts, policy: Policy, now: datetime) -> SystemReadiness:
    """Answer every question about one system."""
    answers = [
        rows.hardening(facts, policy, now),
        rows.backup(facts),
        rows.three_two_one(facts),
        rows.offline(facts, policy, now),
        rows.integrity(facts, policy, now),
        rows.restore(facts, policy, now),
        rows.forecast(facts),
        rows.detection(facts, now),
        rows.runbook(facts),
    ]
    return SystemReadiness(facts.key, facts.system.level, answers)


def count(systems: Sequence[SystemReadiness]) -> dict[State, int]:
    """Count rows by state; unknown ones are also counted under red."""
    answers = [row for system in systems for row in system.rows]
    counts: dict[State, int] = {state: sum(row.state == state for row in answers) for state in WORST_FIRST}
    counts["red"] += counts["unknown"]
    return counts
