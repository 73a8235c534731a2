"""The recovery engine: walks a frozen plan, writes what it means to do before doing it, and can be killed anywhere.

The intent is on disk before an effect starts, the result after it ended; both writes are refused once another process
owns the run. After a crash a finished step is never done again; a begun one is repeated, looked at, or asked about,
as its `effect` says.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal, Protocol, assert_never

from incident import runs
from incident.plan import PlannedStep, RecoveryPlan, SystemPlan
from incident.runs import Run
from inventory.errors import HoldfastError, RefusedError
from ledger.ledger import Entry, Ledger
from ledger.store import Lease

_LEASE = timedelta(minutes=2)
_RENEW_SECONDS = 30.0


class PlanChangedError(RefusedError):
    """A run's plan is not the one that was approved at its start (exit 4)."""


@dataclass(frozen=True)
class Result:
    """What an effect came to: whether it worked, what was found, and what the ledger should keep of it."""

    ok: bool
    found: str
    data: Mapping[str, Any] = field(default_factory=dict)


class Hands(Protocol):
    """The effects a step can have. Expected failures are results; `limit` is in seconds."""

    def check_copy(self, system: SystemPlan, limit: float) -> Result:
        """Read the chosen copy through and say whether it is whole."""
        ...

    def restore(self, system: SystemPlan, limit: float) -> Result:
        """Bring every source of the system back onto its targets and compare with the manifest."""
        ...

    def command(self, system: SystemPlan, step: PlannedStep, limit: float) -> Result:
        """Run the step's command on the target."""
        ...

    def is_done(self, system: SystemPlan, step: PlannedStep) -> bool:
        """Look whether a begun step has had its effect."""
        ...

    def check_normal(self, system: SystemPlan, limit: float) -> Result:
        """Run the system's own tests until they all pass or the limit is over."""
        ...

    def police_decided(self) -> bool:
        """Tell whether the police decision of the incident is recorded."""
        ...


@dataclass(frozen=True)
class Answers:
    """What people have said beforehand, by step id or SYSTEM/STEP: approvals, things done by hand, things to repeat."""

    approve: frozenset[str] = frozenset()
    done: frozenset[str] = frozenset()
    again: frozenset[str] = frozenset()
    reason: str = ""
    ask: Callable[[str], bool] = lambda _question: False

    def about(self, step: PlannedStep, given: frozenset[str]) -> bool:
        """Tell whether `given` names this step."""
        return step.key in given or step.step.id in given


Point = Literal["before intent", "after intent", "after effect", "after result"]
Watcher = Callable[[Point | str, PlannedStep, Result | None], None]


def start(ledger: Ledger, plan: RecoveryPlan) -> str:
    """Freeze a plan and begin a run of it; return the run's id.

    Raises:
        RefusedError: a copy the plan needs cannot be reached.
    """
    for system in plan.systems:
        if not system.copy_from.reachable:
            store = system.copy_from.store
            raise RefusedError(
                f"the copy of {system.key} is on {store}, which cannot be reached now",
                hint=f"fetch it ({system.copy_from.where}), then: holdfast backup media attach {store}",
            )
    number = len(runs.all_runs(ledger)) + 1
    run_id = f"{plan.incident}-r{number}"
    body = {
        "run": run_id,
        "incident": plan.incident,
        "digest": plan.digest(),
        "plan": plan.model_dump(mode="json"),
        "systems": [system.key for system in plan.systems],
    }
    ledger.append("recover.started", body)
    return run_id


def go_on(
    ledger: Ledger,
    run_id: str,
    hands: Hands,
    answers: Answers | None = None,
    watch: Watcher = lambda _point, _step, _result: None,
) -> Run:
    """Work a run until it is complete, waits for a person, or nothing more can be done; return where it stands.

    Raises:
        LeaseLostError: another process works on it.
        PlanChangedError: its plan was altered since the start.
    """
    lease = ledger.own(f"recover:{run_id}", length=_LEASE)
    with _Renewal(ledger, lease):
        try:
            engine = _Engine(ledger, run_id, hands, answers or Answers(), watch, lease)
            return engine.work()
        finally:
            with suppress(HoldfastError):
                ledger.disown(lease)


class _Engine:
    def __init__(
        self, ledger: Ledger, run_id: str, hands: Hands, answers: Answers, watch: Watcher, lease: Lease
    ) -> None:
        self._ledger = ledger
        self._id = run_id
        self._hands = hands
        self._answers = answers
        self._watch = watch
        self._lease = lease

    def work(self) -> Run:
        run = self._read()
        self._is_the_approved_one(run)
        passed_over: frozenset[str] = frozenset()
        while (step := run.next_step(passed_over)) is not None:
            self._do(run, step)
            run = self._read()
            if not run.settled(step):
                passed_over |= {step.key}
        if run.ended is None and (run.worked_through or (run.failed and not run.waiting)):
            self._append("recover.finished", None, {"status": "done" if run.complete else "failed"}, run)
            run = self._read()
        return run

    def _read(self) -> Run:
        return runs.find(self._ledger, self._id)

    def _is_the_approved_one(self, run: Run) -> None:
        for record in self._ledger.read(kinds=("recover.started",)):
            if record.body["run"] == self._id and record.body["digest"] != run.plan.digest():
                raise PlanChangedError(
                    f"the plan of {self._id} is not the one approved at its start", hint="holdfast ledger verify"
                )

    def _do(self, run: Run, planned: PlannedStep) -> None:
        kind = planned.step.kind
        match kind:
            case "gate":
                self._gate(run, planned)
            case "manual":
                self._manual(run, planned)
            case "check" | "restore" | "command":
                if run.state(planned.key).status == "begun" and not self._may_begin_again(run, planned):
                    return
                self._effect(run, planned)
            case _:
                assert_never(kind)

    def _gate(self, run: Run, planned: PlannedStep) -> None:
        if planned.step.gate == "police":
            if self._hands.police_decided():
                self._finish(run, planned, Result(True, "the police decision is recorded"), 0.0)
            else:
                self._wait(run, planned, "is the police decision recorded? (holdfast incident notify)")
            return
        if self._answers.about(planned, self._answers.approve) or self._answers.ask(_question(run, planned)):
            self._answer(run, planned, "approved")
            self._finish(run, planned, Result(True, f"approved by {self._ledger.actor}"), 0.0)
        else:
            self._wait(run, planned, _question(run, planned))

    def _manual(self, run: Run, planned: PlannedStep) -> None:
        question = f"{planned.key}: {planned.step.manual} - done?"
        if self._answers.about(planned, self._answers.done) or self._answers.ask(question):
            self._answer(run, planned, "done")
            self._finish(run, planned, Result(True, f"done by hand, says {self._ledger.actor}"), 0.0)
        else:
            self._wait(run, planned, question)

    def _may_begin_again(self, run: Run, planned: PlannedStep) -> bool:
        """Decide about a step that was begun and whose end nobody saw; False when it is settled or waits."""
        crash = planned.step.crash
        if crash == "idempotent":
            return True
        system = run.plan.system(planned.system)
        if crash == "probe":
            if not self._hands.is_done(system, planned):
                return True
            self._finish(run, planned, Result(True, "was already done when looked at after the interruption"), 0.0)
            return False
        if self._answers.about(planned, self._answers.again):
            self._answer(run, planned, "again")
            return True
        if self._answers.about(planned, self._answers.done):
            self._answer(run, planned, "done")
            self._finish(run, planned, Result(True, f"had its effect, says {self._ledger.actor}"), 0.0)
            return False
        self._wait(
            run, planned, f"{planned.key} was interrupted and must not run twice unasked: did it have its effect?"
        )
        return False

    def _effect(self, run: Run, planned: PlannedStep) -> None:
        self._watch("before intent", planned, None)
        attempt = run.state(planned.key).attempts + 1
        self._append("step.intent", planned, {"attempt": attempt}, run)
        self._watch("after intent", planned, None)
        began = self._ledger.clock.monotonic()
        result = self._perform(run, planned)
        self._watch("after effect", planned, result)
        self._finish(run, planned, result, self._ledger.clock.monotonic() - began)
        self._watch("after result", planned, result)

    def _perform(self, run: Run, planned: PlannedStep) -> Result:
        step, system = planned.step, run.plan.system(planned.system)
        limit = step.limit.total_seconds()
        try:
            match step.kind:
                case "restore":
                    return self._hands.restore(system, limit)
                case "command":
                    return self._hands.command(system, planned, limit)
                case "check":
                    if step.check == "copy":
                        return self._hands.check_copy(system, limit)
                    return self._hands.check_normal(system, limit)
                case _:
                    raise AssertionError(step.kind)
        except HoldfastError as error:
            hint = f" ({error.hint})" if error.hint else ""
            return Result(False, f"{error.message}{hint}")

    def _finish(self, run: Run, planned: PlannedStep, result: Result, seconds: float) -> None:
        body = {"ok": result.ok, "found": result.found, "seconds": round(seconds, 3), "data": dict(result.data)}
        entries = [self._entry("step.finished", planned, body, run)]
        if result.ok and planned.step.check == "normal":
            entries.append(
                Entry("system.normal", {"incident": run.plan.incident, "run": run.id, **result.data}, planned.system)
            )
        self._ledger.append_all(entries, guard=self._lease)

    def _wait(self, run: Run, planned: PlannedStep, ask: str) -> None:
        state = run.state(planned.key)
        if state.status != "waiting":
            self._append("step.waiting", planned, {"ask": ask}, run)
        self._watch(f"waits: {ask}", planned, None)

    def _answer(self, run: Run, planned: PlannedStep, answer: str) -> None:
        self._append("step.answered", planned, {"answer": answer, "reason": self._answers.reason}, run)

    def _append(self, kind: str, planned: PlannedStep | None, body: Mapping[str, Any], run: Run) -> None:
        self._ledger.append_all([self._entry(kind, planned, body, run)], guard=self._lease)

    def _entry(self, kind: str, planned: PlannedStep | None, body: Mapping[str, Any], run: Run) -> Entry:
        common = {"run": run.id, "incident": run.plan.incident}
        if planned is None:
            return Entry(kind, {**common, **body})
        return Entry(kind, {**common, "step": planned.key, **body}, planned.system)


def _question(run: Run, planned: PlannedStep) -> str:
    targets = run.plan.system(planned.system).targets
    where = ", ".join(f"{host} → {target}" if host != target else host for host, target in targets.items())
    return f"{planned.key}: {planned.step.ask.replace('{targets}', where).replace('{system}', planned.system)}"


class _Renewal(threading.Thread):
    """Keep owning a run while a long step works; losing it is found by the next write, which is refused."""

    def __init__(self, ledger: Ledger, lease: Lease) -> None:
        super().__init__(daemon=True)
        self._ledger = ledger
        self._lease = lease
        self._over = threading.Event()

    def __enter__(self) -> _Renewal:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join()

    def run(self) -> None:
        while not self._over.wait(_RENEW_SECONDS):
            with suppress(HoldfastError):
                self._ledger.own(self._lease.name, length=_LEASE)
