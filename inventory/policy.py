"""What the rules ask, as dated data: clocks and limits by level, each number with its source.

A pack is one YAML file of `inventory/policies/`. Where several packs say something, the stricter one holds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from inventory import lines
from inventory.duration import Duration
from inventory.errors import UsageError
from inventory.system import Strict

PACKS = Path(__file__).parent / "policies"

Source = Annotated[str, Field(min_length=10)]
Level = Annotated[int, Field(ge=1, le=5)]
Share = Annotated[float, Field(gt=0, le=1)]


class ClockText(Strict):
    """A clock as a pack writes it; `due` is a duration or `rto` (the system's own target)."""

    title: str
    starts: str
    due: Literal["rto"] | Duration
    warn_at: Annotated[list[Share], Field(min_length=1)]
    source: Source
    verified: bool


class ValueText(Strict):
    """One number, for some levels."""

    levels: Annotated[list[Level], Field(min_length=1)]
    value: float | Duration
    source: Source
    verified: bool


class LimitText(Strict):
    """A limit as a pack writes it; `stricter` says which of two values asks for more."""

    title: str
    stricter: Literal["smaller", "larger"]
    values: Annotated[list[ValueText], Field(min_length=1)]


class Pack(Strict):
    """One policy pack; `dated` is the day of what it is drawn from."""

    title: str
    dated: Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\d$")]
    clocks: dict[str, ClockText] = {}
    limits: dict[str, LimitText] = {}


@dataclass(frozen=True)
class ClockRule:
    """A clock that runs in every incident.

    `due` is how long after `starts` it is due, or `rto`; `warn_at` are shares (0..1] of that time, ascending.
    """

    key: str
    title: str
    starts: str
    due: timedelta | Literal["rto"]
    warn_at: tuple[float, ...]
    source: str
    verified: bool

    def length(self, rto: timedelta) -> timedelta:
        """Return how long the clock runs for a system (or an incident) whose target is `rto`."""
        return rto if self.due == "rto" else self.due


@dataclass(frozen=True)
class Limit:
    """One number of the rules: a duration or a count, where it comes from, and whether that was read."""

    value: timedelta | float
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
        assert not isinstance(self.value, timedelta)
        return self.value


@dataclass(frozen=True)
class Policy:
    """What the chosen packs ask together."""

    names: tuple[str, ...]
    clocks: tuple[ClockRule, ...]
    limits: Mapping[str, Mapping[int, Limit]]

    def limit(self, name: str, level: int) -> Limit | None:
        """Return what is asked of a level, or None if nothing is.

        Raises:
            KeyError: no chosen pack knows a limit of this name.
        """
        return self.limits[name].get(level)

    def clock(self, key: str) -> ClockRule | None:
        """Return one clock, or None if no chosen pack has it."""
        return next((rule for rule in self.clocks if rule.key == key), None)


def known(directory: Path = PACKS) -> tuple[str, ...]:
    """Return the names of the packs there are."""
    return tuple(sorted(file.stem for file in directory.glob("*.yml")))


def load(names: Sequence[str], directory: Path = PACKS) -> Policy:
    """Read packs and join them.

    Raises:
        UsageError: no such pack, or two packs cannot be compared.
        SiteError: a pack is not valid.
    """
    clocks: dict[str, ClockRule] = {}
    limits: dict[str, dict[int, Limit]] = {}
    directions: dict[str, str] = {}
    for name in names:
        pack = _read(name, directory)
        for key, text in pack.clocks.items():
            rule = ClockRule(
                key, text.title, text.starts, text.due, tuple(sorted(text.warn_at)), text.source, text.verified
            )
            clocks[key] = rule if key not in clocks else _stricter_clock(clocks[key], rule)
        for key, limit in pack.limits.items():
            if directions.setdefault(key, limit.stricter) != limit.stricter:
                raise UsageError(f"pack {name} reads {key} the other way round than the packs before it")
            _join_limits(limits.setdefault(key, {}), limit)
    return Policy(tuple(names), tuple(clocks.values()), limits)


def _read(name: str, directory: Path) -> Pack:
    if name not in known(directory):
        raise UsageError(f"no policy pack {name!r}", hint=f"packs: {', '.join(known(directory))}")
    return lines.validate(lines.read(directory / f"{name}.yml"), Pack)


def _stricter_clock(one: ClockRule, other: ClockRule) -> ClockRule:
    """Return the clock due first, with the warnings of both."""
    if isinstance(one.due, timedelta) and isinstance(other.due, timedelta):
        first = min(one, other, key=lambda rule: rule.length(timedelta.max))
    elif one.due == other.due:
        first = one
    else:
        raise UsageError(f"the chosen packs measure clock {one.key} differently: one by rto, one by a fixed time")
    warnings = tuple(sorted({*one.warn_at, *other.warn_at}))
    return ClockRule(first.key, first.title, first.starts, first.due, warnings, first.source, first.verified)


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
