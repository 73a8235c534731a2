"""What readiness is judged from, and one judged row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from backup.history import Checked, Kept, Measured, Medium
from backup.status import SystemStatus
from detect.history import SystemState
from incident.forecast import Forecast
from inventory.outline import SystemFacts
from playbooks.history import Hardening

State = Literal["green", "amber", "red", "unknown"]
WORST_FIRST: tuple[State, ...] = ("red", "unknown", "amber", "green")


@dataclass(frozen=True)
class Row:
    """One question about one system: its state, what was found, what is asked, and the next command if not green.

    `age_seconds` is how old the proof is; `evidence` the ledger records that say so.
    """

    id: str
    state: State
    value: str
    target: str
    age_seconds: float | None = None
    evidence: tuple[int, ...] = ()
    next: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the documented JSON shape."""
        return {
            "id": self.id,
            "state": self.state,
            "value": self.value,
            "target": self.target,
            "age_seconds": self.age_seconds,
            "evidence": list(self.evidence),
            "next": self.next,
        }


@dataclass(frozen=True)
class Facts:
    """What is known about one system, gathered from the ledger and a look at the stores.

    `hosts` are all that carry it; `unreachable` the vaults that hold its copies and should answer but do not, with the
    reason; `offline` its newest copy on a medium. `runbook_problem` is empty when its runbook is valid;
    `drilled_digest` is the digest of the runbook of its last finished recovery, `runbook_digest` today's;
    `runbook_proved_on` says where the runbook was proved before it came here.
    """

    key: str
    system: SystemFacts
    hosts: tuple[str, ...]
    hardening: Hardening | None
    copies: SystemStatus
    unreachable: Mapping[str, str]
    offline: Kept | None
    medium: Medium | None
    checks: Sequence[tuple[str, Checked | None]]
    restore: Measured | None
    forecast: Forecast | None
    watched: SystemState | None
    rules: int
    unusable_rules: int
    runbook_problem: str
    runbook_digest: str
    drilled_digest: str | None
    drill_seq: int | None
    claimed: tuple[str, ...] = ()
    runbook_proved_on: tuple[str, ...] = ()
