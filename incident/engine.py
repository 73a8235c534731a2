"""The recovery engine: walks a frozen plan, writes what it means to do before doing it, and can be killed anywhere.

The intent is on disk before an effect starts, the result after it ended; both writes are refused once another process
owns the run. After a crash a finished step is never done again; a begun one is repeated, looked at, or asked about,
as its `effect` says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, assert_never

from incident import gates, runs
from incident import incident as incidents
from incident.effects import Answers, Hands, Result
from incident.owning import Owned
from incident.plan import PlannedStep, RecoveryPlan
from incident.runs import Run
from inventory.approval import Approval
from inventory.errors import HoldfastError, RefusedError
from ledger import record as records
from ledger.ledger import Entry, Ledger
from ledger.owner import Lease


class PlanChangedError(RefusedError):
    """A run's plan is not the one that was approved at its start (exit 4)."""


Point = Literal["before intent", "after intent", "after effect", "after result"]
Watcher = Callable[[Point | str, PlannedStep, Result | None], None]
_Draft = tuple[str, PlannedStep | None, Mapping[str, Any]]


def start(ledger: Ledger, plan: RecoveryPlan) -> str:
    """Freeze a plan and begin a run of it; return the run's id.

    Raises:
        RefusedError: a copy the plan needs cannot be reached.
        LeaseLostError: another process is recovering this incident's systems.
    """
    for system in plan.systems:
        copy = system.copy_from
        if not copy.reachable:
            fetch = f"fetch it ({copy.where}), then: holdfast backup media attach {copy.store}"
            lost = f"make {copy.where} readable again, or attach a medium: holdfast backup media list"
            raise RefusedError(
                f"the copy of {system.key} is on {copy.kind} {copy.store}, which cannot be reached now",
                hint=fetch if copy.kind == "medium" else lost,
            )
    with Owned(ledger, plan.incident) as lease:
        run_id = next_id(ledger, plan.incident)
        body = {
            "run": run_id,
            "incident": plan.incident,
            "digest": plan.digest(),
            "plan": plan.model_dump(mode="json"),
            "systems": [system.key for system in plan.systems],
        }
        ledger.append("recover.started", body, guard=lease)
    return run_id


def next_id(ledger: Ledger, incident: str) -> str:
    """Return the id that the next run will have."""
    return f"{incident}-r{len(runs.all_runs(ledger)) + 1}"


def go_on(
    ledger: Ledger,
    run_id: str,
    hands: Hands,
    answers: Answers | None = None,
    watch: Watcher = lambda _point, _step, _result: None,
) -> Run:
    """Work a run until it is complete, waits for a person, or nothing more can be done; return where it stands.

    Raises:
        LeaseLostError: another process recovers this incident's systems.
        PlanChangedError: its plan was altered since the start.
        RefusedError: the incident is closed, or a newer run took this one's place.
        UsageError: an answer is about a step the run does not have.
    """
    run = runs.find(ledger, run_id)
    _is_the_approved_one(ledger, run)
    answers = answers or Answers()
    answers.must_fit(run.plan)
    with Owned(ledger, run.plan.incident) as lease:
        return _Engine(ledger, run_id, hands, answers, watch, lease).work()


def _is_the_approved_one(ledger: Ledger, run: Run) -> None:
    """Hold the plan to be worked against the record of its start, and that record against its own hash."""
    for record in ledger.read(kinds=("recover.started",)):
        whole = record.hash == records.digest(record.payload)
        if record.body["run"] == run.id and whole and record.body["digest"] == run.plan.digest():
            return
    raise PlanChangedError(f"the plan of {run.id} is not the one approved at its start", hint="holdfast ledger verify")


def _is_the_one_to_work(ledger: Ledger, run: Run) -> None:
    """Refuse to bring back what is back already, or is being brought back by a newer run."""
    incident = incidents.find(ledger, run.plan.incident)
    if not incident.open:
        raise RefusedError(f"{incident.id} is closed", hint=f"holdfast incident show {incident.id}")
    if incident.runs[-1] != run.id:
        newest = incident.runs[-1]
        raise RefusedError(f"{newest} has taken the place of {run.id}", hint=f"holdfast recover resume {newest}")


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
        if run.ended == "done":
            return run
        _is_the_one_to_work(self._ledger, run)
        passed_over: frozenset[str] = frozenset()
        while (step := run.next_step(passed_over)) is not None:
            self._do(run, step)
            run = self._read()
            if not run.settled(step):
                passed_over |= {step.key}
        if run.ended is None and (run.worked_through or (run.failed and not run.waiting)):
            self._append(run, ("recover.finished", None, {"status": "done" if run.complete else "failed"}))
            run = self._read()
        return run

    def _read(self) -> Run:
        return runs.find(self._ledger, self._id)

    def _do(self, run: Run, planned: PlannedStep) -> None:
        kind = planned.step.kind
        match kind:
            case "gate":
                self._gate(run, planned)
            case "manual":
                self._manual(run, planned)
            case "check" | "restore" | "command":
                state = run.state(planned.key)
                if state.in_doubt or (state.attempts and planned.step.crash == "once"):
                    self._after_interruption(run, planned)
                else:
                    self._effect(run, planned)
            case _:
                assert_never(kind)

    def _gate(self, run: Run, planned: PlannedStep) -> None:
        if planned.step.gate == "police":
            if self._hands.police_decided():
                self._finish(run, planned, Result(True, "the police decision is recorded"))
            else:
                self._wait(run, planned, "is the police decision recorded? (holdfast incident notify)")
            return
        question, actor = gates.question(run.plan, planned), self._claim()
        approvals = gates.given(self._answers, planned, actor)
        if not approvals and not gates.lacking(planned.step, [actor]) and self._answers.ask(question):
            approvals = [actor]
        lacking = gates.lacking(planned.step, approvals)
        if approvals and not lacking:
            said = Result(True, "; ".join(each.words for each in approvals))
            self._finish(run, planned, said, answer="approved", approvals=approvals)
        else:
            needs = planned.step.people > 1 or planned.step.signed is not None
            self._wait(run, planned, f"{question} ({lacking})" if needs else question)

    def _claim(self) -> Approval:
        """Return the word of whoever runs this: recorded as claimed, since nothing of it is signed."""
        login = self._ledger.actor
        return Approval(self._answers.name or login, login, "", signed=False, at=self._ledger.clock.now())

    def _manual(self, run: Run, planned: PlannedStep) -> None:
        question = f"{planned.key}: {planned.step.manual} - done?"
        if self._answers.about(planned, self._answers.done) or self._answers.ask(question):
            self._finish(run, planned, Result(True, f"done by hand, says {self._ledger.actor}"), answer="done")
        else:
            self._wait(run, planned, question)

    def _after_interruption(self, run: Run, planned: PlannedStep) -> None:
        """Go on with a step begun before (nobody saw its end, or it failed): repeat it, look, or let a person say."""
        crash = planned.step.crash
        match crash:
            case "idempotent":
                self._effect(run, planned)
            case "probe":
                if self._hands.is_done(run.plan.system(planned.system), planned):
                    self._finish(run, planned, Result(True, "was already done when looked at after the interruption"))
                else:
                    self._effect(run, planned)
            case "once":
                if self._answers.about(planned, self._answers.again):
                    self._effect(run, planned, answer="again")
                elif self._answers.about(planned, self._answers.done):
                    self._finish(
                        run, planned, Result(True, f"had its effect, says {self._ledger.actor}"), answer="done"
                    )
                else:
                    ask = "was begun before and must not run twice unasked: did it have its effect?"
                    self._wait(run, planned, f"{planned.key} {ask}")
            case _:
                assert_never(crash)

    def _effect(self, run: Run, planned: PlannedStep, *, answer: str = "") -> None:
        self._watch("before intent", planned, None)
        attempt = run.state(planned.key).attempts + 1
        self._append(run, *self._answered(planned, answer), ("step.intent", planned, {"attempt": attempt}))
        self._watch("after intent", planned, None)
        began = self._ledger.clock.monotonic()
        result = self._perform(run, planned)
        self._watch("after effect", planned, result)
        self._finish(run, planned, result, seconds=self._ledger.clock.monotonic() - began)
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

    def _finish(
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
        drafts: list[_Draft] = [*self._answered(planned, answer, approvals), ("step.finished", planned, body)]
        if result.ok and planned.step.check == "normal":
            drafts.append(("system.normal", planned, result.data))
        self._append(run, *drafts)

    def _wait(self, run: Run, planned: PlannedStep, ask: str) -> None:
        state = run.state(planned.key)
        if state.status != "waiting" or state.ask != ask:
            self._append(run, ("step.waiting", planned, {"ask": ask}))
        self._watch(f"waits: {ask}", planned, None)

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
