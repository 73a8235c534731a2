"""Readiness: if this system is lost now, when is it back, and how do we know? Row by row, with evidence. Pure.

States are green, amber, red, unknown; unknown counts as red in every total. A check that did not run is not a pass,
what was last proved too long ago is red, and a backup that exists is not a restore that worked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from incident import rows
from incident.facts import WORST_FIRST, Facts, Row, State
from inventory import duration
from inventory.policy import Policy

_SKEW_SECONDS = 300.0
"""How far two clocks of one site may differ: our own proposal."""


@dataclass(frozen=True)
class SystemReadiness:
    """One system's rows; its state is the worst of them."""

    key: str
    level: int
    rows: Sequence[Row]

    @property
    def state(self) -> State:
        """Return the worst row's state; of a system nobody asked about, nothing is known."""
        if not self.rows:
            return "unknown"
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
    return SystemReadiness(facts.key, facts.system.level, [_dated(row) for row in answers])


def _dated(row: Row) -> Row:
    """Return a row whose proof is not dated in the future: such a one would stay young for as long as one likes."""
    age = row.age_seconds
    if age is None or age >= 0:
        return row
    if age >= -_SKEW_SECONDS:
        return replace(row, age_seconds=0.0)
    words = f"dated {duration.show(-age)} in the future, a clock was set back ({row.value})"
    state: State = "red" if row.state == "red" else "unknown"
    return replace(row, state=state, value=words, age_seconds=0.0, next="holdfast ledger verify")


def count(systems: Sequence[SystemReadiness]) -> dict[State, int]:
    """Count rows by state; unknown ones are also counted under red."""
    answers = [row for system in systems for row in system.rows]
    counts: dict[State, int] = {state: sum(row.state == state for row in answers) for state in WORST_FIRST}
    counts["red"] += counts["unknown"]
    return counts
