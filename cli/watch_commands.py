"""`holdfast watch`: the one long-running loop, and what it will do."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from cli import output, watch_units
from cli.context import Context, JsonOption, current
from inventory.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from incident.watch.loop import Child
    from incident.watch.parts import Part

watch = typer.Typer(
    name="watch",
    invoke_without_command=True,
    help="Do what is due, for as long as the machine runs: copies, detection, clocks of incidents, notices.",
    epilog="Example: holdfast watch --once",
)


watch.command("install")(watch_units.install)
watch.command("remove")(watch_units.remove)


class Only(StrEnum):
    """The parts of the watch."""

    BACKUP = "backup"
    DETECT = "detect"
    CLOCKS = "clocks"
    OUTBOX = "outbox"


OnlyOption = Annotated[list[Only] | None, typer.Option("--only", help="Only this part (repeatable).")]


@watch.callback()
def _watch(
    context: typer.Context,
    once: Annotated[bool, typer.Option("--once", help="One round of each part, then end.")] = False,
    only: OnlyOption = None,
) -> None:
    if context.invoked_subcommand is None:
        raise typer.Exit(int(_run(current(context), once=once, only=[str(part) for part in only or ()])))
    if once or only:
        raise UsageError("--once and --only are for the watch itself", hint="holdfast watch --once")


def _run(here: Context, *, once: bool, only: list[str]) -> ExitCode:
    from incident.watch.loop import Loop
    from incident.watch.parts import PARTS

    _must_be_watcher(here)
    chosen = [part for part in PARTS if not only or part.name in only]
    output.note(f"watching {here.site.root}: {', '.join(part.name for part in chosen)}")
    return Loop(here.ledger, here.state, chosen, lambda part, log: _start(here, part, log), output.note).run(once=once)


def _must_be_watcher(here: Context) -> None:
    """Let pass the system user of a control host, and whoever may take copies."""
    from inventory import login

    if here.actor.login != login.SYSTEM_USER:
        here.actor.may("operator")


def _start(here: Context, part: Part, log: Path) -> Child:
    from inventory.reach import Background, Command

    return Background(Command((*_itself(here), "watch", "round", part.name), env=_environment()), log)


def _itself(here: Context) -> tuple[str, ...]:
    """Return the words that run this Holdfast on this site, with nothing of the folder it is started in."""
    return (sys.executable, "-I", "-m", "cli.app", "--site", str(here.site.root))


def _environment() -> dict[str, str]:
    """Return what a round must be given of our surroundings: the site's state and restic may be named there."""
    kept = ("HOLDFAST_", "XDG_STATE_HOME")
    return {name: value for name, value in os.environ.items() if name.startswith(kept)}


@watch.command("round", hidden=True)
def round_(
    context: typer.Context,
    part: Annotated[Only, typer.Argument(help="The part.")],
    system: Annotated[str | None, typer.Argument(help="For backup: this system alone.")] = None,
) -> ExitCode:
    """Do one round of one part here and now; the loop starts it in a process of its own.

    Example: holdfast watch round detect
    """
    from cli.backup_commands import depot_of
    from incident.watch import notifying, rounds

    here = current(context)
    _must_be_watcher(here)
    match part:
        case Only.DETECT:
            return rounds.detection(here.site, here.ledger, here.state, output.note)
        case Only.CLOCKS:
            return notifying.clock_warnings(here.site, here.ledger, output.note)
        case Only.OUTBOX:
            return notifying.deliver(here.site, here.ledger, output.note)
        case Only.BACKUP if system is not None:
            return rounds.one_backup(depot_of(here), system, output.note)
        case Only.BACKUP:
            return rounds.backup(depot_of(here), _itself(here), _environment(), output.note)


@watch.command()
def look(context: typer.Context, json: JsonOption = False) -> ExitCode:
    """Look once whether the watch runs; its silence (1) is recorded and told to the channels. A timer does this too.

    Waits half a minute for a watch that is only being started again.

    Example: holdfast watch look
    """
    from incident.watch import heartbeat, looking

    here = current(context)
    _must_be_watcher(here)
    code, why = looking.look(here.site, here.state, here.clock, lambda: here.ledger, output.note)
    known = heartbeat.ever(here.state)
    if json:
        output.document({"set_up": known, "silence": why})
    else:
        output.line(why or ("the watch runs" if known else "the watch was never started here"))
    return code


@watch.command("test-notify")
def test_notify(
    context: typer.Context,
    channel: Annotated[str | None, typer.Argument(help="Which channel of holdfast.yml; else every one.")] = None,
) -> ExitCode:
    """Send a test to the channels of `notifications`, now and past the outbox. Ends with 3 when one did not take it.

    Example: holdfast watch test-notify mail
    """
    from incident.watch import sending
    from inventory.errors import HoldfastError

    here = current(context)
    _must_be_watcher(here)
    names = [channel] if channel is not None else list(here.site.settings.notifications)
    if not names:
        raise UsageError("holdfast.yml names no channel", hint="add one below `notifications:`")
    code = ExitCode.DONE
    content = {"subject": "Holdfast: a test", "text": f"Sent by {here.actor.login}. Nothing happened.\n"}
    for name in names:
        try:
            sending.send(here.site, name, content)
            output.line(f"{name}: taken")
        except HoldfastError as error:
            output.line(f"{name}: NOT taken: {error.message}")
            code = ExitCode.UNFINISHED
    return code


@watch.command()
def show(
    context: typer.Context,
    days: Annotated[int, typer.Option("--days", min=1, max=60, help="How far ahead.")] = 7,
    json: JsonOption = False,
) -> ExitCode:
    """Show whether the watch runs, the work of the days ahead, and what gets in each other's way (1).

    Copies into vaults and onto media, detection, deadlines of incidents; clashes by how long each copy took last time.

    Example: holdfast watch show --days 14
    """
    from incident.watch.outlook import outlook

    here = current(context)
    found = outlook(here.site, here.ledger, here.state, days)
    if json:
        output.document(found.as_json())
    else:
        output.line(found.silence or ("the watch runs" if found.set_up else "the watch was never started here"))
        rows = [(f"{each.at:%a %d %b %H:%M}", each.kind, each.system, each.store or each.what) for each in found.ahead]
        output.table(("due (UTC)", "kind", "system", "what"), rows)
        for clash in found.clashes:
            output.line(f"clash: {clash}")
    return ExitCode.FINDINGS if found.silence or found.clashes else ExitCode.DONE
