"""What the recovery engine writes down: a step's intent, its result, what it waits for; only while the run is ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from incident.effects import Answers, Result
from incident.plan import PlannedStep
from incident.runs import Run
from inventory.approval import Approval
from ledger.ledger import Entry, Ledger
from ledger.owner import Lease

_Draft = tuple[str, PlannedStep | None, Mapping[str, Any]]


class Writer:
    """Writes the records of one run's steps, as long as the lease holds."""

    def __init__(self, ledger: Ledger, lease: Lease, answers: Answers) -> None:
        self._ledger = ledger
        self._lease = lease
        self._answers = answers

    def intent(self, run: Run, planned: PlannedStep, name: str, *, answer: str = "") -> None:
        """Write that an effect begins now; `name` is what its programs on other hosts are called there (or empty)."""
        body: dict[str, Any] = {"attempt": run.state(planned.key).attempts + 1}
        if name:
            body["run_name"] = name
        self._append(run, *self._answered(planned, answer), ("step.intent", planned, body))

    def finished(
        self,
        run: Run,
        planned: PlannedStep,
        result: Result,
        *,
        seconds: float = 0.0,
        answer: str = "",
        approvals: Sequence[Approval] = (),
    ) -> None:
        """Write how a step ended; what a person said about it, and that a system is normal, with it or not at all."""
        found = " ".join(result.found.split())  # names of restored files may hold line breaks
        kind = "normal" if planned.step.check == "normal" else planned.step.kind
        body = {"kind": kind, "ok": result.ok, "found": found, "seconds": round(seconds, 3), "data": dict(result.data)}
        if not result.begun:
            body["begun"] = False
        drafts: list[_Draft] = [*self._answered(planned, answer, approvals), ("step.finished", planned, body)]
        if result.ok and planned.step.check == "normal":
            drafts.append(("system.normal", planned, result.data))
        self._append(run, *drafts)

    def waiting(self, run: Run, planned: PlannedStep, ask: str, *, look_again: bool = False) -> None:
        """Write what a step waits for, unless that is known; `look_again`: a look, not a person, may answer it."""
        state, ask = run.state(planned.key), " ".join(ask.split())
        if state.status != "waiting" or state.ask != ask:
            body: dict[str, Any] = {"ask": ask}
            if look_again:
                body["look_again"] = True
            self._append(run, ("step.waiting", planned, body))

    def ended(self, run: Run, status: str) -> None:
        """Write that nothing more can be done in a run: `done` or `failed`."""
        self._append(run, ("recover.finished", None, {"status": status}))

    def _answered(self, planned: PlannedStep, answer: str, approvals: Sequence[Approval] = ()) -> list[_Draft]:
        if not answer:
            return []
        body: dict[str, Any] = {"answer": answer, "reason": self._answers.reason}
        if approvals:
            body["approvals"] = [each.as_json() for each in approvals]
        return [("step.answered", planned, body)]

    def _append(self, run: Run, *drafts: _Draft) -> None:
        """Write records together, if the run is still ours."""
        entries = []
        for kind, planned, body in drafts:
            common = {"run": run.id, "incident": run.plan.incident}
            if planned is not None:
                common |= {"step": planned.key}
            entries.append(Entry(kind, {**common, **body}, None if planned is None else planned.system))
        self._ledger.append_all(entries, guard=self._lease)
