"""`holdfast inventory list` and `graph`: what is protected, and the order in which it comes back."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import output
from cli.context import JsonOption, current
from inventory.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cli.context import Context
    from inventory.graph import Graph
    from inventory.site import Site
    from inventory.system import System


class Format(StrEnum):
    """How the graph is written."""

    TABLE = "table"
    MERMAID = "mermaid"
    DOT = "dot"
    SVG = "svg"


class Times(StrEnum):
    """Where a system's own time on a path is taken from."""

    TARGET = "target"
    MEASURED = "measured"


class Language(StrEnum):
    """Whose names and words are shown."""

    EN = "en"
    VI = "vi"


Names = Annotated[Language | None, typer.Option("--language", help="Whose names and words (else the site's language).")]


def list_(
    context: typer.Context,
    level: Annotated[
        list[int] | None, typer.Option("--level", min=1, max=5, help="Only this level (repeatable).")
    ] = None,
    unit: Annotated[str, typer.Option("--unit", help="Only units whose name has this text in it.")] = "",
    external: Annotated[
        bool | None, typer.Option("--external/--own", help="Only what others run, or only what we run.")
    ] = None,
    language: Names = None,
    json: JsonOption = False,
) -> ExitCode:
    """List the systems.

    Example: holdfast inventory list --level 3 --unit health
    """
    site = current(context).site
    kept = [
        key
        for key, system in site.systems.items()
        if (not level or (system.level in level and not system.external))
        and unit.casefold() in system.unit.casefold()
        and external in (None, system.external)
    ]
    rows = [site.summary(key) | {"unit": site.systems[key].unit} for key in kept]
    if json:
        output.document(rows)
        return ExitCode.DONE
    output.table(
        ["system", "level", "rto", "rpo", "hosts", "depends on", "name"],
        [_row(site, key, language or Language(site.settings.language)) for key in kept],
        right=[1],
    )
    if not kept:
        output.note("no system fits; without options every system is listed")
    return ExitCode.DONE


def _row(site: Site, key: str, language: Language) -> list[str]:
    from inventory import duration

    system = site.systems[key]
    hosts, needs = ", ".join(site.members.get(key, ())) or "-", ", ".join(system.depends_on) or "-"
    if system.external:
        return [key, "-", "-", "-", "run by others", needs, name(system, language)]
    return [
        key,
        str(system.level),
        duration.show(system.rto),
        duration.show(system.rpo),
        hosts,
        needs,
        name(system, language),
    ]


def name(system: System, language: Language) -> str:
    """Return what people call a system."""
    return (system.name_local if language is Language.VI else "") or system.name


def graph(
    context: typer.Context,
    form: Annotated[Format, typer.Option("--format", help="As a table, or as a picture's source.")] = Format.TABLE,
    to: Annotated[Path | None, typer.Option("--to", help="Write it to this file.")] = None,
    times: Annotated[
        Times,
        typer.Option("--times", help="The critical path by targets, or by measured recoveries where known."),
    ] = Times.TARGET,
    language: Names = None,
    json: JsonOption = False,
) -> ExitCode:
    """Show the order in which the systems come back, and the critical path: where being late makes most things late.

    Example: holdfast inventory graph --format svg --to graph.svg
    """
    from inventory import graph as graphs

    here = current(context)
    spoken = language or Language(here.site.settings.language)
    made = graphs.graph(here.site.systems, _measured(here) if times is Times.MEASURED else {})
    if json:
        output.document(_as_json(here.site, made))
    elif form is Format.TABLE:
        if to is not None:
            raise UsageError("a table is not written to a file", hint="choose --format svg, dot or mermaid")
        _print(made, spoken)
    else:
        _picture(here.site, made, form, to, spoken)
    return ExitCode.DONE


def _picture(site: Site, made: Graph, form: Format, to: Path | None, language: Language) -> None:
    from board import graph as picture
    from board import graph_text

    local = language is Language.VI
    match form:
        case Format.SVG:
            text = picture.svg(made, site.settings.name or site.settings.site, language="vi" if local else "en")
        case Format.DOT:
            text = graph_text.dot(made, local=local)
        case _:
            text = graph_text.mermaid(made, local=local)
    if to is None:
        output.line(text.rstrip("\n"))
    else:
        picture.write(text, to)
        output.line(f"wrote {to}")


def _measured(here: Context) -> dict[str, float]:
    """Return the seconds that systems' own recoveries would take, of those that were measured."""
    from incident import gather, yardstick

    found = gather.province(yardstick.of(here.site), here.ledger, here.clock.now()).forecasts
    return {key: each.own_seconds for key, each in found.items() if each.own_seconds is not None}


def _print(made: Graph, language: Language) -> None:
    from inventory import duration

    rows = []
    for node in made.nodes:
        system = node.system
        rows.append(
            (
                str(node.wave),
                node.key,
                "-" if system.external else str(system.level),
                "run by others" if system.external else duration.show(system.rto),
                duration.show(node.seconds) if node.measured else "no",
                "critical" if node.critical else "",
                ", ".join(system.depends_on) or "-",
                name(system, language),
            )
        )
    headings = ("wave", "system", "level", "target", "measured", "path", "needs", "name")
    output.table(headings, rows, right=(0, 2))
    if made.path.keys:
        added = f"{duration.show(made.path.seconds)} added up, no forecast"
        output.line(f"critical path: {' → '.join(made.path.keys)} ({added})")


def _as_json(site: Site, made: Graph) -> Mapping[str, Any]:
    waves: dict[int, list[dict[str, Any]]] = {}
    for node in made.nodes:
        more = {"critical": node.critical, "seconds": node.seconds, "measured": node.measured}
        waves.setdefault(node.wave, []).append(site.summary(node.key) | more)
    return {
        "waves": list(waves.values()),
        "critical_path": {"systems": list(made.path.keys), "seconds": made.path.seconds},
    }
