"""Durations as people write them: `90s`, `15m`, `8h`, `7d`, `1d12h`; no spaces, since `1 2h` could be either."""

from __future__ import annotations

import re
from datetime import timedelta

_PART = re.compile(r"(\d+)(s|m|h|d|w)")
_WHOLE = re.compile(r"(?:\d+[smhdw])+")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_SIZES = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))
_HOURS_UP_TO = 72 * 3600


def parse(text: str) -> timedelta:
    """Read a duration.

    Raises:
        ValueError: not a row of number-and-unit pairs without spaces, or zero.
    """
    compact = text.strip()
    if not _WHOLE.fullmatch(compact):
        raise ValueError(f"{text!r} is not a duration; write it like 90s, 15m, 8h, 7d or 1d12h")
    total = timedelta()
    for amount, unit in _PART.findall(compact):
        try:
            total += timedelta(**{_UNITS[unit]: int(amount)})
        except OverflowError as error:
            raise ValueError(f"{text!r} is too long a duration") from error
    if total <= timedelta():
        raise ValueError(f"{text!r} is no time at all")
    return total


def show(duration: timedelta | float) -> str:
    """Write a duration (a timedelta or seconds) the way people say it, two units at most.

    Up to 72 hours there are no days: the rules speak of 24 and 72 hours. Under ten seconds one decimal is kept:
    `3.4s`. A negative one carries its sign.
    """
    seconds = duration.total_seconds() if isinstance(duration, timedelta) else float(duration)
    if seconds < 0:
        return "-" + show(-seconds)
    if seconds < 10 and seconds != int(seconds):
        return f"{seconds:.1f}s"
    return "".join(_parts(round(seconds))[:2]) or "0s"


def write(duration: timedelta) -> str:
    """Write a duration so that `parse` reads back exactly the same (whole seconds)."""
    return "".join(_parts(round(duration.total_seconds())))


def _parts(rest: int) -> list[str]:
    parts: list[str] = []
    for name, size in _SIZES if rest > _HOURS_UP_TO else _SIZES[1:]:
        amount, rest = divmod(rest, size)
        if amount:
            parts.append(f"{amount}{name}")
    return parts
