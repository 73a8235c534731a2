"""`holdfast inventory list`, `show` and `graph`: what is protected, and the order in which it comes back."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from cli import output
from cli.context import JsonOption, current
from inventory.errors import ExitCode


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


def _text(value: Any) -> str:
    match value:
        case list():
            return ", ".join(map(_text, value)) or "-"
        case dict():
            return ", ".join(f"{name}: {_text(item)}" for name, item in value.items())
        case _:
            return str(value)
