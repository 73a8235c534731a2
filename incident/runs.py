"""What has happened in a recovery run so far, folded from the ledger, and which step comes next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from incident.measured import approvals
from incident.plan import PlannedStep, RecoveryPlan
from inventory import clock
from inventory.approval import Approval
from inventory.errors import UsageError
from ledger.ledger import Ledger
from ledger.projection import Projection, State
from ledger.record import Record

KINDS = ("recover.started", "step.intent", "step.waiting", "step.answered", "step.finished", "recover.finished")

Status = Literal["open", "begun", "waiting", "answered", "done", "failed"]


@dataclass(frozen=True)
class StepState:
    """Where one step stands.

    `begun` means its effect was started and its end is not known: a crash, or it runs just now. `in_doubt` stays true
    from an effect's start until its end is known, also while a person is asked about it; `run_name` is then what its
    programs are called on other hosts, and `look_again` says that another look there may tell. `approvals` say who let
    an answered gate pass (without the signatures; the ledger's record has them).
    """

    status: Status = "open"
    attempts: int = 0
    at: datetime | None = None
    found: str = ""
    ask: str = ""
    answer: str = ""
    seconds: float | None = None
    in_doubt: bool = False
    run_name: str = ""
    look_again: bool = False
    approvals: tuple[Approval, ...] = ()


@dataclass(frozen=True)
class Run:
    """One recovery run: its frozen plan, the state of every step, and how it ended (None: it has not)."""

    id: str
    plan: RecoveryPlan
    steps: Mapping[str, StepState]
    started_at: datetime
    ended: str | None
    ended_seq: int | None

    def state(self, key: str) -> StepState:
        """Return where a step stands."""
        return self.steps.get(key, StepState())

    def settled(self, step: PlannedStep) -> bool:
        """Tell whether later steps may rely on it: done, or failed where the runbook says to go on."""
        state = self.state(step.key)
        return state.status == "done" or (state.status == "failed" and step.step.on_failure == "go_on")

    def next_step(self, passed_over: frozenset[str] = frozenset()) -> PlannedStep | None:
        """Return the first step that can be worked on, leaving out those passed over in this go."""
        settled = {step.key for step in self.plan.steps if self.settled(step)}
        for step in self.plan.steps:
            if step.key not in settled and step.key not in passed_over and set(step.needs) <= settled:
                return step
        return None

    @property
    def complete(self) -> bool:
        """Tell whether every step is settled and no system had to be left out."""
        return not self.plan.missing and self.worked_through

    @property
    def worked_through(self) -> bool:
        """Tell whether every step is settled; systems without a copy may be missing all the same."""
        return all(self.settled(step) for step in self.plan.steps)

    @property
    def gone_past(self) -> list[PlannedStep]:
        """Return the steps that failed where the runbook says to go on."""
        return [step for step in self.plan.steps if self.state(step.key).status == "failed" and self.settled(step)]

    @property
    def waiting(self) -> list[PlannedStep]:
        """Return the steps that wait for a person."""
        return [step for step in self.plan.steps if self.state(step.key).status == "waiting"]

    def claimed(self, system: str) -> list[PlannedStep]:
        """Return the gates of a system that were passed on words alone, without a signature."""
        return [
            step
            for step in self.plan.steps
            if step.system == system
            and (approvals := self.state(step.key).approvals)
            and not any(each.signed for each in approvals)
        ]

    @property
    def failed(self) -> list[PlannedStep]:
        """Return the steps that failed and stop what depends on them."""
        return [step for step in self.plan.steps if self.state(step.key).status == "failed" and not self.settled(step)]

    @property
    def verdict(self) -> str:
        """Say in one line where it stands; nothing is called normal that is not proved."""
        past = ", ".join(step.key for step in self.gone_past)
        if self.complete:
            steps = f"FAILED and gone past: {past}" if past else "every step done"
            return f"{steps}, every system's own tests pass"
        open_steps = sum(not self.settled(step) for step in self.plan.steps)
        parts = [f"NOT back to normal: {open_steps} of {len(self.plan.steps)} steps are not done"]
        parts += [f"{lost.key} has no copy to come back from" for lost in self.plan.missing]
        if self.failed:
            parts.append(f"failed: {', '.join(step.key for step in self.failed)}")
        if self.waiting:
            parts.append(f"waiting for a person: {', '.join(step.key for step in self.waiting)}")
        return "; ".join(parts)


def _fold(state: State, record: Record) -> None:
    body = record.body
    if record.kind == "recover.started":
        state[body["run"]] = {"plan": body["plan"], "at": clock.to_text(record.at), "steps": {}}
        state[body["run"]] |= {"ended": None, "ended_seq": None}
        return
    run = state.get(body["run"])
    if run is None:
        return
    if record.kind == "recover.finished":
        run |= {"ended": body["status"], "ended_seq": record.seq}
        return
    run |= {"ended": None, "ended_seq": None}
    step = run["steps"].setdefault(body["step"], {"status": "open", "attempts": 0})
    step["at"] = clock.to_text(record.at)
    match record.kind:
        case "step.intent":
            step |= {"status": "begun", "attempts": step["attempts"] + 1, "in_doubt": True}
            step |= {"run_name": body.get("run_name", "")}
        case "step.waiting":
            step |= {"status": "waiting", "ask": body["ask"], "look_again": body.get("look_again", False)}
        case "step.answered":
            step |= {"status": "answered", "answer": body["answer"], "approvals": approvals(record)}
        case "step.finished":
            step |= {"status": "done" if body["ok"] else "failed", "in_doubt": False}
            step["attempts"] -= not body.get("begun", True)
            step |= {"found": body["found"], "seconds": body["seconds"]}


RUNS = Projection("recovery-runs", 4, _fold, KINDS)


def all_runs(ledger: Ledger) -> list[Run]:
    """Return every recovery run, oldest first."""
    return [_run(key, value) for key, value in ledger.project(RUNS).items()]


def find(ledger: Ledger, run_id: str | None) -> Run:
    """Return one run; without an id the newest.

    Raises:
        UsageError: there is none.
    """
    runs = ledger.project(RUNS)
    key = run_id or next(reversed(runs), None)
    if key is None:
        raise UsageError("no recovery has been started", hint="holdfast recover plan")
    if key not in runs:
        raise UsageError(f"no recovery run {key!r}", hint=f"runs: {', '.join(runs) or 'none'}")
    return _run(key, runs[key])


def _run(key: str, value: Mapping[str, Any]) -> Run:
    return Run(
        id=key,
        plan=RecoveryPlan.model_validate(value["plan"]),
        steps={step: _step(fields) for step, fields in value["steps"].items()},
        started_at=clock.from_text(value["at"]),
        ended=value["ended"],
        ended_seq=value["ended_seq"],
    )


def _step(fields: Mapping[str, Any]) -> StepState:
    at = fields.get("at")
    return StepState(
        status=fields["status"],
        attempts=fields["attempts"],
        at=None if at is None else clock.from_text(at),
        found=fields.get("found", ""),
        ask=fields.get("ask", ""),
        answer=fields.get("answer", ""),
        seconds=fields.get("seconds"),
        in_doubt=fields.get("in_doubt", False),
        run_name=fields.get("run_name", ""),
        look_again=fields.get("look_again", False),
        approvals=tuple(Approval(**each | {"at": clock.from_text(each["at"])}) for each in fields.get("approvals", ())),
    )
