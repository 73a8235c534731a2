"""`holdfast setup` and `holdfast uninstall`: make this machine a control host, and take that back."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli import output
from cli.context import JsonOption, current
from inventory.errors import ExitCode, RefusedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cli.context import Context
    from inventory.installation import Step, Wanted
    from inventory.rights import Right
    from inventory.uninstalling import Removal

PlanOption = Annotated[bool, typer.Option("--plan", help="Only show what would be done.")]
YesOption = Annotated[bool, typer.Option("--yes", help="Do it without asking.")]


def setup(
    context: typer.Context, plan: PlanOption = False, yes: YesOption = False, json: JsonOption = False
) -> ExitCode:
    """Make this machine a control host: user, state directory, sudo's rules by role, keys, the watch service.

    Run as root. Shows the plan, then asks. A second run changes only what differs; files that are not ours are refused.
    With --plan it ends with 1 when there is something to do.

    Example: sudo holdfast setup --plan
    """
    from cli.rights import rights
    from inventory import installation, installing, served

    require_root("setup")
    here = current(context)
    if (found := served.installation()) is not None:
        here.prefer(found.site)
    wanted = wanted_here(here, rights(context.find_root().command))
    return install(wanted, installing.plan(wanted, installation.parts(wanted)), plan=plan, yes=yes, json=json)


def install(wanted: Wanted, steps: Sequence[Step], *, plan: bool, yes: bool, json: bool) -> ExitCode:
    """Show a plan and, unless it is only asked for, carry it out once somebody agreed."""
    from inventory import installing

    if not json:
        rows = [(step.what, step.now, step.change or "-", step.why) for step in steps]
        output.table(("what", "now", "change", "why"), rows)
    todo = [step for step in steps if step.change]
    if any(step.change == "refuse" for step in steps) or (todo and not plan and agreed(yes)):
        installing.carry_out(wanted, steps)
    if json:
        output.document({"site": str(wanted.site), "state": str(wanted.state), "steps": [s.as_json() for s in steps]})
    elif not plan:
        output.line(f"{len(todo)} of {len(steps)} parts changed" if todo else "nothing to change")
        output.line("next: holdfast doctor")
    return ExitCode.FINDINGS if plan and todo else ExitCode.DONE


def uninstall(
    plan: PlanOption = False,
    yes: YesOption = False,
    with_state: Annotated[
        str,
        typer.Option("--with-state", metavar="SITE-ID", help="Remove ledger and passwords too: type its id."),
    ] = "",
    json: JsonOption = False,
) -> ExitCode:
    """Take away what setup made. Ledger, passwords and their user stay unless --with-state names the site.

    What remains is listed. Without the passwords no copy can be read any more: keep them elsewhere first.

    Example: sudo holdfast uninstall --plan
    """
    from inventory import uninstalling

    require_root("uninstall")
    found = uninstalling.require_written()
    if with_state and with_state != found.site_id:
        raise RefusedError(f"{with_state!r} is not this site's id", hint=f"it is {found.site_id}; nothing was removed")
    steps = uninstalling.plan(found, with_state=bool(with_state))
    if not json:
        show_removal(steps)
    if not plan and agreed(yes):
        uninstalling.carry_out(found, steps)
    left = uninstalling.remains(steps)
    if json:
        output.document({"steps": [step.as_json() for step in steps], "remains": left})
    else:
        output.line(f"remains: {'; '.join(left)}" if left else "nothing of the installation remains")
    return ExitCode.DONE


def wanted_here(here: Context, known: Sequence[Right]) -> Wanted:
    """Return what is installed for a site on this machine; `known` are the command lines sudo's rules speak of.

    Raises:
        RefusedError: the program or the site is not root's alone.
    """
    from inventory import installing, machine
    from inventory.installation import Wanted

    python = Path(sys.executable)
    site = here.site
    installing.require_program(python)
    installing.require_site(site.root)
    settings = site.settings
    writes = [vault.path for vault in site.vault_places.values() if vault.path is not None]
    for rotation in settings.media.values():
        for disk in rotation.disks.values():
            writes += [site.resolve(disk.directory).parent, site.resolve(disk.attach).parent]
    people = [person for person in site.people.people if not person.why_not_acting(here.today)]
    places = tuple(dict.fromkeys(writes))
    return Wanted(site.root, settings.site, people, known, python, places, machine.systemd())


def require_root(command: str) -> None:
    """Let root pass; everybody else is told how."""
    if os.geteuid() != 0:
        raise RefusedError(
            f"{command} changes this machine, which only root may", hint=f"sudo holdfast {command} --plan"
        )


def agreed(yes: bool) -> bool:
    """Ask, unless the answer was given."""
    if yes or output.confirm("Do this?"):
        return True
    raise RefusedError("not confirmed; nothing was done", hint="add --yes to do it without being asked")


def show_removal(steps: Sequence[Removal]) -> None:
    """Print what goes and what stays."""
    output.table(("what", "remove", "why"), [(step.name, "yes" if step.remove else "-", step.why) for step in steps])
