"""Which roles each command asks for, read from the commands themselves so that the list cannot be wrong."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from inventory.people import Role

_ASKED = re.compile(r"\.actor\.may\(([^)]*)\)")


def powers(root: Any) -> dict[str, tuple[Role, ...]]:
    """Return the roles of every command that asks for one, by its words (`backup run`); the others only read.

    `root` is the whole command line as the parser keeps it.
    """
    return {words: roles for words, callback in _commands(root, ()) if (roles := roles_asked(callback))}


def _commands(command: Any, path: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    below: Mapping[str, Any] = getattr(command, "commands", {})
    for name, each in below.items():
        yield from _commands(each, (*path, name))
    if path and not below and command.callback is not None:
        yield " ".join(path), inspect.unwrap(command.callback)


def roles_asked(callback: Any) -> tuple[Role, ...]:
    """Return the roles of which a command asks for one; none: whoever may read may run it."""
    from inventory.people import ROLES

    asked = " ".join(_asked(inspect.unwrap(callback), set()))
    return tuple(role for role in ROLES if f'"{role}"' in asked)


def _asked(function: Any, seen: set[Any]) -> Iterator[str]:
    """Yield what a command asks for, itself or in the private functions of its module that it calls."""
    seen.add(function)
    yield from _ASKED.findall(inspect.getsource(function))
    for name in function.__code__.co_names:
        other = function.__globals__.get(name)
        if name.startswith("_") and inspect.isfunction(other) and other not in seen:
            yield from _asked(other, seen)
