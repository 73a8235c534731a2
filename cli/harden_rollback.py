"""`holdfast harden rollback`: put back what a run of `harden apply` changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cli import completion, harden_output, output, own_machine, plan_output
from cli.context import JsonOption, current
from inventory.errors import ExitCode, RefusedError

if TYPE_CHECKING:
    from playbooks.rollback import Back


def rollback_(
    context: typer.Context,
    run: Annotated[str, typer.Argument(help="The run's name, as harden apply showed it.")],
    host: Annotated[
        list[str] | None,
        typer.Option("--host", help="Only this host (repeatable).", autocompletion=completion.hosts),
    ] = None,
    control: Annotated[list[str] | None, typer.Option("--control", help="Only for this control (repeatable).")] = None,
    plan: Annotated[bool, typer.Option("--plan", help="Only show what would be put back.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    this_machine: Annotated[str, typer.Option("--this-machine", help="Its name, if it is to be changed too.")] = "",
    json: JsonOption = False,
) -> ExitCode:
    """Put back what a run of harden apply changed: show it, ask, do it, read the hosts again.

    Nothing is put back while somebody has changed one of the things meant since (ends 4 and names it).

    Example: holdfast harden rollback h-1a2b3c4d --plan
    """
    from playbooks import controls, history, rollback, runs, scan

    here = current(context)
    here.actor.may("operator", "security")
    only = rollback.pieces(controls.chosen(control).values()) if control else ()
    found = runs.find(here.ledger, run)
    wanted = rollback.meant(here.site, found, host or [])
    with output.progress("Looking at what was kept") as progress:
        planned = rollback.roll_back(here.site, found, wanted, only, check=True, told=progress.show)
    if plan:
        _show(planned, json=json, text=plan_output.lines(planned.outcome))
        return planned.exit_code or (ExitCode.FINDINGS if planned.outcome.changes else ExitCode.DONE)
    planned.require_unchanged()
    if not planned.outcome.changes:
        _show(planned, json=json, text=[*plan_output.lines(planned.outcome)[:-1], "there is nothing to put back"])
        return planned.exit_code
    again = f"holdfast harden rollback {run}"
    own_machine.require_meant((here.site.host(each.host) for each in wanted), this_machine, again=again)
    if not yes:
        _agree(planned, again)
    with output.progress("Putting back") as progress:
        done = rollback.roll_back(here.site, found, wanted, only, check=False, told=progress.show)
        after = scan.scan(here.site, wanted, controls.shipped().values(), told=progress.show)
    here.ledger.append_all(rollback.entries(done, wanted))
    history.record_scan(here.ledger, after)
    _show(done, json=json, text=_done(done))
    if not json:
        output.line()
        harden_output.show_scan(scan.waive(after, here.site.waivers, here.today), controls.shipped())
    return done.exit_code


def _agree(planned: Back, again: str) -> None:
    for text in plan_output.lines(planned.outcome):
        output.note(text)
    if not output.confirm(f"Put back {plan_output.many(len(planned.outcome.changes), 'change')}?"):
        raise RefusedError("nothing was put back: nobody agreed to the plan", hint=f"{again} --yes")


def _done(done: Back) -> list[str]:
    hosts = len({change.host for change in done.outcome.changes})
    said = f"{plan_output.many(len(done.outcome.changes), 'change')} on {plan_output.many(hosts, 'host')} put back"
    return [*(f"note: {note}" for note in done.outcome.notes), *plan_output.troubles(done.outcome), said]


def _show(back: Back, *, json: bool, text: list[str]) -> None:
    if json:
        output.document(back.document())
        return
    for each in text:
        output.line(each)
    for host, conflicts in back.conflicts.items():
        for conflict in conflicts:
            output.line(f"changed since: {host}: {conflict}")
