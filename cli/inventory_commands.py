"""`holdfast inventory`: what is protected, read and checked."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from cli import output
from cli.host_commands import host
from cli.inventory_adding import add
from cli.inventory_checking import validate
from cli.inventory_listing import graph, list_
from cli.inventory_show import show
from cli.policy_commands import calendar, policies
from inventory.errors import ExitCode

inventory = typer.Typer(name="inventory", no_args_is_help=True, help="What is protected: systems, hosts, people.")
inventory.add_typer(host)
inventory.command()(validate)
inventory.command("list")(list_)
inventory.command()(add)
inventory.command()(show)
inventory.command()(graph)
inventory.command()(policies)
inventory.command()(calendar)

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


class Schema(StrEnum):
    """The files a JSON Schema is there for."""

    SYSTEM = "system"
    SETTINGS = "settings"
    PEOPLE = "people"
    RUNBOOK = "runbook"
    WAIVERS = "waivers"
    ROSTER = "roster"
    TRAINING = "training"
    LEVEL_DECISIONS = "level_decisions"
    REGULATIONS = "regulations"
    INSPECTIONS = "inspections"
    CALENDAR = "calendar"


@inventory.command()
def schema(of: Annotated[Schema, typer.Argument(help="Which file's.")] = Schema.SYSTEM) -> ExitCode:
    """Print the JSON Schema of a part of the site, for editors.

    Example: holdfast inventory schema system
    """
    from incident.runbook import Runbook
    from inventory import registers
    from inventory.people import People
    from inventory.settings import Settings
    from inventory.system import Strict, System
    from inventory.waivers import WaiversFile

    models: dict[Schema, type[Strict]] = {
        Schema.SYSTEM: System,
        Schema.SETTINGS: Settings,
        Schema.PEOPLE: People,
        Schema.RUNBOOK: Runbook,
        Schema.WAIVERS: WaiversFile,
        **{Schema(name): model for name, model in registers.MODELS.items()},
    }
    output.document({"$schema": _DIALECT} | models[of].model_json_schema())
    return ExitCode.DONE
