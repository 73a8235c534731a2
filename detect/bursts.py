"""Bursts: what happened close together, as one thing. Pure: occurrences in, bursts out, whatever order they came in.

A *window* is any stretch of time no longer than the rule's span that ends at an occurrence. Where windows that meet
the rule's condition overlap, or follow each other within one span, they form one burst: 300 wrong passwords are one
burst of 300, not 300. A burst that lasts longer than `LONGEST` is cut there: a siege of weeks is reported every day.

Two rules the specification leaves open: occurrences of the very same time count as being in any order; an
occurrence exactly one span after the first still belongs to the window.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby, takewhile
from typing import Protocol

from detect.event import Reference

LONGEST = timedelta(hours=24)
QUIET = timedelta(minutes=15)
"""How long a rule over single events must have been quiet before its next hit is a new burst."""


@dataclass(frozen=True)
class Need:
    """A line of a log, by the byte it begins at and its number."""

    source: str
    offset: int
    line: int


@dataclass(frozen=True)
class Occurrence:
    """One hit of one rule: when, where its line stands, and the values a correlation counts.

    `needs` are the lines that must be read again to find it again, one per log.
    """

    time: datetime
    rule: str
    reference: Reference
    needs: tuple[Need, ...] = ()
    counted: tuple[str | None, ...] = ()

    @property
    def event(self) -> tuple[str, int, str | int | None]:
        """Return what tells this event from others."""
        return (self.reference.file, self.reference.line, self.reference.id)


@dataclass(frozen=True)
class Burst:
    """Occurrences that met a condition together, oldest first.

    `met` is the index of the occurrence with which the condition was met for the first time.
    """

    occurrences: tuple[Occurrence, ...]
    met: int

    @property
    def first(self) -> Occurrence:
        """Return the oldest occurrence: the burst's anchor."""
        return self.occurrences[0]

    @property
    def last(self) -> Occurrence:
        """Return the newest occurrence."""
        return self.occurrences[-1]

    @property
    def references(self) -> tuple[Reference, ...]:
        """Return each event once, oldest first."""
        return tuple({each.event: each.reference for each in self.occurrences}.values())


class Condition(Protocol):
    """What a window must meet; told of every occurrence that enters or leaves it."""

    def enter(self, occurrence: Occurrence) -> None:
        """Count an occurrence in."""
        ...

    def leave(self, occurrence: Occurrence) -> None:
        """Count an occurrence out."""
        ...

    def met(self, since: datetime) -> datetime | None:
        """Return from when on the window that begins at `since` meets the condition; None if it does not."""
        ...

    def clear(self) -> None:
        """Begin again with an empty window."""
        ...


def by_event(occurrence: Occurrence) -> object:
    """Count events: one that several rules hit counts once."""
    return occurrence.event


def by_value(occurrence: Occurrence) -> object:
    """Count different values; an event without the value counts for nothing."""
    return occurrence.counted if all(value is not None for value in occurrence.counted) else None


def by_rule(occurrence: Occurrence) -> object:
    """Count different rules."""
    return occurrence.rule


class Counted:
    """How many different keys a window holds, against a limit: `op` is gte, gt or eq."""

    def __init__(self, op: str, limit: int, key: Callable[[Occurrence], object] = by_event) -> None:
        self._op = op
        self._limit = limit
        self._key = key
        self._seen: Counter[object] = Counter()

    def enter(self, occurrence: Occurrence) -> None:
        """Count an occurrence in."""
        if (key := self._key(occurrence)) is not None:
            self._seen[key] += 1

    def leave(self, occurrence: Occurrence) -> None:
        """Count an occurrence out."""
        if (key := self._key(occurrence)) is not None:
            self._seen[key] -= 1
            if not self._seen[key]:
                del self._seen[key]

    def met(self, since: datetime) -> datetime | None:
        """Tell whether the count is what the rule asks for; the whole window belongs to it."""
        count = len(self._seen)
        match self._op:
            case "gt":
                enough = count > self._limit
            case "eq":
                enough = count == self._limit
            case _:
                enough = count >= self._limit
        return since if enough else None

    def clear(self) -> None:
        """Forget everything."""
        self._seen.clear()


class InOrder:
    """Every rule in the order written.

    Keeps for each rule the latest time at which a row of hits that ends with it can have begun.
    """

    def __init__(self, rules: Sequence[str]) -> None:
        self._rules = tuple(rules)
        self._began: list[datetime | None] = [None] * len(rules)
        self._ended = False

    def enter(self, occurrence: Occurrence) -> None:
        """Make every row longer that this hit continues."""
        for place, rule in enumerate(self._rules):
            if rule == occurrence.rule:
                began = occurrence.time if place == 0 else self._began[place - 1]
                known = self._began[place]
                if began is not None and (known is None or began > known):
                    self._began[place] = began
                self._ended |= place == len(self._rules) - 1

    def leave(self, occurrence: Occurrence) -> None:
        """Nothing to do: a row that began too early is told by its time."""

    def met(self, since: datetime) -> datetime | None:
        """Return when the row began that ended just now, if it lies within the window."""
        began, ended, self._ended = self._began[-1], self._ended, False
        return began if ended and began is not None and began >= since else None

    def clear(self) -> None:
        """Forget everything."""
        self._began = [None] * len(self._rules)
        self._ended = False


def find(occurrences: Iterable[Occurrence], condition: Condition, span: timedelta, *, rounds: int = 1) -> list[Burst]:
    """Return the bursts among the occurrences of one group.

    `rounds` is how often occurrences of one and the same time are entered, so that their order does not matter
    (the number of rules in order).
    """
    ordered = sorted(occurrences, key=lambda each: (each.time, each.reference.file, each.reference.line, each.rule))
    bursts: list[_Growing] = []
    window: deque[Occurrence] = deque()
    for time, same in groupby(ordered, key=lambda each: each.time):
        together = list(same)
        if bursts and bursts[-1].is_too_long(time, span):
            bursts[-1].over = True
            window.clear()
            condition.clear()
        while window and time - window[0].time > span:
            condition.leave(window.popleft())
        window.extend(together)
        for each in together * rounds:
            condition.enter(each)
        began = condition.met(time - span)
        if began is not None and not (bursts and bursts[-1].takes(window, began, span)):
            held = [each for each in window if each.time >= began]
            bursts.append(_Growing(held, len(held) - len(together)))
    return [Burst(tuple(burst.occurrences), burst.met) for burst in bursts]


class _Growing:
    """A burst while its end is not known."""

    def __init__(self, occurrences: list[Occurrence], met: int) -> None:
        self.occurrences = occurrences
        self.met = met
        self.over = False

    def is_too_long(self, time: datetime, span: timedelta) -> bool:
        goes_on = not self.over and time - self.occurrences[-1].time <= span
        return goes_on and time - self.occurrences[0].time > LONGEST

    def takes(self, window: deque[Occurrence], began: datetime, span: timedelta) -> bool:
        """Take in what is new of a window that meets the condition, if it follows close enough."""
        last = self.occurrences[-1].time
        first = next(each.time for each in window if each.time >= began)
        if self.over or first - last > span:
            return False
        new = list(takewhile(lambda each: each.time > last and each.time >= began, reversed(window)))
        self.occurrences += reversed(new)
        return True
