"""`holdfast watch install` and `watch remove`: the units of systemd that keep the watch running and look after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from cli import output, setup_commands
from cli.context import JsonOption, current
from cli.setup_commands import PlanOption, YesOption
from inventory.errors import ExitCode, MissingToolError, RefusedError

if TYPE_CHECKING:
    from inventory.installing import Written


def install(
    context: typer.Context, plan: PlanOption = False, yes: YesOption = False, json: JsonOption = False
) -> ExitCode:
    """Let systemd keep the watch running on this control host, and a timer of its own look whether it does.

    Run as root, after `setup`, which does this too. Shows the plan, then asks; a second run changes only what differs.
    With --plan it ends with 1 when there is something to do.

    Example: sudo holdfast watch install --plan
    """
    from inventory import installation, installing, served

    _control_host("watch install")
    here, found = current(context), served.installation()
    if found is not None:
        here.serve(found.site)
    wanted = setup_commands.wanted_here(here, ())
    steps = installing.plan(wanted, installation.watch_parts(wanted))
    return setup_commands.install(wanted, steps, plan=plan, yes=yes, json=json)


def remove(plan: PlanOption = False, yes: YesOption = False, json: JsonOption = False) -> ExitCode:
    """Take the watch's units away: nothing is copied, detected or told by itself any more. The ledger stays.

    What is left of them is listed (1).

    Example: sudo holdfast watch remove --plan
    """
    from inventory import launching, machine, uninstalling

    written = _control_host("watch remove")
    steps = uninstalling.watch_plan(written)
    if not json:
        setup_commands.show_removal(steps)
    if steps and not plan and setup_commands.agreed(yes):
        uninstalling.carry_out(written, steps)
    left = [] if plan else [str(path) for path in machine.traces(launching.UNITS_BEGIN)]
    if json:
        output.document({"steps": [step.as_json() for step in steps], "remains": left})
    elif not plan:
        output.line(f"remains: {'; '.join(left)}" if left else "nothing of the watch remains but its records")
    return ExitCode.FINDINGS if left or (plan and steps) else ExitCode.DONE


def _control_host(command: str) -> Written:
    """Return what `setup` made here.

    Raises:
        MissingToolError: systemd does not run this machine.
        RefusedError: not root, or nothing was set up.
    """
    from inventory import installing, machine

    if not machine.systemd():
        raise MissingToolError(
            "systemd does not run this machine, so it cannot keep the watch running",
            hint="keep `holdfast watch` running in another way, or run often: holdfast watch --once",
        )
    setup_commands.require_root(command)
    written = installing.written()
    if written is None:
        raise RefusedError(
            "this machine is no control host yet, so there is nobody the watch could be run as",
            hint="first: sudo holdfast --site DIR setup --plan, which installs the watch too",
        )
    return written
