"""A `system:` block, wherever a group's variables are written: a key of its own, no templates, nothing encrypted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Protocol

from inventory import connection, lines
from inventory.lines import Document, Location, Problem, SiteError
from inventory.parse import Vaulted
from inventory.system import System
from inventory.tree import ALL, UNGROUPED

_KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


class Found(Protocol):
    """Where systems are collected, with where each was written."""

    systems: dict[str, System]
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
    if hidden := list(_hidden(document, place, block)):
        found.problems += hidden
        return
    try:
        found.systems[group] = lines.validate(document, System, place, block)
    except SiteError as error:
        found.problems += error.problems


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
