"""A run's plan is frozen at its start: only that plan is worked, and only while the run is the one to work."""

from __future__ import annotations

from incident import incident as incidents
from incident.runs import Run
from inventory.errors import RefusedError
from ledger import record as records
from ledger.ledger import Ledger


class PlanChangedError(RefusedError):
    """A run's plan is not the one that was approved at its start (exit 4)."""


def require_approved(ledger: Ledger, run: Run) -> None:
    """Hold the plan to be worked against the record of its start, and that record against its own hash.

    Raises:
        PlanChangedError: they differ.
    """
    for record in ledger.read(kinds=("recover.started",)):
        whole = record.hash == records.digest(record.payload)
        if record.body["run"] == run.id and whole and record.body["digest"] == run.plan.digest():
            return
    raise PlanChangedError(f"the plan of {run.id} is not the one approved at its start", hint="holdfast ledger verify")


def require_newest(ledger: Ledger, run: Run) -> None:
    """Refuse to bring back what is back already, or is being brought back by a newer run.

    Raises:
        RefusedError: the incident is closed, or has a newer run.
    """
    incident = incidents.find(ledger, run.plan.incident)
    if not incident.open:
        raise RefusedError(f"{incident.id} is closed", hint=f"holdfast incident show {incident.id}")
    if incident.runs[-1] != run.id:
        newest = incident.runs[-1]
        raise RefusedError(f"{newest} has taken the place of {run.id}", hint=f"holdfast recover resume {newest}")
