"""`holdfast readiness` and `holdfast today`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import completion, output
from cli.context import JsonOption, current
from inventory.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from incident.gather import Province


def readiness(
    context: typer.Context,
    system: Annotated[
        str | None, typer.Argument(help="One system's rows; without it, all.", autocompletion=completion.systems)
    ] = None,
    json: JsonOption = False,
) -> ExitCode:
    """If a system is lost now, when is it back, and how do we know? Exit 1 when a row is red or unknown.

    Example: holdfast readiness edoc
    """
    from incident import gather

    here = current(context)
    asked = here.yardstick
    if system is not None and asked.site.system(system).external:
        ours = ", ".join(asked.site.own) or "none"
        raise UsageError(f"{system} is not ours to judge: its inventory says `external`", hint=f"our systems: {ours}")
    found = gather.province(asked, here.ledger, here.clock.now())
    shown = [each for each in found.systems if system in (None, each.key)]
    if json:
        output.document(_as_json(found, shown))
    else:
        _print(found, shown)
    bad = any(row.state in {"red", "unknown"} for each in shown for row in each.rows)
    return ExitCode.FINDINGS if bad or not shown else ExitCode.DONE


def today(context: typer.Context, json: JsonOption = False) -> ExitCode:
    """What needs doing now, worst first: open incidents, then every row that is not green, with its command.

    Example: holdfast today
    """
    from incident import today as todays

    here = current(context)
    tasks = todays.tasks(here.yardstick, here.state, here.ledger, here.clock.now())
    if json:
        output.document([task.as_json() for task in tasks])
    elif tasks:
        output.table(
            ("", "system", "what", "do"), [(task.state, task.system, task.what, task.command) for task in tasks]
        )
    else:
        output.line("nothing to do: every row of every system is green, no incident is open, no alert waits")
    return ExitCode.FINDINGS if any(task.state in {"red", "unknown"} for task in tasks) else ExitCode.DONE


def _as_json(found: Province, shown: list[Any]) -> dict[str, Any]:
    from inventory import clock

    return {
        "as_of": clock.to_text(found.as_of),
        "province": {"forecast_seconds": found.forecast_seconds, "target_seconds": found.target_seconds},
        "systems": [
            {
                "key": each.key,
                "level": each.level,
                "state": each.state,
                "rows": [row.as_json() for row in each.rows],
            }
            for each in shown
        ],
    }


def _print(found: Province, shown: list[Any]) -> None:
    from incident import readiness as judged
    from inventory import duration

    for each in shown:
        output.line(f"{each.key} (level {each.level}): {each.state}")
        output.table(
            ("row", "state", "found", "asked", "next"),
            [(row.id, row.state, row.value, row.target, row.next) for row in each.rows],
        )
        output.line()
    counts = judged.count(shown)
    total = sum(len(each.rows) for each in shown)
    output.line(
        f"{counts['green']} of {total} rows green, {counts['amber']} amber, {counts['red']} red"
        f" ({counts['unknown']} of them unknown)"
    )
    if found.forecast_seconds is None:
        output.line("if everything is lost now: cannot be said; not every system has a measured restore")
    else:
        words = duration.show(found.forecast_seconds)
        output.line(
            f"if everything is lost now: back in {words} (forecast), target {duration.show(found.target_seconds)}"
        )
    if found.unverified:
        output.line(
            f"{found.unverified} numbers of the chosen policies were not read in an official text: "
            "holdfast inventory policies --unverified"
        )
