"""Command lines that somebody may run on a control host: written into sudo's rules, and held to by Holdfast. Pure.

A command line is matched as sudo sees it: the words joined by spaces. Options are listed, so one that would lead
Holdfast elsewhere (`--site`) is none that anybody has.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inventory.people import Person, Role

_WORD = "[^- ][^ ]*"
"""A value: anything that is no option; a reason of several words is several of these."""
_HELP = ("--help", "-h")


@dataclass(frozen=True)
class Right:
    """One command, the roles that may run it, its options, and which of them name a place that is written to.

    `values` tells whether anything but options may follow: a group of commands alone takes no word, for that would be
    one of its commands. The empty command is Holdfast itself, asked for its help.
    """

    command: str
    roles: tuple[Role, ...]
    options: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    values: bool = True


def pattern(right: Right) -> str:
    """Return the regular expression (POSIX extended, and Python's) of the command lines a right allows.

    It uses none of the characters that mean something in sudo's rules.
    """
    words = "|".join((*right.options, *_HELP, *((_WORD,) if right.values else ())))
    return f"^{right.command}( +({words}))* *$" if right.command else f"^({words})$"


def of(rights: Iterable[Right], roles: Iterable[Role]) -> list[Right]:
    """Return what somebody with these roles may run."""
    held = set(roles)
    return [right for right in rights if held & set(right.roles)]


def allowing(rights: Iterable[Right], roles: Iterable[Role], arguments: Sequence[str]) -> Right | None:
    """Return the right that allows a command line, the one with the most words first; None: no right does."""
    line = " ".join(arguments)
    fitting = [right for right in of(rights, roles) if _compiled(pattern(right)).match(line)]
    return max(fitting, key=lambda right: len(right.command), default=None)


@lru_cache(maxsize=512)
def _compiled(text: str) -> re.Pattern[str]:
    return re.compile(text.removesuffix("$") + r"\Z")


def sudoers(people: Iterable[Person], rights: Sequence[Right], launcher: str, user: str) -> str:
    """Return sudo's rules for these people: each may run the launcher as `user`, with the commands of their roles."""
    lines = [f"Defaults!{launcher} env_reset, !setenv, !requiretty"]
    for person in people:
        commands = ", \\\n    ".join(f"{launcher} {pattern(right)}" for right in of(rights, person.roles))
        if commands:
            lines.append(f"{person.login} ALL=({user}) NOPASSWD: \\\n    {commands}")
    return "\n".join(lines) + "\n"
