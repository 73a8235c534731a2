"""The command line: `holdfast`."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Sequence
from copy import copy
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.exceptions import Abort, Exit, TyperException

from cli import output, rights
from cli.approval_commands import approval
from cli.backup_commands import backup
from cli.context import Context
from cli.demo_commands import demo
from cli.detect_commands import detect
from cli.doctor_commands import doctor
from cli.harden_commands import harden
from cli.incident_commands import incident
from cli.init_commands import init
from cli.inventory_commands import inventory
from cli.ledger_commands import ledger
from cli.readiness_commands import readiness, today
from cli.recover_commands import recover
from cli.report_commands import report
from cli.setup_commands import setup, uninstall
from cli.watch_commands import watch
from cli.whoami_commands import whoami
from inventory.errors import ExitCode, HoldfastError

app = typer.Typer(
    name="holdfast",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Bring every information system back within 24 hours, and prove it.",
    epilog="Exit codes: 0 done and clean, 1 done with findings, 2 usage or invalid site, "
    "3 could not finish, 4 refused, 130 interrupted.",
)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        output.line(f"holdfast {version('holdfast')}")
        raise typer.Exit


@app.callback()
def _root(
    context: typer.Context,
    site: Annotated[
        Path | None, typer.Option("--site", help="The site's directory (else HOLDFAST_SITE, else upwards from here).")
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
    _version_asked: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    context.obj = Context(site, debug=debug)
    rights.permit(context, sys.argv[1:])


app.command()(init)
app.command()(setup)
app.command()(uninstall)
app.command()(demo)
app.command()(today)
app.command()(readiness)
app.command()(whoami)
app.command()(doctor)
app.add_typer(backup)
app.add_typer(detect)
app.add_typer(inventory)
app.add_typer(ledger)
app.add_typer(incident)
app.add_typer(recover)
app.add_typer(report)
app.add_typer(harden)
app.add_typer(watch)
app.add_typer(approval)


def _interrupted(_signal: int, _frame: Any) -> None:
    raise KeyboardInterrupt


_SPEAK_OF_ALL = ("setup", "whoami")
"""Commands that read who may do what from every other command."""


def _asked_for(arguments: Sequence[str]) -> typer.Typer:
    """Return the application with only the command that is asked for: getting all of them ready takes its time.

    Whatever is not plain (no command, one that is not there) is left to the whole application; so are those that speak
    of every command.
    """
    words = iter(arguments)
    for word in words:
        if word == "--site":
            next(words, None)
        elif word in _SPEAK_OF_ALL:
            return app
        elif not word.startswith("-"):
            one = copy(app)
            one.registered_commands = [each for each in app.registered_commands if _name(each.callback) == word]
            one.registered_groups = [each for each in app.registered_groups if _name(each.typer_instance) == word]
            return one if len(one.registered_commands) + len(one.registered_groups) == 1 else app
    return app


def _name(registered: Any) -> str:
    """Return the name of a command's function or of a group."""
    return str(registered.info.name if isinstance(registered, typer.Typer) else registered.__name__)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; every expected failure becomes two lines on stderr."""
    signal.signal(signal.SIGTERM, _interrupted)
    given = list(arguments) if arguments is not None else sys.argv[1:]
    try:
        result = _asked_for(given)(args=given, prog_name="holdfast", standalone_mode=False)
        sys.stdout.flush()
    except BaseException as failure:
        return int(_told(failure))
    if result == ExitCode.INTERRUPTED:  # the parser keeps an interruption to itself and returns its exit code
        return int(_told(KeyboardInterrupt()))
    return int(result) if isinstance(result, int) else int(ExitCode.DONE)


def _told(failure: BaseException) -> int:
    """Tell the user what ended the command, and return its exit code."""
    if _debug() and not isinstance(failure, (Exit, TyperException, KeyboardInterrupt)):
        traceback.print_exception(failure)
    match failure:
        case HoldfastError():
            output.error(failure)
            return failure.exit_code
        case TyperException():
            output.usage(failure)
            return ExitCode.USAGE
        case KeyboardInterrupt() | Abort():
            output.note("interrupted; nothing that was recorded is lost, run the command again to go on")
            return ExitCode.INTERRUPTED
        case BrokenPipeError() | SystemExit(__context__=BrokenPipeError()):  # the parser turns one into the other
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return ExitCode.DONE if {"--help", "-h", "--version"} & set(sys.argv) else ExitCode.UNFINISHED
        case Exit(exit_code=int(code)) | SystemExit(code=int(code)):  # help, or a shell was told what can come next
            return code
        case _:
            output.note(f"error: a fault in Holdfast itself: {type(failure).__name__}: {failure}")
            output.note("hint: run the command again with --debug and report what it prints; the ledger is as it was")
            return ExitCode.UNFINISHED


def _debug() -> bool:
    return "--debug" in sys.argv[1:]


def main() -> None:
    """Run the command line and end the process."""
    sys.exit(run())


if __name__ == "__main__":
    main()
