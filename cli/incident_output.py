"""How an incident is shown on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cli import output
from inventory.errors import ExitCode

if TYPE_CHECKING:
    from cli.context import Context
    from incident.clocks import IncidentClock
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
        (each.title, each.system or "all", each.state, duration.show(each.used), _left(each)) for each in view.clocks
    ]
    output.table(("clock", "system", "state", "used", "left"), rows, right=(3, 4))
    for each in view.questions:
        waiting = ", ".join(f"{title} (due {due:%d %b %H:%M} UTC)" if due else title for title, due in each.clocks)
        output.line(f"OPEN QUESTION: {each.question}; it decides: {waiting}")
        output.line(f"      {each.command}")
    if view.unverified:
        output.line("some of these times were not read in an official text: holdfast inventory policies --clocks")
    output.line()
    output.table(("system", "state", "what is known"), [(key, state, words) for key, state, words in view.systems])
    for title, decision in view.decisions:
        output.line(f"{title}: {decision}")
    output.line()
    output.line(f"next: {view.next.command or 'nothing'}")
    output.line(f"      {view.next.why}")


def _left(each: IncidentClock) -> str:
    """Say how much time is left; of what is due at once, how often it had to be said again."""
    from inventory import duration

    if each.remind_every is None or each.stopped is not None:
        return duration.show(each.left)
    return f"NOW, reminded {each.reminders} times" if each.reminders else "NOW"


def following(here: Context, found: Incident) -> ExitCode:
    """Print the one next command and why."""
    from incident import view as views

    following = views.following(here.ledger, here.site, found, here.clock.now())
    output.line(f"next: {following.command or 'nothing'}")
    output.line(f"      {following.why}")
    return ExitCode.DONE
