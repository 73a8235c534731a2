"""`holdfast incident`: what is going on, how much time is left, what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import output
from cli.context import JsonOption, current
from inventory.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from cli.context import Context
    from incident.incident import Incident
    from incident.view import IncidentView

incident = typer.Typer(
    name="incident",
    invoke_without_command=True,
    help="Incidents: time left, who must be told, the next command. Without a subcommand: the open one.",
    epilog="Example: holdfast incident open --from-alerts --title 'Documents unreadable'",
)

Id = Annotated[str | None, typer.Argument(help="The incident's id; without it, the only open one.")]
Reason = Annotated[str, typer.Option("--reason", help="Why, in a sentence.")]


@incident.callback()
def _open_one(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        raise typer.Exit(int(_show_open(current(context))))


@incident.command("open")
def open_(
    context: typer.Context,
    title: Annotated[str, typer.Option("--title", help="What happened, in a few words.")],
    system: Annotated[list[str] | None, typer.Option("--system", help="An affected system; repeat for more.")] = None,
    from_alerts: Annotated[bool, typer.Option("--from-alerts", help="Take in every open alert.")] = False,
    json: JsonOption = False,
) -> ExitCode:
    """Open an incident. Affected are the systems you name, those in the alerts, and those whose own tests fail now.

    Example: holdfast incident open --from-alerts --title 'Documents unreadable, log-ins from outside'
    """
    from incident import opening

    here = current(context)
    here.actor.may("responder", "security", "operator")
    with output.progress("running every system's own tests"):
        made = opening.open_now(here.ledger, here.site, title, named=system or [], from_alerts=from_alerts)
    if json:
        output.document({"incident": made.id, "systems": list(made.systems), "alerts": list(made.alerts)})
        return ExitCode.DONE
    output.line(f"opened {made.id}: {made.title}")
    output.line(f"affected: {', '.join(made.systems)}; alerts: {len(made.alerts)}")
    return _next(here, made)


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
    return _next(here, find(here.ledger, incident_id))


@incident.command("ack")
def ack(context: typer.Context, incident_id: Id = None) -> ExitCode:
    """Take the incident up; this stops the acknowledge clock.

    Example: holdfast incident ack
    """
    from incident import acts
    from incident.incident import find

    here = current(context)
    here.actor.may("responder", "security", "operator")
    acts.acknowledge(here.ledger, find(here.ledger, incident_id))
    return _next(here, find(here.ledger, incident_id))


@incident.command("classify")
def classify(
    context: typer.Context,
    incident_id: Id = None,
    serious: Annotated[
        bool | None, typer.Option("--serious/--ordinary", help="A named person decides; the rules do not define it.")
    ] = None,
    reason: Reason = "",
) -> ExitCode:
    """Say whether the incident is serious, and why.

    Example: holdfast incident classify --serious --reason 'citizens cannot file documents'
    """
    from incident import acts
    from incident.incident import find

    here = current(context)
    here.actor.may("responder", "head", "approver")
    if serious is None:
        raise UsageError("say which: serious or ordinary", hint="holdfast incident classify --serious --reason WHY")
    acts.classify(here.ledger, find(here.ledger, incident_id), serious=serious, reason=reason)
    return _next(here, find(here.ledger, incident_id))


@incident.command("notify")
def notify(
    context: typer.Context,
    incident_id: Annotated[str, typer.Argument(help="The incident's id.")],
    whom: Annotated[str, typer.Argument(help="Who must be told: police.")],
    told: Annotated[bool | None, typer.Option("--told/--not-required", help="What was decided.")] = None,
    receipt: Annotated[str, typer.Option("--receipt", help="Whom, when and how: name, time, channel.")] = "",
    reason: Reason = "",
) -> ExitCode:
    """Record whether the police were told: the decision no incident passes without.

    Example: holdfast incident notify inc-20260131-01 police --told --receipt 'Maj. Vo, 03:24, by phone'
    """
    from incident import acts
    from incident.incident import find

    here = current(context)
    here.actor.may("responder", "head", "approver")
    if whom != "police":
        raise UsageError(f"{whom!r} cannot be notified here", hint="police")
    if told is None:
        raise UsageError("say what was decided", hint="--told --receipt TEXT, or --not-required --reason TEXT")
    acts.notify_police(here.ledger, find(here.ledger, incident_id), told=told, reason=reason, receipt=receipt)
    return _next(here, find(here.ledger, incident_id))


@incident.command("note")
def note(
    context: typer.Context,
    text: Annotated[str, typer.Argument(help="What to write down.")],
    incident_id: Annotated[str | None, typer.Option("--incident", help="Which; without it, the only open one.")] = None,
) -> ExitCode:
    """Write a note into the incident's timeline.

    Example: holdfast incident note 'second site confirms: no outside connection since 02:50'
    """
    from incident import acts
    from incident.incident import find

    here = current(context)
    here.actor.may("responder", "security", "operator", "approver", "head")
    acts.add_note(here.ledger, find(here.ledger, incident_id), text)
    return ExitCode.DONE


@incident.command("affect")
def affect(
    context: typer.Context,
    system: Annotated[list[str], typer.Option("--system", help="A system that is affected too; repeat for more.")],
    incident_id: Id = None,
) -> ExitCode:
    """Add systems to those affected, or say that one is down again.

    Example: holdfast incident affect --system lgsp
    """
    from incident import acts
    from incident.incident import find

    here = current(context)
    here.actor.may("responder", "security", "operator")
    for key in system:
        here.site.system(key)
    acts.affect(here.ledger, find(here.ledger, incident_id), system)
    return _next(here, find(here.ledger, incident_id))


@incident.command("recheck")
def recheck(context: typer.Context, incident_id: Id = None, reason: Reason = "") -> ExitCode:
    """Run the own tests of the systems still down; those that pass are normal again, without a restore.

    For a system that an alert named wrongly, or that was mended by hand.

    Example: holdfast incident recheck --reason 'exchange only lost its network; cable replaced'
    """
    from incident import rechecking
    from incident.incident import find

    here = current(context)
    here.actor.may("responder")
    with output.progress("running the systems' own tests"):
        results = rechecking.recheck(here.ledger, here.site, find(here.ledger, incident_id), reason)
    for key, each in results.items():
        output.line(f"{key}: {'normal' if each.normal else 'NOT normal: ' + '; '.join(each.failing)}")
    _next(here, find(here.ledger, incident_id))
    return ExitCode.DONE if all(each.normal for each in results.values()) else ExitCode.FINDINGS


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
    rows = [(each.id, each.title, views.following(here.ledger, each).command) for each in opened]
    output.table(("open incident", "title", "next"), rows)
    output.line("one of them: holdfast incident show ID")
    return ExitCode.FINDINGS


def _show(here: Context, incident_id: str | None, *, json: bool) -> ExitCode:
    from incident import view as views

    view = views.view(here.ledger, here.site, incident_id, here.clock.now())
    if json:
        output.document(view.as_json())
    else:
        _print(view)
    return ExitCode.FINDINGS if view.incident.open else ExitCode.DONE


def _print(view: IncidentView) -> None:
    from inventory import duration

    found = view.incident
    output.line(f"{found.id}  {'OPEN' if found.open else 'closed'}  {found.title}")
    output.line(f"detected {found.detected_at:%Y-%m-%d %H:%M:%S} UTC; {len(found.alerts)} alerts")
    output.line()
    rows = [
        (each.title, each.system or "all", each.state, duration.show(each.used), duration.show(each.left))
        for each in view.clocks
    ]
    output.table(("clock", "system", "state", "used", "left"), rows, right=(3, 4))
    output.line()
    output.table(("system", "state", "what is known"), [(key, state, words) for key, state, words in view.systems])
    for title, decision in view.decisions:
        output.line(f"{title}: {decision}")
    output.line()
    output.line(f"next: {view.next.command or 'nothing'}")
    output.line(f"      {view.next.why}")


def _next(here: Context, found: Incident) -> ExitCode:
    from incident import view as views

    following = views.following(here.ledger, found)
    output.line(f"next: {following.command or 'nothing'}")
    output.line(f"      {following.why}")
    return ExitCode.DONE


def _short(found: Incident) -> dict[str, Any]:
    from inventory import clock

    return {
        "incident": found.id,
        "open": found.open,
        "title": found.title,
        "detected_at": clock.to_text(found.detected_at),
        "systems": list(found.systems),
    }
