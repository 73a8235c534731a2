"""Where the boxes of a layered graph stand, so that few lines cross and none runs through a box. Pure.

The usual three steps (Sugiyama, Tagawa, Toda, 1981): long lines get a place in every column they pass; the order within
a column follows the neighbours' until no fewer lines cross; heights are evened out towards the neighbours.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

Edge = tuple[str, str]

_ROUNDS = 12
_LINE_HEIGHT = 0.35
"""The room a passing line takes in a column; a box takes 1."""


@dataclass(frozen=True)
class Layout:
    """Places in units of a box: `column` counts from 0, `y` is a centre, `height` the whole.

    `lines` say for each edge the (column, y) it passes, its ends included.
    """

    column: Mapping[str, int]
    y: Mapping[str, float]
    lines: Mapping[Edge, Sequence[tuple[int, float]]]
    height: float


def reduced(edges: Sequence[Edge]) -> list[Edge]:
    """Return the edges without those that follow from others (a before c, where a before b before c is there)."""
    after: dict[str, set[str]] = {}
    for start, end in edges:
        after.setdefault(start, set()).add(end)
    return [(start, end) for start, end in edges if not _leads_round(start, end, after)]


def _leads_round(start: str, end: str, after: Mapping[str, set[str]]) -> bool:
    waiting, seen = list(after[start] - {end}), set[str]()
    while waiting:
        here = waiting.pop()
        if here == end:
            return True
        if here not in seen:
            seen.add(here)
            waiting += after.get(here, ())
    return False


def lay_out(columns: Mapping[str, int], edges: Sequence[Edge]) -> Layout:
    """Give every key a place; each edge leads from a lower column to a higher one."""
    passing = {edge: _passing(edge, columns) for edge in edges}
    placed = {**columns, **{stop: at for stops in passing.values() for stop, at in stops.items()}}
    links = [link for edge, stops in passing.items() for link in _links([edge[0], *stops, edge[1]])]
    order = _ordered(placed, links)
    y = _heights(order, links, set(columns))
    lines = {edge: [(placed[stop], y[stop]) for stop in (edge[0], *stops, edge[1])] for edge, stops in passing.items()}
    bottom = max((y[key] + _half(key, columns) for key in y), default=0.0)
    return Layout(dict(columns), {key: y[key] for key in columns}, lines, bottom)


def _passing(edge: Edge, columns: Mapping[str, int]) -> dict[str, int]:
    start, end = edge
    return {f"{start}>{end}>{at}": at for at in range(columns[start] + 1, columns[end])}


def _links(stops: Sequence[str]) -> list[Edge]:
    return list(pairwise(stops))


def _ordered(placed: Mapping[str, int], links: Sequence[Edge]) -> list[list[str]]:
    """Return each column's keys from top to bottom: the order with the fewest crossings that was found."""
    order: list[list[str]] = [[] for _ in range(max(placed.values(), default=-1) + 1)]
    for key, at in placed.items():
        order[at].append(key)
    before, after = _neighbours(links)
    best, fewest = [list(column) for column in order], _crossings(order, links)
    for round_ in range(_ROUNDS):
        forward = round_ % 2 == 0
        sides = before if forward else after
        rank = {key: float(index) for column in order for index, key in enumerate(column)}
        for column in order if forward else reversed(order):
            centre = {key: _mean([rank[other] for other in sides.get(key, ())], rank[key]) for key in column}
            column.sort(key=lambda key: (centre[key], rank[key]))
            rank |= {key: float(index) for index, key in enumerate(column)}
        if (count := _crossings(order, links)) < fewest:
            best, fewest = [list(column) for column in order], count
    return best


def _neighbours(links: Sequence[Edge]) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    before: dict[str, list[str]] = {}
    after: dict[str, list[str]] = {}
    for start, end in links:
        before.setdefault(end, []).append(start)
        after.setdefault(start, []).append(end)
    return before, after


def _crossings(order: Sequence[Sequence[str]], links: Sequence[Edge]) -> int:
    rank = {key: index for column in order for index, key in enumerate(column)}
    column = {key: at for at, keys in enumerate(order) for key in keys}
    between: dict[int, list[tuple[int, int]]] = {}
    for start, end in links:
        between.setdefault(column[start], []).append((rank[start], rank[end]))
    return sum(_inversions(pairs) for pairs in between.values())


def _inversions(pairs: list[tuple[int, int]]) -> int:
    """Return how many pairs of lines cross; lines from one end do not."""
    seen: list[int] = []
    count = 0
    for _, end in sorted(pairs):
        count += len(seen) - bisect_right(seen, end)
        insort(seen, end)
    return count


def _heights(order: Sequence[Sequence[str]], links: Sequence[Edge], boxes: set[str]) -> dict[str, float]:
    before, after = _neighbours(links)
    y: dict[str, float] = {}
    for column in order:
        _stack(column, {key: float(index) for index, key in enumerate(column)}, y, boxes)
    for round_ in range(_ROUNDS):
        forward = round_ % 2 == 0
        sides = before if forward else after
        for column in order if forward else reversed(order):
            _stack(column, {key: _mean([y[other] for other in sides.get(key, ())], y[key]) for key in column}, y, boxes)
    top = min((y[key] - _half(key, boxes) for key in y), default=0.0)
    return {key: at - top for key, at in y.items()}


def _stack(column: Sequence[str], wanted: Mapping[str, float], y: dict[str, float], boxes: set[str]) -> None:
    """Put a column's keys where they are wanted, as near as their order and size allow.

    Keys that would overlap form a block, which stands at the mean of what its members want.
    """
    if not column:
        return
    steps = (_half(one, boxes) + _half(other, boxes) for one, other in pairwise(column))
    tight = dict(zip(column, accumulate(steps, initial=0.0), strict=True))  # each standing on the one before
    blocks: list[tuple[float, int]] = []  # the sum of what its members want, and how many they are
    for key in column:
        total, count = wanted[key] - tight[key], 1
        while blocks and blocks[-1][0] / blocks[-1][1] > total / count:
            above, more = blocks.pop()
            total, count = total + above, count + more
        blocks.append((total, count))
    moved = (total / count for total, count in blocks for _ in range(count))
    y.update({key: tight[key] + by for key, by in zip(column, moved, strict=True)})


def _half(key: str, boxes: Mapping[str, int] | set[str]) -> float:
    return 0.5 if key in boxes else _LINE_HEIGHT / 2


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise
