"""What the text of a line means, by the patterns in `detect/fields/messages.yml`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from detect.names import table

_LONGEST = 8192
_NUMBERS = ("source.port", "process.exit_code", "process.pid")


@dataclass(frozen=True)
class _Meaning:
    pattern: re.Pattern[str]
    fixed: Mapping[str, Any]

    def fields(self, message: str) -> dict[str, Any] | None:
        found = self.pattern.match(message)
        if found is None:
            return None
        fields = dict(self.fixed)
        for group, value in found.groupdict().items():
            if value is not None:
                name = group.replace("__", ".")
                fields[name] = int(value) if name in _NUMBERS and value.isascii() and value.isdigit() else value
        return fields


def understood(program: str, message: str) -> dict[str, Any]:
    """Return the ECS fields a message of a program stands for; none if no pattern fits."""
    for meaning in _meanings(program):
        if (fields := meaning.fields(message[:_LONGEST].lstrip())) is not None:
            return fields
    return {}


@cache
def _all() -> tuple[tuple[frozenset[str], _Meaning], ...]:
    return tuple(
        (frozenset(entry.get("program", ())), _Meaning(re.compile(entry["pattern"]), entry["set"]))
        for entry in table("messages")
    )


_by_program: dict[str, tuple[_Meaning, ...]] = {}


def _meanings(program: str) -> tuple[_Meaning, ...]:
    known = _by_program.get(program)
    if known is None:
        known = tuple(meaning for programs, meaning in _all() if not programs or program in programs)
        if len(_by_program) < 1000:  # names of programs come from the log
            _by_program[program] = known
    return known
