"""What the rules ask, as dated data: clocks, limits by level, a calendar; each with its source.

A pack is one YAML file of `inventory/policies/`. Where several packs say something, the stricter one holds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from inventory.errors import UsageError

if TYPE_CHECKING:  # reading a pack needs much that using its rules does not
    from inventory.packs import Applies, CalendarText, ClockText, LimitText, Starts


@dataclass(frozen=True)
class ClockRule:
    """A clock of incidents.

    `due` is how long after `starts` it is due, `rto`, or `at_once`; `warn_at` are shares (0..1] of that time,
    ascending; `remind_every` how often something due at once is said again; `applies` in which incidents it runs.
    """

    key: str
    title: str
    starts: Starts
    due: timedelta | Literal["rto", "at_once"]
    warn_at: tuple[float, ...]
    source: str
    verified: bool
    applies: Applies = "all"
    remind_every: timedelta | None = None

    def length(self, rto: timedelta) -> timedelta:
        """Return how long the clock runs for a system (or an incident) whose target is `rto`."""
        if isinstance(self.due, timedelta):
            return self.due
        return rto if self.due == "rto" else timedelta()


@dataclass(frozen=True)
class CalendarRule:
    """Something due on a day: each year (month and day), or once; `since` is the day from which it is asked."""

    key: str
    title: str
    every_year: str | None
    day: date | None
    warn: tuple[timedelta, ...]
    since: date
    source: str
    verified: bool


@dataclass(frozen=True)
class Limit:
    """One thing the rules ask: a duration, a count or a yes, where it comes from, and whether that was read."""

    value: timedelta | float | bool
    source: str
    verified: bool

    @property
    def duration(self) -> timedelta:
        """Return the value of a limit that is a time."""
        assert isinstance(self.value, timedelta)
        return self.value

    @property
    def count(self) -> float:
        """Return the value of a limit that is a number."""
        assert not isinstance(self.value, timedelta | bool)
        return self.value

    @property
    def asked(self) -> bool:
        """Return the value of a limit that is a yes or a no."""
        assert isinstance(self.value, bool)
        return self.value


@dataclass(frozen=True)
class Policy:
    """What the chosen packs ask together; `titles` are the limits' names for people."""

    names: tuple[str, ...]
    clocks: tuple[ClockRule, ...]
    limits: Mapping[str, Mapping[int, Limit]]
    titles: Mapping[str, str] = field(default_factory=dict)
    calendar: tuple[CalendarRule, ...] = ()

    def limit(self, name: str, level: int) -> Limit | None:
        """Return what is asked of a level, or None if nothing is.

        Raises:
            KeyError: no chosen pack knows a limit of this name.
        """
        return self.limits[name].get(level)

    def clock(self, key: str) -> ClockRule | None:
        """Return one clock, or None if no chosen pack has it."""
        return next((rule for rule in self.clocks if rule.key == key), None)

    @property
    def unverified(self) -> int:
        """Return how many of its numbers were not read in an official text."""
        flags = [rule.verified for rule in self.clocks] + [rule.verified for rule in self.calendar]
        flags += [limit.verified for levels in self.limits.values() for limit in levels.values()]
        return flags.count(False)


def load(names: Sequence[str], directory: Path | None = None) -> Policy:
    """Read packs and join them.

    Raises:
        UsageError: no such pack, or two packs cannot be compared.
        SiteError: a pack is not valid.
    """
    return _shipped(tuple(names)) if directory is None else _join(names, directory)


@cache
def _shipped(names: tuple[str, ...]) -> Policy:
    """Read the packs that come with Holdfast once: they do not change while a command runs."""
    from inventory.packs import PACKS

    return _join(names, PACKS)


def _join(names: Sequence[str], directory: Path) -> Policy:
    from inventory.packs import read

    clocks: dict[str, ClockRule] = {}
    limits: dict[str, dict[int, Limit]] = {}
    directions: dict[str, str] = {}
    titles: dict[str, str] = {}
    calendar: dict[str, CalendarRule] = {}
    for name in names:
        pack = read(name, directory)
        for key, text in pack.clocks.items():
            rule = _clock(key, text)
            clocks[key] = rule if key not in clocks else _stricter_clock(clocks[key], rule)
        for key, limit in pack.limits.items():
            if directions.setdefault(key, limit.stricter) != limit.stricter:
                raise UsageError(f"pack {name} reads {key} the other way round than the packs before it")
            titles.setdefault(key, limit.title)
            _join_limits(limits.setdefault(key, {}), limit)
        for key, entry in pack.calendar.items():
            calendar[key] = _join_days(calendar.get(key), _day(key, entry, pack.dated))
    return Policy(tuple(names), tuple(clocks.values()), limits, titles, tuple(calendar.values()))


def _clock(key: str, text: ClockText) -> ClockRule:
    return ClockRule(
        key=key,
        title=text.title,
        starts=text.starts,
        due=text.due,
        warn_at=text.shares(),
        source=text.source,
        verified=text.verified,
        applies=text.applies,
        remind_every=text.remind_every,
    )


def _stricter_clock(one: ClockRule, other: ClockRule) -> ClockRule:
    """Return the clock due first, in all the incidents either runs in, with the warnings of both."""
    if one.starts != other.starts:
        raise UsageError(f"the chosen packs count clock {one.key} from different things: {one.starts}, {other.starts}")
    if one.applies != other.applies and "all" not in (one.applies, other.applies):
        raise UsageError(f"the chosen packs run clock {one.key} in different incidents: {one.applies}, {other.applies}")
    reminders = [each for each in (one.remind_every, other.remind_every) if each is not None]
    first = _due_first(one, other)
    return replace(
        first,
        applies=one.applies if one.applies == other.applies else "all",
        warn_at=() if first.due == "at_once" else tuple(sorted({*one.warn_at, *other.warn_at})),
        remind_every=min(reminders, default=None) if first.due == "at_once" else None,
    )


def _due_first(one: ClockRule, other: ClockRule) -> ClockRule:
    if "at_once" in (one.due, other.due):
        return one if one.due == "at_once" else other
    if isinstance(one.due, timedelta) and isinstance(other.due, timedelta):
        return one if one.due <= other.due else other
    if one.due == other.due:
        return one
    raise UsageError(f"the chosen packs measure clock {one.key} differently: one by rto, one by a fixed time")


def _join_limits(joined: dict[int, Limit], limit: LimitText) -> None:
    for text in limit.values:
        new = Limit(text.value, text.source, text.verified)
        for level in text.levels:
            old = joined.get(level)
            joined[level] = new if old is None else _stricter_limit(old, new, limit.stricter)


def _stricter_limit(old: Limit, new: Limit, stricter: str) -> Limit:
    choose = min if stricter == "smaller" else max
    if isinstance(old.value, timedelta) and isinstance(new.value, timedelta):
        return old if choose(old.value, new.value) == old.value else new
    if not isinstance(old.value, timedelta) and not isinstance(new.value, timedelta):
        return old if choose(old.value, new.value) == old.value else new
    raise UsageError("the chosen packs mix a time and a number for one limit")


def _day(key: str, text: CalendarText, since: date) -> CalendarRule:
    warn = tuple(sorted(text.warn, reverse=True))
    return CalendarRule(key, text.title, text.every_year, text.day, warn, since, text.source, text.verified)


def _join_days(one: CalendarRule | None, other: CalendarRule) -> CalendarRule:
    """Return one entry for what two packs know by the same name, with the warnings of both."""
    if one is None:
        return other
    if (one.every_year, one.day) != (other.every_year, other.day):
        raise UsageError(f"the chosen packs put {one.key} on different days")
    return replace(one, warn=tuple(sorted({*one.warn, *other.warn}, reverse=True)), since=min(one.since, other.since))
