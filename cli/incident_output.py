"""How an incident is shown on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cli import output
from inventory.errors import ExitCode

if TYPE_CHECKING:
    from cli.context import Context
    from incident.incident import Incident
    from incident.view import IncidentView


def show(view: IncidentView) -> None:
    """Print an incident: clocks, systems, decisions, the one next command."""
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


def following(here: Context, found: Incident) -> ExitCode:
    """Print the one next command and why."""
    from incident import view as views

    following = views.following(here.ledger, found)
    output.line(f"next: {following.command or 'nothing'}")
    output.line(f"      {following.why}")
    return ExitCode.DONE
