"""`holdfast doctor`: what is wrong with this installation, and what mends it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from cli import output
from cli.context import JsonOption, current
from inventory.errors import ExitCode

if TYPE_CHECKING:
    from cli.context import Context
    from incident.doctor.examine import Examination


def doctor(
    context: typer.Context,
    quick: Annotated[bool, typer.Option("--quick", help="Leave out what lies on other machines.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Show what is green, too.")] = False,
    json: JsonOption = False,
) -> ExitCode:
    """What is wrong with this installation, why it matters, and the command that mends it. Changes nothing.

    Looks at programs, clock, disks, permissions, vaults, media, ledger, rules, people, hosts, and at every copy due
    within a day. Ends with 1 when something is red or unknown; a check that could not run is unknown.

    Example: holdfast doctor --quick
    """
    from incident.doctor import finding

    found = _examined(current(context), quick=quick)
    if json:
        output.document(found.as_json())
    else:
        _show(found, everything=everything)
    return finding.exit_code(found.findings)


def _examined(here: Context, *, quick: bool) -> Examination:
    from incident.doctor import examine
    from incident.doctor.patient import Patient, open_ledger
    from inventory import people, places

    state, login = places.state_directory(here.site, os.environ), people.current_login()
    opened = open_ledger(here.site, state, lambda: here.ledger)
    patient = Patient(here.site, state, here.clock, login, os.environ, opened)
    with output.progress("Looking") as progress:
        return examine.examine(patient, quick=quick, told=progress.show)


def _show(found: Examination, *, everything: bool) -> None:
    shown = [each for each in found.findings if everything or each.state != "green"]
    if shown:
        rows = [(each.state, each.check, each.subject or "-", each.found, each.mend) for each in shown]
        output.table(("", "check", "of", "found", "do"), rows)
        output.line()
    for check, why in dict.fromkeys((each.check, each.why) for each in shown if each.state != "green"):
        output.line(f"{check}: {why}")
    total = len(found.findings)
    words = ", ".join(f"{found.count(state)} {state}" for state in ("red", "unknown", "amber", "green"))
    output.line(f"{total} answers: {words}")
    if found.skipped:
        output.line(f"not looked at (--quick): {', '.join(found.skipped)}")
