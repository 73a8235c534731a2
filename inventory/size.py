"""Sizes as people read them: decimal units, three digits at most."""

from __future__ import annotations

_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")


def show(count: int) -> str:
    """Write a number of bytes: `0 B`, `20.5 kB`, `48.5 MB`, `1.2 TB`."""
    size, unit = float(count), 0
    while round(size, 1) >= 1000 and unit < len(_UNITS) - 1:
        size, unit = size / 1000, unit + 1
    return f"{count} B" if unit == 0 else f"{size:.1f} {_UNITS[unit]}"
