"""`holdfast recover`: the plan, the run, and going on after anything that interrupts it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cli import completion, incident_output, output, recover_output, recover_requests
from cli.approving import ApprovalFiles
from cli.context import JsonOption, current
from inventory.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from datetime import datetime

    from cli.context import Context
    from incident.effects import Answers, Result
    from incident.incident import Incident
    from incident.plan import PlannedStep, RecoveryPlan

recover = typer.Typer(
    name="recover",
    no_args_is_help=True,
    help="Bring systems back for real: plan, run, resume after any interruption.",
    epilog="Example: holdfast recover plan && holdfast recover run --approve clean-target",
)

recover.command("requests")(recover_requests.requests)

Id = Annotated[str | None, typer.Argument(help="The incident's id; without it, the only open one.")]
RunId = Annotated[str | None, typer.Argument(help="The run's id; without it, the newest.")]
Systems = Annotated[
    list[str] | None,
    typer.Option("--system", help="Only this system; repeat for more.", autocompletion=completion.systems),
]
Onto = Annotated[
    list[str] | None,
    typer.Option("--onto", help="LOST=TARGET: put a lost host's data on another host; repeat for more."),
]
Before = Annotated[
    str,
    typer.Option("--before", help="Use no copy taken after this moment (RFC 3339); else the first sign in the alerts."),
]
Approve = Annotated[
    list[str] | None, typer.Option("--approve", help="Answer a gate: its step, or SYSTEM/STEP; repeat for more.")
]
Done = Annotated[list[str] | None, typer.Option("--done", help="A step done by hand, or that had its effect.")]
Again = Annotated[list[str] | None, typer.Option("--again", help="An interrupted step that must be done again.")]
Reason = Annotated[str, typer.Option("--reason", help="Why, in a sentence; kept with the answers.")]


@recover.command("plan")
def plan(
    context: typer.Context,
    incident: Id = None,
    system: Systems = None,
    onto: Onto = None,
    before: Before = "",
    json: JsonOption = False,
) -> ExitCode:
    """Show what would be restored, from which copy, onto what, in which order. Changes nothing.

    Example: holdfast recover plan --onto documents-1=spare-1
    """
    here = current(context)
    _, made = _plan(here, incident, system, onto, before)
    if json:
        untested = sorted(_untested(here, made))
        output.document(made.model_dump(mode="json") | {"digest": made.digest(), "untested_runbooks": untested})
    else:
        recover_output.show_plan(made, _untested(here, made))
        output.line(f"next: {_run_command(made, system, onto, before)}")
    return ExitCode.DONE


@recover.command("run")
def run(
    context: typer.Context,
    incident: Id = None,
    system: Systems = None,
    onto: Onto = None,
    before: Before = "",
    approve: Approve = None,
    approval: ApprovalFiles = None,
    done: Done = None,
    reason: Reason = "",
    json: JsonOption = False,
) -> ExitCode:
    """Plan and carry it out; at a gate that nobody has answered it stops and says how to go on.

    Example: holdfast recover run --approve clean-target --reason 'installed anew by Hoa, 03:40'
    """
    from incident import engine

    here = current(context)
    here.actor.may("responder")
    found, made = _plan(here, incident, system, onto, before)
    typed = recover_requests.Said(approve or (), done or (), (), approval or (), reason)
    recover_requests.answers(here, engine.next_id(here.ledger, found.id), made, typed)  # refused before it begins
    if not json:
        recover_output.show_plan(made, _untested(here, made))
        output.line()
    run_id = engine.start(here.ledger, made)
    return _work(here, found, run_id, recover_requests.answers(here, run_id, made, typed), json=json)


@recover.command("resume")
def resume(
    context: typer.Context,
    run_id: RunId = None,
    approve: Approve = None,
    approval: ApprovalFiles = None,
    done: Done = None,
    again: Again = None,
    reason: Reason = "",
    json: JsonOption = False,
) -> ExitCode:
    """Go on with a run after a gate, a failure or a crash; what is finished is never done again.

    Example: holdfast recover resume --approve clean-target
    """
    from incident import incident, runs

    here = current(context)
    here.actor.may("responder")
    found = runs.find(here.ledger, run_id)
    typed = recover_requests.Said(approve or (), done or (), again or (), approval or (), reason)
    answers = recover_requests.answers(here, found.id, found.plan, typed)
    return _work(
        here,
        incident.find(here.ledger, found.plan.incident),
        found.id,
        answers,
        json=json,
    )


@recover.command("status")
def status(context: typer.Context, run_id: RunId = None, json: JsonOption = False) -> ExitCode:
    """Show every step of a run: done, waiting, failed, open.

    Example: holdfast recover status
    """
    from incident import incident as incidents
    from incident import runs

    here = current(context)
    found = runs.find(here.ledger, run_id)
    code = recover_output.report(found, json=json)
    if not json and not found.complete:
        incident_output.following(here, incidents.find(here.ledger, found.plan.incident))
    return code


@recover.command("candidates")
def candidates(
    context: typer.Context,
    system: Annotated[str, typer.Argument(help="The system.", autocompletion=completion.systems)],
    json: JsonOption = False,
) -> ExitCode:
    """List the copies a system could come back from, newest first, and what is known against each.

    Example: holdfast recover candidates edoc
    """
    from incident import planning
    from inventory import clock, size

    here = current(context)
    found = planning.points(here.site, here.state, here.ledger, system)
    if json:
        output.document([planning.point_as_json(point) for point in found])
        return ExitCode.DONE
    rows = [
        (
            clock.to_text(point.time)[:19],
            point.store,
            point.snapshot[:8],
            size.show(point.bytes),
            "yes" if point.reachable else f"no: {point.where}",
            point.suspect or "nothing",
        )
        for point in found
    ]
    output.table(("taken (UTC)", "store", "snapshot", "size", "reachable", "known against it"), rows, right=(3,))
    return ExitCode.DONE if found else ExitCode.FINDINGS


def _plan(
    here: Context, incident_id: str | None, systems: list[str] | None, onto: list[str] | None, before: str
) -> tuple[Incident, RecoveryPlan]:
    from incident import planning
    from incident.incident import find

    found, until = find(here.ledger, incident_id), _moment(before)
    with output.progress("looking for the newest good copies"):
        made = planning.plan(
            here.site, here.state, here.ledger, found, systems or [], recover_requests.targets(onto or []), until
        )
    return found, made


def _untested(here: Context, made: RecoveryPlan) -> frozenset[str]:
    from incident import runbook

    return runbook.load(here.site.root).untested & {system.runbook for system in made.systems}


def _moment(text: str) -> datetime | None:
    from inventory import clock

    try:
        return clock.from_text(text) if text else None
    except ValueError as error:
        raise UsageError(f"--before: {error}", hint="write it like 2026-01-31T02:50:00+07:00") from error


def _run_command(made: RecoveryPlan, systems: list[str] | None, onto: list[str] | None, before: str) -> str:
    """Return the command that carries out what was planned, with the same words."""
    chosen = [f"--system {key}" for key in systems or []] + [f"--onto {pair}" for pair in onto or []]
    until = [f"--before {before}"] if before else []
    return " ".join(["holdfast recover run", made.incident, *chosen, *until])


def _work(here: Context, found: Incident, run_id: str, answers: Answers, *, json: bool) -> ExitCode:
    from incident import engine
    from incident.hands import RealHands

    with output.progress(f"recovery {run_id}") as progress:

        def watch(point: str, step: PlannedStep, result: Result | None) -> None:
            if point == "after intent":
                progress.show(f"{step.key}: {step.step.title or step.step.kind}")
            elif result is not None and point == "after result" and not json:
                output.line(f"{'done  ' if result.ok else 'FAILED'} {step.key}: {result.found}")
            elif point.startswith("waits") and not json:
                output.line(f"waits  {recover_output.asked(step.key, point.removeprefix('waits: '))}")

        hands = RealHands(here.site, here.state, here.ledger, found.id, progress.show)
        ended = engine.go_on(here.ledger, run_id, hands, answers, watch)
    code = recover_output.report(ended, json=json, brief=True)
    if not json and not ended.complete:
        from incident import view
        from incident.incident import find

        following = view.following(here.ledger, here.site, find(here.ledger, found.id), here.clock.now())
        output.line(f"next: {following.command}")
        output.line(f"      {following.why}")
    return code
