"""Host patterns of an inventory: `web[01:20]`, `db-[a:f]`, `n[1:10:2]`, `host:2222`, expanded as Ansible does."""

from __future__ import annotations

import re
from string import ascii_letters

MOST_HOSTS = 100_000

_RANGE = r"\[(?:[a-z]:[a-z]|[0-9]+:[0-9]+)(?::[0-9]+)?\]"
_LABEL = rf"(?:\w|{_RANGE})(?:[\w-]|{_RANGE})*(?<![_-])"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*", re.IGNORECASE)
_IN_BRACKETS = re.compile(r"\[(.+)\]:([0-9]+)")
_WITH_PORT = re.compile(r"((?:[^:\[\]]|\[[^\]]*\])*):([0-9]+)")


def expand(pattern: str) -> tuple[list[str], int | None]:
    """Return the host names a pattern stands for, in order, and the port written behind it.

    Raises:
        ValueError: a range that Ansible does not take either, or one that gives too many hosts or none.
    """
    if "[" not in pattern and ":" not in pattern:
        return [pattern], None
    name, port = _split(pattern)
    names = [name] if "[" not in name else _ranges(name)
    return names, port


def _split(pattern: str) -> tuple[str, int | None]:
    """Take the port off; what is then no host name was none with a port."""
    name, port = pattern, None
    for form in (_IN_BRACKETS, _WITH_PORT):
        if found := form.fullmatch(name):
            name, port = found[1], int(found[2])
    return (name, port) if _NAME.fullmatch(name) else (pattern, None)


def _ranges(pattern: str) -> list[str]:
    names = [pattern]
    while any("[" in name for name in names):
        names = [name for one in names for name in (_first_range(one) if "[" in one else [one])]
        if len(names) > MOST_HOSTS:
            raise ValueError(f"stands for more than {MOST_HOSTS} hosts")
    return names


def _first_range(pattern: str) -> list[str]:
    head, _, rest = pattern.partition("[")
    inside, closed, tail = rest.partition("]")
    bounds = inside.split(":")
    if not closed or len(bounds) not in (2, 3) or not bounds[1]:
        raise ValueError("a host range is written [begin:end] or [begin:end:step]")
    begin, end = bounds[0] or "0", bounds[1]
    width = len(begin) if begin[0] == "0" and len(begin) > 1 else 0
    if width and width != len(end):
        raise ValueError("a range that begins with 0 has both ends equally long, such as [01:20]")
    return [f"{head}{part.zfill(width)}{tail}" for part in _between(begin, end, bounds[2] if len(bounds) == 3 else "1")]


def _between(begin: str, end: str, step: str) -> list[str]:
    try:
        if begin in ascii_letters and end in ascii_letters:
            first, last = ascii_letters.index(begin), ascii_letters.index(end)
            numbers = range(first, last + 1, int(step))
        else:
            numbers = range(int(begin), int(end) + 1, int(step))
    except ValueError as error:
        raise ValueError("a range goes from number to number or letter to letter") from error
    if not numbers:
        raise ValueError("the range is empty")
    if len(numbers) > MOST_HOSTS:
        raise ValueError(f"stands for more than {MOST_HOSTS} hosts")
    return [ascii_letters[number] if begin in ascii_letters else str(number) for number in numbers]
