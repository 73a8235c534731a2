"""`holdfast inventory policies`: what the chosen rules ask, where each number comes from, and whether it was read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import output
from cli.context import JsonOption, current
from inventory.errors import ExitCode

if TYPE_CHECKING:
    from inventory.policy import ClockRule, Limit, Policy

LEVELS = range(1, 6)


def policies(
    context: typer.Context,
    level: Annotated[int | None, typer.Option("--level", min=1, max=5, help="Only what this level is asked.")] = None,
    clocks: Annotated[bool, typer.Option("--clocks", help="Only the clocks of incidents.")] = False,
    unverified: Annotated[
        bool, typer.Option("--unverified", help="Only what was not read in an official text.")
    ] = False,
    json: JsonOption = False,
) -> ExitCode:
    """List what the site's policy packs ask: clocks, limits by level, the calendar; each with its source.

    Example: holdfast inventory policies --level 3
    """
    from inventory import policy

    rules = policy.load(current(context).site.settings.policies)
    rows = list(_rows(rules, [level] if level else list(LEVELS), only_clocks=clocks))
    rows = [row for row in rows if not (unverified and row["verified"])]
    if json:
        output.document({"packs": list(rules.names), "asked": rows})
        return ExitCode.DONE
    for row in rows:
        levels = "" if row["levels"] is None else f" (level {_levels(row['levels'])})"
        output.line(f"{row['title']}{levels}: {row['asked']}")
        output.line(f"      {'read' if row['verified'] else 'NOT READ in an official text'}: {row['source']}")
    output.line()
    output.line(f"packs: {', '.join(rules.names)}; {sum(not row['verified'] for row in rows)} of {len(rows)} not read")
    return ExitCode.DONE


def calendar(context: typer.Context, json: JsonOption = False) -> ExitCode:
    """List what is due on a day: each year or once. What went out is recorded in registers/calendar.yml.

    Ends with 1 when something is late.

    Example: holdfast inventory calendar
    """
    from inventory import calendar as days
    from inventory import policy

    here = current(context)
    done = {(each.item, each.day) for each in here.site.registers.done}
    found = days.due(policy.load(here.site.settings.policies).calendar, done, here.today)
    if json:
        names = ("key", "title", "source", "verified")
        rows = [{name: getattr(each.rule, name) for name in names} for each in found]
        times = [{"day": str(each.day), "state": each.state, "days_left": each.left.days} for each in found]
        output.document([row | time for row, time in zip(rows, times, strict=True)])
    else:
        shown = [
            (str(each.day), each.state, str(each.left.days), each.rule.title, each.rule.key, _read(each.rule.verified))
            for each in found
        ]
        output.table(("day", "state", "days left", "what", "item", "source"), shown, right=(2,))
        if not found:
            output.line("the chosen policies have no calendar")
    return ExitCode.FINDINGS if any(each.state == "late" for each in found) else ExitCode.DONE


def _read(verified: bool) -> str:
    return "read" if verified else "not read"


def _rows(rules: Policy, levels: list[int], *, only_clocks: bool) -> Iterator[dict[str, Any]]:
    for clock in rules.clocks:
        yield _row("clock", clock.key, clock.title, None, _clock(clock), clock)
    if only_clocks:
        return
    for key, by_level in rules.limits.items():
        groups: dict[tuple[str, str], list[int]] = {}
        for each in levels:
            if (limit := by_level.get(each)) is not None:
                groups.setdefault((_value(limit), limit.source), []).append(each)
        for (value, _), same in groups.items():
            yield _row("limit", key, rules.titles[key], same, value, by_level[same[0]])
    for day in rules.calendar:
        when = f"each year on {day.every_year}" if day.every_year else f"on {day.day}"
        yield _row("calendar", day.key, day.title, None, when, day)


def _row(kind: str, key: str, title: str, levels: list[int] | None, asked: str, rule: Any) -> dict[str, Any]:
    found = {"kind": kind, "key": key, "title": title, "levels": levels, "asked": asked}
    return found | {"source": rule.source, "verified": rule.verified}


_STARTS = {
    "report": "an alert or report",
    "detection": "detection",
    "believed_affected": "somebody believes so",
    "end_of_response": "the incident is closed",
}


def _clock(rule: ClockRule) -> str:
    from inventory import duration

    which = "" if rule.applies == "all" else f", if it is {rule.applies.replace('_', ' ')}"
    match rule.due:
        case "at_once":
            return f"at once{which}"
        case "rto":
            return f"the system's own target after {_STARTS[rule.starts]}{which}"
        case _:
            return f"{duration.show(rule.due)} after {_STARTS[rule.starts]}{which}"


def _value(limit: Limit) -> str:
    from datetime import timedelta

    from inventory import duration

    match limit.value:
        case bool():
            return "yes" if limit.value else "no"
        case timedelta():
            return duration.show(limit.value)
        case _:
            return f"{limit.value:g}"


def _levels(levels: list[int]) -> str:
    whole = len(levels) > 1 and levels == list(range(levels[0], levels[-1] + 1))
    return f"{levels[0]} to {levels[-1]}" if whole else ", ".join(map(str, levels))
