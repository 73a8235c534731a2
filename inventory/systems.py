"""A `system:` block, wherever a group's variables are written: a key of its own, no templates, nothing encrypted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from pydantic import ValidationError

from inventory import connection, lines
from inventory.lines import Document, Location, Problem, SiteError
from inventory.parse import Vaulted
from inventory.system import System
from inventory.tree import ALL, UNGROUPED

_NAMING = {
    "depends_on",
    "data",
    "logs",
    "normal_when",
    "exposes",
    "canary",
    "drill_targets",
    "copies",
    "level",
    "runbook",
}
"""Keys that name something elsewhere, and the level, which waivers are measured by."""
_KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


class Found(Protocol):
    """Where systems are collected, with where each was written."""

    systems: dict[str, System]
    faulty: dict[str, System]
    documents: dict[str, Document]
    places: dict[str, Location]
    problems: list[Problem]


def is_key(name: str) -> bool:
    """Tell whether a group of this name can be a system."""
    return bool(_KEY.fullmatch(name)) and name not in (ALL, UNGROUPED)


def read(document: Document, place: Location, group: str, block: Any, found: Found) -> None:
    """Read the block of one group; every fault is collected."""
    if not is_key(group):
        found.problems.append(document.problem(place[:-2] or place, "is not a system's key", "use a-z, 0-9, - and _"))
        return
    if group in found.documents:
        other, there = found.documents[group], found.places[group]
        if (other.file, there) != (document.file, place):
            what = f"system {group!r} is already written in {other.file}"
            found.problems.append(document.problem(place, what))
        return
    found.documents[group], found.places[group] = document, place
    problems = list(_hidden(document, place, block))
    told = {problem.key for problem in problems}
    try:
        system = lines.validate(document, System, place, block)
    except SiteError as error:
        problems += [problem for problem in error.problems if problem.key not in told]
    else:
        (found.faulty if problems else found.systems)[group] = system
    found.problems += problems
    if problems and group not in found.faulty and (rest := _rest(group, place, block, problems)) is not None:
        found.faulty[group] = rest


def _rest(group: str, place: Location, block: Any, problems: Sequence[Problem]) -> System | None:
    """Return a system of those keys of a faulty block that have no fault."""
    begin = ".".join(map(str, place)) + "."
    wrong = {problem.key.removeprefix(begin).split(".")[0] for problem in problems}
    sound = {key: value for key, value in block.items() if key not in wrong} if isinstance(block, dict) else {}
    try:
        return System.model_validate({"name": group, **{key: sound[key] for key in _NAMING if key in sound}})
    except ValidationError:
        return None


def _hidden(document: Document, place: Location, value: Any) -> Iterator[Problem]:
    """Yield every value that only Ansible could know."""
    match value:
        case dict():
            for key, inner in value.items():
                yield from _hidden(document, (*place, str(key)), inner)
        case list():
            for index, inner in enumerate(value):
                yield from _hidden(document, (*place, index), inner)
        case Vaulted():
            yield document.problem(place, "is encrypted; a system block is plain text", "write it in clear")
        case str() if connection.is_template(value):
            hint = "write the value itself, or mark it !unsafe if the braces are meant"
            yield document.problem(place, "is a template; a system block holds values only", hint)
