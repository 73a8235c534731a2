"""The recovery engine: walks a frozen plan, writes what it means to do before doing it, and can be killed anywhere.

The intent is on disk before an effect starts, the result after it ended; both writes are refused once another process
owns the run. After a crash a finished step is never done again; a begun one is repeated, looked at, or asked about,
as its `effect` says.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, assert_never

from incident import commands, frozen, gates, runs
from incident.effects import NOT_BEGUN, Answers, Hands, Result
from incident.owning import Owned
from incident.plan import PlannedStep, RecoveryPlan, SystemPlan
from incident.runs import Run
from incident.writing import Writer
from inventory import clock
from inventory.approval import Approval
from inventory.command import TimeLimitError
from inventory.errors import HoldfastError, RefusedError
from inventory.verdict import EndedError, InDoubtError, StillRunningError
from ledger.ledger import Ledger

Point = Literal["before intent", "after intent", "after effect", "after result"]
Watcher = Callable[[Point | str, PlannedStep, Result | None], None]


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
    frozen.require_approved(ledger, run)
    answers = answers or Answers()
    answers.must_fit(run.plan)
    with Owned(ledger, run.plan.incident) as lease:
        return _Engine(ledger, run_id, hands, answers, watch, Writer(ledger, lease, answers)).work()


class _Engine:
    def __init__(
        self, ledger: Ledger, run_id: str, hands: Hands, answers: Answers, watch: Watcher, writer: Writer
    ) -> None:
        self._ledger = ledger
        self._id = run_id
        self._hands = hands
        self._answers = answers
        self._watch = watch
        self._writer = writer

    def work(self) -> Run:
        run = self._read()
        if run.ended == "done":
            return run
        frozen.require_newest(self._ledger, run)
        passed_over: frozenset[str] = frozenset()
        while (step := run.next_step(passed_over)) is not None:
            self._do(run, step)
            run = self._read()
            if not run.settled(step):
                passed_over |= {step.key}
        if run.ended is None and (run.worked_through or (run.failed and not run.waiting)):
            self._writer.ended(run, "done" if run.complete else "failed")
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
                if state.in_doubt and state.run_name and kind == "command":
                    self._come_back(run, planned)
                elif state.in_doubt or (state.attempts and planned.step.crash == "once"):
                    self._after_interruption(run, planned)
                else:
                    self._effect(run, planned)
            case _:
                assert_never(kind)

    def _gate(self, run: Run, planned: PlannedStep) -> None:
        if planned.step.gate == "police":
            if self._hands.police_decided():
                self._writer.finished(run, planned, Result(True, "the police decision is recorded"))
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
            self._writer.finished(run, planned, said, answer="approved", approvals=approvals)
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
            self._writer.finished(run, planned, Result(True, f"done by hand, says {self._ledger.actor}"), answer="done")
        else:
            self._wait(run, planned, question)

    def _come_back(self, run: Run, planned: PlannedStep) -> None:
        """Follow what was begun on another host before anybody is asked: it may run there still, or have ended well."""
        state, system = run.state(planned.key), run.plan.system(planned.system)
        began = self._ledger.clock.monotonic()
        try:
            result = self._hands.come_back(system, planned, planned.step.limit.total_seconds(), state.run_name)
        except EndedError as error:
            self._after_interruption(run, planned, error.message)
            return
        except TimeLimitError as error:
            result = _failed(error)
        except HoldfastError as error:
            if self._answers.about(planned, self._answers.done):
                self._after_interruption(run, planned)
            else:
                self._doubt(run, planned, error)
            return
        if result is None:
            self._after_interruption(run, planned)
        else:
            self._end(run, planned, result, began, state.run_name)

    def _after_interruption(self, run: Run, planned: PlannedStep, found: str = "") -> None:
        """Go on with a step begun before (nobody saw its end, or it failed): repeat it, look, or let a person say.

        `found` says what its host tells, where it tells that the step ended without a result.
        """
        crash = planned.step.crash
        match crash:
            case "idempotent":
                self._effect(run, planned, ended=bool(found))
            case "probe":
                if self._hands.is_done(run.plan.system(planned.system), planned):
                    said = Result(True, "was already done when looked at after the interruption")
                    self._writer.finished(run, planned, said)
                else:
                    self._effect(run, planned, ended=bool(found))
            case "once":
                if self._answers.about(planned, self._answers.again):
                    self._effect(run, planned, answer="again", ended=bool(found))
                elif self._answers.about(planned, self._answers.done):
                    said = Result(True, f"had its effect, says {self._ledger.actor}")
                    self._writer.finished(run, planned, said, answer="done")
                    self._forget(run, planned, run.state(planned.key).run_name)
                else:
                    known = f" ({found})" if found else ""
                    ask = f"was begun before{known} and must not run twice unasked: did it have its effect?"
                    self._wait(run, planned, f"{planned.key} {ask}")
            case _:
                assert_never(crash)

    def _effect(self, run: Run, planned: PlannedStep, *, answer: str = "", ended: bool = False) -> None:
        name = self._name(run, planned, ended=ended)
        self._watch("before intent", planned, None)
        self._writer.intent(run, planned, name, answer=answer)
        self._watch("after intent", planned, None)
        began = self._ledger.clock.monotonic()
        try:
            result = self._perform(run, planned, name)
        except (InDoubtError, StillRunningError) as error:
            self._doubt(run, planned, error)
        else:
            self._end(run, planned, result, began, name)

    def _end(self, run: Run, planned: PlannedStep, result: Result, began: float, name: str) -> None:
        """Write how an effect ended; only then may hosts give up what they keep of it."""
        self._watch("after effect", planned, result)
        self._writer.finished(run, planned, result, seconds=self._ledger.clock.monotonic() - began)
        self._forget(run, planned, name)
        self._watch("after result", planned, result)

    def _forget(self, run: Run, planned: PlannedStep, name: str) -> None:
        if name:
            self._hands.forget(run.plan.system(planned.system), planned, name)

    def _name(self, run: Run, planned: PlannedStep, *, ended: bool) -> str:
        """Return what the programs of this attempt are called on other hosts.

        An attempt that nobody saw end goes on under its name, unless it is known to have `ended`: an order for it that
        the network still holds back then begins nothing twice.
        """
        state = run.state(planned.key)
        if planned.step.kind not in ("restore", "command"):
            return ""
        if state.in_doubt and state.run_name and not ended:
            return state.run_name
        mark = f"{run.plan.digest()} {clock.to_text(run.started_at)}"
        return commands.name(run.id, mark, planned.key, state.attempts + 1)

    def _perform(self, run: Run, planned: PlannedStep, name: str) -> Result:
        try:
            return self._have_effect(run.plan.system(planned.system), planned, name)
        except EndedError as error:
            if planned.step.crash != "idempotent":
                raise
            return _failed(error)
        except (InDoubtError, StillRunningError):
            raise
        except NOT_BEGUN as error:
            return _failed(error, begun=False)
        except HoldfastError as error:
            return _failed(error)

    def _have_effect(self, system: SystemPlan, planned: PlannedStep, name: str) -> Result:
        step, limit = planned.step, planned.step.limit.total_seconds()
        match step.kind:
            case "restore":
                return self._hands.restore(system, limit, name)
            case "command":
                return self._hands.command(system, planned, limit, name)
            case "check" if step.check == "copy":
                return self._hands.check_copy(system, limit)
            case "check":
                return self._hands.check_normal(system, limit)
            case _:
                raise AssertionError(step.kind)

    def _doubt(self, run: Run, planned: PlannedStep, error: HoldfastError) -> None:
        """Say that it is not known how an effect ended; whoever goes on looks at its host first."""
        self._wait(run, planned, f"{planned.key}: {_words(error)}", look_again=True)

    def _wait(self, run: Run, planned: PlannedStep, ask: str, *, look_again: bool = False) -> None:
        self._writer.waiting(run, planned, ask, look_again=look_again)
        self._watch(f"waits: {ask}", planned, None)


def _failed(error: HoldfastError, *, begun: bool = True) -> Result:
    return Result(False, _words(error), begun=begun)


def _words(error: HoldfastError) -> str:
    return f"{error.message} ({error.hint})" if error.hint else error.message
