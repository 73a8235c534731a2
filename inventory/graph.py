"""Which system needs which: the order they come back in, and targets that cannot be kept."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from inventory import duration
from inventory.outline import DEFAULT_TARGET, SystemFacts

if TYPE_CHECKING:
    from inventory.system import System

Systems = Mapping[str, "System"]


@dataclass(frozen=True)
class Hurry:
    """A system that must be back before something it needs must be; `path` leads from its dependency to `needs`."""

    system: str
    needs: str
    path: tuple[str, ...]
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
    """Return every system whose target is shorter than that of one it needs, directly or through others.

    Of those it needs through others the ones are told whose target is longer than every target on the way to them.
    """
    return tuple(hurry for key in systems for hurry in _hurries(systems, key))


def _hurries(systems: Systems, key: str) -> Iterator[Hurry]:
    target = systems[key].rto
    waiting: deque[tuple[tuple[str, ...], timedelta]] = deque(((other,), target) for other in systems[key].depends_on)
    seen = {key}
    while waiting:
        path, longest = waiting.popleft()
        if path[-1] in seen or path[-1] not in systems:
            continue
        seen.add(path[-1])
        other = systems[path[-1]]
        if not other.external and other.rto > longest:
            longest = other.rto
            through = f" through {', '.join(path[:-1])}" if len(path) > 1 else ""
            text = (
                f"{key} must be back in {duration.show(target)}, "
                f"but {path[-1]}, which it needs{through}, only in {duration.show(other.rto)}"
            )
            yield Hurry(key, path[-1], path, text)
        waiting += (((*path, further), longest) for further in other.depends_on)


@dataclass(frozen=True)
class CriticalPath:
    """The chain of own systems whose times add up to the most, in the order in which they come back.

    Whatever is late on it makes everything behind it late. `seconds` are its times added up: no forecast, because a
    target counts from the detection.
    """

    keys: tuple[str, ...]
    seconds: float

    @property
    def links(self) -> frozenset[tuple[str, str]]:
        """Return its links as (what must be back first, what waits for it)."""
        return frozenset(pairwise(self.keys))


@dataclass(frozen=True)
class Node:
    """One system of the graph: `wave` counts from 1, `seconds` is its own time, `measured` whether it was measured."""

    key: str
    system: System
    wave: int
    seconds: float
    measured: bool
    critical: bool


@dataclass(frozen=True)
class Graph:
    """Every system in its place, in the order of recovery, and the critical path."""

    nodes: tuple[Node, ...]
    path: CriticalPath

    def edges(self) -> list[tuple[str, str]]:
        """Return each need as (what must be back first, what waits for it)."""
        there = {node.key for node in self.nodes}
        return [
            (other, node.key)
            for node in self.nodes
            for other in dict.fromkeys(node.system.depends_on)
            if other in there
        ]


def graph(systems: Systems, measured: Mapping[str, float]) -> Graph:
    """Return the graph of systems; `measured` are the seconds of those whose own recovery was measured.

    What others run takes none of our time; the others take what was measured, else what `weight` says.
    """
    times = {
        key: 0.0 if system.external else measured.get(key, weight(system).total_seconds())
        for key, system in systems.items()
    }
    path = critical_path(systems, times)
    nodes = [
        Node(key, systems[key], number, times[key], key in measured and not systems[key].external, key in path.keys)
        for number, wave in enumerate(waves(systems), 1)
        for key in wave
    ]
    return Graph(tuple(nodes), path)


def weight(system: System) -> timedelta:
    """Return how long a system counts on a path while nothing is measured: its target, at most 24 hours.

    A longer target is a written exception for something nobody waits for; it must not look like the most urgent.
    """
    return min(system.rto, DEFAULT_TARGET)


def critical_path(systems: Systems, times: Mapping[str, float]) -> CriticalPath:
    """Return the chain of own systems with the largest sum of `times` (seconds); among equals the first by name.

    A chain may lead through a system that others run, but does not name it.
    """
    best: dict[str, tuple[float, tuple[str, ...]]] = {}
    for wave in waves(systems):
        for key in wave:
            before = [best[other] for other in systems[key].depends_on if other in best]
            seconds, keys = min(before, key=_longest_first, default=(0.0, ()))
            own = () if systems[key].external else (key,)
            best[key] = (seconds + times[key], (*keys, *own))
    seconds, keys = min(best.values(), key=_longest_first, default=(0.0, ()))
    return CriticalPath(keys, seconds)


def _longest_first(chain: tuple[float, tuple[str, ...]]) -> tuple[float, tuple[str, ...]]:
    return -chain[0], chain[1]


def dependencies(key: str, among: Collection[str], systems: Mapping[str, SystemFacts]) -> set[str]:
    """Return which of `among` must be back before `key`, directly or through systems that are not in `among`."""
    found: set[str] = set()
    seen: set[str] = set()
    waiting = list(systems[key].depends_on)
    while waiting:
        other = waiting.pop()
        if other in seen or other not in systems:
            continue
        seen.add(other)
        if other in among:
            found.add(other)
        else:
            waiting += systems[other].depends_on
    return found - {key}
