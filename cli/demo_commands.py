"""`holdfast demo`: see all of it happen, on this machine, in about two minutes."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli import output
from cli.context import JsonOption
from inventory.errors import ExitCode

if TYPE_CHECKING:
    from cli.demo.result import Result


class Spoil(StrEnum):
    """What the demo can spoil."""

    COPY = "copy"


def demo(
    directory: Annotated[Path, typer.Option("--dir", help="Where everything goes.")] = Path("holdfast-demo"),
    spoil: Annotated[Spoil | None, typer.Option("--spoil", help="Damage the offline copy before it is needed.")] = None,
    attack: Annotated[bool, typer.Option("--attack/--no-attack", help="Without the attack no alert may come.")] = True,
    step: Annotated[bool, typer.Option("--step", help="Wait for Enter between the steps.")] = False,
    full: Annotated[bool, typer.Option("--full", help="Show all that the commands print, not only its gist.")] = False,
    json: JsonOption = False,
) -> ExitCode:
    """A small district is hardened, backed up, attacked, and brought back from its offline copy. Needs no root.

    Everything happens for real, below one directory: services, Ansible, restic, rules over logs, a restore.

    Example: holdfast demo --spoil copy
    """
    from cli.demo import district, driver, result

    driver.require_restic()
    say = output.note if json else output.line
    with driver.cleared(directory, say) as home:
        say(f"everything lies in {home}")
        if not json:
            output.line(f"to paste commands yourself: {to_paste(home)}")
            if not full:
                output.line("shown is the gist of each command; all it printed lies in log/ there")
        options = driver.Options(home, spoil is not None, attack, step, quiet=json, full=full)
        world = district.build(home)
        course = driver.Demo(options, world).run()
        found = result.read(world, course.incident, course.surprises)
    if json:
        output.document(found.as_json())
    else:
        _print(found, home)
    return ExitCode.DONE if found.ok else ExitCode.FINDINGS


def to_paste(home: Path) -> str:
    """Return the shell line after which commands find the demo's site."""
    import shlex

    return f"export HOLDFAST_SITE={shlex.quote(str(home / 'site'))}"


def _print(found: Result, home: Path) -> None:
    from inventory import duration, size

    if found.incident is not None:
        rows = []
        for each, real in zip(found.systems, found.real_size, strict=True):
            seconds, lost = each.recovered_seconds, each.data_loss_seconds
            rows.append(
                (
                    each.key,
                    "not back" if seconds is None else duration.show(seconds),
                    duration.show(each.target_seconds),
                    "not known" if lost is None else f"{lost / 60:.1f} min",
                    size.show(each.bytes),
                    "equal to manifest" if each.verified else "NOT PROVED",
                    f"{real.gigabytes:g} GB",
                    _forecast(real.forecast.seconds, each.target_seconds),
                )
            )
        headings = ("system", "measured", "target", "data lost", "restored", "content", "real size", "forecast there")
        output.line()
        output.table(headings, rows, right=(1, 2, 3, 4, 6, 7))
        output.line("measured: from the first alert to the system's own tests passing; forecast: at the size stated")
    else:
        output.line("no alert was raised, no incident opened")
    for surprise in found.surprises:
        output.line(f"UNEXPECTED: {surprise}")
    words = "verified" if found.verdict.verified else "NOT VERIFIED"
    output.line(f"ledger: {found.verdict.records} records, {words} against the checkpoint kept outside")
    _checks_of_others(found, home)
    missing = [each.key for each in found.systems if not (each.verified and each.in_time)] if found.incident else []
    why = f" ({', '.join(missing)} not proved to be back in time)" if missing else ""
    output.line(f"\n{'ok' if found.ok else 'NOT OK'}: {home}{why}")


def _forecast(seconds: float | None, target: float) -> str:
    from inventory import duration

    if seconds is None:
        return "cannot be said"
    return duration.show(seconds) + (", TOO LATE" if seconds > target else "")


def _checks_of_others(found: Result, home: Path) -> None:
    from cli.demo import checks

    output.line("\ncheck it with other tools:")
    for command in checks.commands(home, attacked=found.incident is not None):
        output.line(f"  {command}")
