"""`holdfast inventory`: what is protected, read and checked."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from cli import output
from cli.context import JsonOption, current
from cli.host_commands import host
from cli.inventory_listing import graph, list_
from cli.inventory_show import show
from cli.policy_commands import policies
from inventory.errors import ExitCode

inventory = typer.Typer(name="inventory", no_args_is_help=True, help="What is protected: systems, hosts, people.")
inventory.add_typer(host)
inventory.command("list")(list_)
inventory.command()(show)
inventory.command()(graph)
inventory.command()(policies)


class Schema(StrEnum):
    """The files a JSON Schema is there for."""

    SYSTEM = "system"
    SETTINGS = "settings"
    PEOPLE = "people"


@inventory.command()
def validate(context: typer.Context, json: JsonOption = False) -> ExitCode:
    """Check the whole site; every fault comes with its file, line and key.

    Example: holdfast inventory validate --json
    """
    from incident import runbook
    from inventory.graph import hurries
    from inventory.lines import SiteError

    try:
        site = current(context).site
        runbook.check(site)
    except SiteError as error:
        if not json:
            raise
        output.document({"valid": False, "problems": [problem.to_json() for problem in error.problems]})
        return error.exit_code
    warnings = [hurry.text for hurry in hurries(site.systems)]
    counts = {"systems": len(site.systems), "hosts": len(site.hosts), "people": len(site.people.people)}
    if json:
        output.document({"valid": True, "problems": [], "warnings": warnings} | counts)
        return ExitCode.DONE
    shown = ", ".join(f"{what}: {count}" for what, count in counts.items())
    for warning in warnings:
        output.line(f"warning: {warning}")
    output.line(f"{site.root} is valid ({shown})")
    return ExitCode.DONE


@inventory.command()
def schema(of: Annotated[Schema, typer.Argument(help="Which file's.")] = Schema.SYSTEM) -> ExitCode:
    """Print the JSON Schema of a part of the site, for editors.

    Example: holdfast inventory schema system
    """
    from inventory.people import People
    from inventory.site import Settings
    from inventory.system import Strict, System

    models: dict[Schema, type[Strict]] = {Schema.SYSTEM: System, Schema.SETTINGS: Settings, Schema.PEOPLE: People}
    output.document(models[of].model_json_schema())
    return ExitCode.DONE
