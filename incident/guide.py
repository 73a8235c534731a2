"""The one next command: at 03:10 nobody should have to think which. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from incident.clocks import IncidentClock, OpenQuestion
from incident.incident import Incident
from inventory import duration

if TYPE_CHECKING:
    from incident.runs import Run


@dataclass(frozen=True)
class Next:
    """A command to paste, and why it is the next one. `command` is empty when there is nothing left to do."""

    command: str
    why: str


def next_command(
    incident: Incident,
    run: Run | None,
    questions: Sequence[OpenQuestion] = (),
    owed: Sequence[IncidentClock] = (),
) -> Next:
    """Return what to do now.

    `run` is the incident's newest recovery run, if there is one; `questions` what clocks wait for, `owed` the notices
    that have not gone out.
    """
    if not incident.open:
        return _owed(incident, owed[0]) if owed else Next("", "the incident is closed")
    if incident.acknowledged is None:
        return Next(f"holdfast incident ack {incident.id}", "nobody has taken it up; the acknowledge clock runs")
    if incident.classified is None:
        return Next(
            f"holdfast incident classify {incident.id} --serious --reason 'WHY'",
            "a named person must say whether it is serious (or --ordinary)",
        )
    if incident.police is None:
        return Next(
            f"holdfast incident notify {incident.id} police --told --receipt 'WHO, WHEN, HOW'",
            "the police lead; no recovery passes without this decision (or --not-required --reason 'WHY')",
        )
    return _recovery(incident, run) if incident.still_down else _closing(incident, questions)


def _closing(incident: Incident, questions: Sequence[OpenQuestion]) -> Next:
    if questions:
        return Next(questions[0].command, f"nobody has said yet: {questions[0].question}")
    return Next(f"holdfast incident close {incident.id} --reason 'WHY'", "every affected system is normal again")


def _owed(incident: Incident, clock: IncidentClock) -> Next:
    left = f"{duration.show(clock.left)} left" if not clock.late else f"LATE by {duration.show(-clock.left)}"
    command = f"holdfast incident notify {incident.id} {clock.key.replace('_', '-')} --told --receipt 'WHOM, WHEN, HOW'"
    return Next(command, f"still owed: {clock.title}, {left} (or --not-required --reason 'WHY')")


def _recovery(incident: Incident, run: Run | None) -> Next:
    down = ", ".join(incident.still_down)
    anew = f"holdfast recover run {incident.id}"
    if run is None or run.ended == "done":
        return Next(anew, f"still down: {down}; to see it first, without changing anything: recover plan {incident.id}")
    if run.waiting:
        return _answer(run)
    if run.failed:
        step = run.failed[0]
        found = run.state(step.key).found
        if step.step.check == "copy":
            other = f"another copy if there is one (recover candidates {step.system}); else fetch another medium"
            return Next(anew, f"{step.key} failed: {found}; planned anew, it takes {other}")
        return Next(f"holdfast recover resume {run.id}", f"{step.key} failed: {found}; mend that, then go on")
    if run.worked_through:
        lost = ", ".join(f"{each.key} has no copy to come back from: {each.why}" for each in run.plan.missing)
        return Next(anew, f"{lost or f'still down: {down}'}; find one (recover candidates SYSTEM), then plan anew")
    why = f"the recovery was interrupted, or somebody is at it now; still down: {down}"
    return Next(f"holdfast recover resume {run.id}", why)


def _answer(run: Run) -> Next:
    """Say how the first waiting step is answered; for this system alone, whatever others ask the same."""
    step = run.waiting[0]
    if step.step.gate == "police":
        return Next(f"holdfast recover resume {run.id}", "the police decision is recorded now; go on")
    if run.state(step.key).look_again:
        return Next(f"holdfast recover resume {run.id}", f"{run.state(step.key).ask}; mend that, then look again")
    if run.state(step.key).attempts:
        return Next(
            f"holdfast recover resume {run.id} --done {step.key}",
            f"{step.key} was begun before: --done if it had its effect, --again {step.key} if not",
        )
    if step.step.signed or step.step.people > 1:
        why = f"{run.state(step.key).ask}; the texts to sign, and the lines that sign them and go on"
        return Next(f"holdfast recover requests {run.plan.incident}", why)
    word = "--approve" if step.step.kind == "gate" else "--done"
    return Next(f"holdfast recover resume {run.id} {word} {step.key}", run.state(step.key).ask)
