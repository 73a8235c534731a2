"""`holdfast report`: pages for people who were not there."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli import output
from cli.context import current
from inventory.errors import ExitCode

report = typer.Typer(
    name="report",
    no_args_is_help=True,
    help="Reports as single HTML files.",
    epilog="Example: holdfast report incident --to report.html",
)


@report.callback()
def _group() -> None:
    pass


@report.command("incident")
def incident(
    context: typer.Context,
    incident_id: Annotated[str | None, typer.Argument(help="The incident's id; without it, the only open one.")] = None,
    to: Annotated[Path, typer.Option("--to", help="The file to write.")] = Path("report.html"),
) -> ExitCode:
    """Write one incident's report: measured times against targets, timeline, decisions, evidence.

    Example: holdfast report incident inc-20260131-01 --to report.html
    """
    from board import pages
    from incident import report as reports

    here = current(context)
    made = reports.of_incident(here.site, here.ledger, incident_id, here.clock.now())
    pages.write_incident(made, to)
    output.line(f"wrote {to}")
    return ExitCode.DONE
