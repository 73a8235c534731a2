"""`holdfast incident`: what is going on, how much time is left, what to do next."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import completion, incident_output, output
from cli.context import JsonOption, current
from cli.incident_acts import FromAlerts, Id, Reason, acts
from inventory.errors import ExitCode

if TYPE_CHECKING:
    from cli.context import Context
    from incident.incident import Incident

incident = typer.Typer(
    name="incident",
    invoke_without_command=True,
    help="Incidents: time left, who must be told, the next command. Without a subcommand: the open one.",
    epilog="Example: holdfast incident open --from-alerts --title 'Documents unreadable'",
)


incident.add_typer(acts)

_ONE_STORY = timedelta(hours=24)
"""Alerts further apart than this may belong to different incidents: our own proposal."""


@incident.callback()
def _open_one(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        raise typer.Exit(int(_show_open(current(context))))


@incident.command("open")
def open_(
    context: typer.Context,
    title: Annotated[str, typer.Option("--title", help="What happened, in a few words.")],
    system: Annotated[
        list[str] | None,
        typer.Option("--system", help="An affected system; repeat for more.", autocompletion=completion.systems),
    ] = None,
    from_alerts: FromAlerts = False,
    alert: Annotated[
        list[str] | None, typer.Option("--alert", help="Take in only this alert; repeat for more.")
    ] = None,
    json: JsonOption = False,
) -> ExitCode:
    """Open an incident. Affected are the systems you name, those in the alerts, and those whose own tests fail now.

    Example: holdfast incident open --from-alerts --title 'Documents unreadable, log-ins from outside'
    """
    from incident import opening
    from inventory import duration

    here = current(context)
    here.actor.may("responder", "security", "operator")
    with output.progress("running every system's own tests"):
        made = opening.open_now(
            here.ledger, here.site, title, named=system or [], from_alerts=from_alerts, chosen=alert or []
        )
    if json:
        output.document({"incident": made.id, "systems": list(made.systems), "alerts": list(made.alerts)})
        return ExitCode.DONE
    output.line(f"opened {made.id}: {made.title}")
    output.line(f"affected: {', '.join(made.systems)}; alerts: {len(made.alerts)}")
    apart = opening.spread(here.ledger, made)
    if apart > _ONE_STORY:
        output.note(
            f"warning: its alerts were raised {duration.show(apart)} apart, and the clocks run from the oldest;"
        )
        output.note("         alerts of another story are closed first, or open with --alert ID for each that belongs")
    return incident_output.following(here, made)


@incident.command("list")
def list_(context: typer.Context, json: JsonOption = False) -> ExitCode:
    """List every incident, newest last.

    Example: holdfast incident list
    """
    from incident.incident import all_incidents
    from inventory import clock

    found = all_incidents(current(context).ledger)
    if json:
        output.document([_short(each) for each in found])
        return ExitCode.DONE
    rows = [
        (
            each.id,
            "open" if each.open else "closed",
            clock.to_text(each.detected_at)[:16],
            ", ".join(each.systems),
            each.title,
        )
        for each in found
    ]
    output.table(("incident", "state", "detected (UTC)", "systems", "title"), rows)
    return ExitCode.DONE


@incident.command("show")
def show(context: typer.Context, incident_id: Id = None, json: JsonOption = False) -> ExitCode:
    """Show one incident: clocks, systems, decisions, and the one next command.

    Example: holdfast incident show inc-20260131-01
    """
    return _show(current(context), incident_id, json=json)


@incident.command("next")
def next_(context: typer.Context, incident_id: Id = None) -> ExitCode:
    """Print only the one next command.

    Example: holdfast incident next
    """
    from incident.incident import find

    here = current(context)
    return incident_output.following(here, find(here.ledger, incident_id))


@incident.command("timeline")
def timeline(context: typer.Context, incident_id: Id = None, json: JsonOption = False) -> ExitCode:
    """Show what happened, line by line, counted from detection; each with its ledger record.

    Example: holdfast incident timeline
    """
    from incident import timeline as timelines
    from incident.incident import find
    from inventory import clock, duration

    here = current(context)
    moments = timelines.of_incident(find(here.ledger, incident_id), here.ledger)
    if json:
        names = ("seconds", "system", "what", "seq")
        output.document([{"at": clock.to_text(m.at)} | {name: getattr(m, name) for name in names} for m in moments])
        return ExitCode.DONE
    rows = [(f"{m.at:%H:%M:%S}", duration.show(m.seconds), m.what, str(m.seq)) for m in moments]
    output.table(("UTC", "after", "what", "record"), rows, right=(1, 3))
    return ExitCode.DONE


@incident.command("close")
def close(context: typer.Context, incident_id: Id = None, reason: Reason = "") -> ExitCode:
    """Close an incident; refused while a system does not pass its own tests or the police decision is missing.

    Example: holdfast incident close --reason 'all systems normal, accounts changed'
    """
    from incident import rechecking
    from incident.incident import find

    here = current(context)
    here.actor.may("responder", "approver", "head")
    found = find(here.ledger, incident_id)
    with output.progress("running the systems' own tests once more"):
        rechecking.close_now(here.ledger, here.site, found, reason)
    output.line(f"closed {found.id}")
    return ExitCode.DONE


def _show_open(here: Context) -> ExitCode:
    """Show the open incident; of several each with its next command; with none, the alerts that wait for one."""
    from incident import view as views
    from incident.incident import all_incidents
    from ledger import alerts

    opened = [each for each in all_incidents(here.ledger) if each.open]
    if len(opened) == 1:
        return _show(here, opened[0].id, json=False)
    if not opened:
        waiting = alerts.listed(here.ledger, states=(alerts.OPEN,))
        if not waiting:
            output.line("no incident is open")
            return ExitCode.DONE
        worst = max(waiting, key=lambda alert: alerts.rank(alert.level))
        output.line(f"no incident is open, but {len(waiting)} alerts wait, the worst is {worst.level}: {worst.title}")
        output.line("next: holdfast incident open --from-alerts --title 'WHAT HAPPENED'")
        output.line("      or look at them first: holdfast detect alerts list")
        return ExitCode.FINDINGS
    now = here.clock.now()
    rows = [(each.id, each.title, views.following(here.ledger, here.site, each, now).command) for each in opened]
    output.table(("open incident", "title", "next"), rows)
    output.line("one of them: holdfast incident show ID")
    return ExitCode.FINDINGS


def _show(here: Context, incident_id: str | None, *, json: bool) -> ExitCode:
    from incident import view as views

    view = views.view(here.ledger, here.site, incident_id, here.clock.now())
    if json:
        output.document(view.as_json())
    else:
        incident_output.show(view)
    return ExitCode.FINDINGS if view.incident.open else ExitCode.DONE


def _short(found: Incident) -> dict[str, Any]:
    from inventory import clock

    return {
        "incident": found.id,
        "open": found.open,
        "title": found.title,
        "detected_at": clock.to_text(found.detected_at),
        "systems": list(found.systems),
    }
