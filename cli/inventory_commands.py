"""`holdfast inventory`: what is protected, read and checked."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer

from cli import output
from cli.context import JsonOption, current
from inventory.errors import ExitCode

inventory = typer.Typer(name="inventory", no_args_is_help=True, help="What is protected: systems, hosts, people.")


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
    from inventory.graph import hurries
    from inventory.lines import SiteError

    try:
        site = current(context).site
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
    for warning in warnings:
        output.line(f"warning: {warning}")
    output.line(f"{site.root} is valid ({_text(counts)})")
    return ExitCode.DONE


@inventory.command("list")
def list_(context: typer.Context, json: JsonOption = False) -> ExitCode:
    """List the systems.

    Example: holdfast inventory list
    """
    site = current(context).site
    rows = [site.summary(key) for key in site.systems]
    if json:
        output.document(rows)
        return ExitCode.DONE
    output.table(
        ["system", "level", "rto", "rpo", "hosts", "depends on", "name"],
        [[_text(row[name]) for name in ("key", "level", "rto", "rpo", "hosts", "depends_on", "name")] for row in rows],
        right=[1],
    )
    return ExitCode.DONE


@inventory.command()
def show(
    context: typer.Context, key: Annotated[str, typer.Argument(help="The system's key.")], json: JsonOption = False
) -> ExitCode:
    """Show everything the site says about one system.

    Example: holdfast inventory show sso
    """
    site = current(context).site
    system = site.system(key).model_dump(mode="json", exclude_defaults=not json)
    shown: dict[str, Any] = site.summary(key) | system
    if json:
        output.document(shown)
        return ExitCode.DONE
    for name, value in shown.items():
        for index, item in enumerate(value if isinstance(value, list) and value else [value]):
            output.line(f"{name if index == 0 else '':<18} {_text(item)}")
    return ExitCode.DONE


@inventory.command()
def graph(context: typer.Context, json: JsonOption = False) -> ExitCode:
    """Show the order in which the systems come back.

    Example: holdfast inventory graph
    """
    from inventory.graph import waves

    site = current(context).site
    order = waves(site.systems)
    if json:
        output.document([[site.summary(key) for key in wave] for wave in order])
        return ExitCode.DONE
    for number, wave in enumerate(order, start=1):
        for key in wave:
            row = site.summary(key)
            needs = f" (needs {_text(row['depends_on'])})" if row["depends_on"] else ""
            output.line(f"{number}. {key}: {_text(row['name'])}, target {row['rto']}{needs}")
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


def _text(value: Any) -> str:
    match value:
        case list():
            return ", ".join(map(_text, value)) or "-"
        case dict():
            return ", ".join(f"{name}: {_text(item)}" for name, item in value.items())
        case _:
            return str(value)
