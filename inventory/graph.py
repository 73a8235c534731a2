"""Which system needs which: the order they come back in, and targets that cannot be kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from inventory import duration
from inventory.system import System

Systems = Mapping[str, System]


@dataclass(frozen=True)
class Hurry:
    """A system that must be back before something it needs must be."""

    system: str
    needs: str
    text: str


def waves(systems: Systems) -> tuple[tuple[str, ...], ...]:
    """Return the order of recovery: each wave needs only systems of waves before it.

    Within a wave the shortest target comes first. `systems` has no cycle (the site's loader sees to it); a
    dependency outside of `systems` counts as there.
    """
    left = dict(systems)
    found: list[tuple[str, ...]] = []
    while left:
        ready = [key for key, system in left.items() if not any(other in left for other in system.depends_on)]
        if not ready:
            raise ValueError(f"systems depend on themselves: {', '.join(left)}")
        found.append(tuple(sorted(ready, key=lambda key: (left[key].rto, key))))
        for key in ready:
            del left[key]
    return tuple(found)


def hurries(systems: Systems) -> tuple[Hurry, ...]:
    """Return every system whose target is shorter than that of one it depends on."""
    return tuple(
        Hurry(
            key,
            other,
            f"{key} must be back in {duration.show(system.rto)}, "
            f"but {other}, which it needs, only in {duration.show(systems[other].rto)}",
        )
        for key, system in systems.items()
        for other in system.depends_on
        if other in systems and not systems[other].external and system.rto < systems[other].rto
    )
