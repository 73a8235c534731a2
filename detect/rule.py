"""A rule as a value: what Sigma says, free of any parser's types.

A condition is a tree of `And`, `Or`, `Not` over `Match(field, value)`; the values below are all a match can ask for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any


class Wild(Enum):
    """A wildcard inside a text: any run of characters, or exactly one."""

    MANY = "*"
    ONE = "?"


@dataclass(frozen=True)
class Text:
    """A text of literal parts and wildcards that must match a whole value; case counts only if `cased`."""

    parts: tuple[str | Wild, ...]
    cased: bool = False

    @property
    def has_wildcards(self) -> bool:
        """Tell whether any part is a wildcard."""
        return any(isinstance(part, Wild) for part in self.parts)


@dataclass(frozen=True)
class Number:
    """A number; a value that is the same number written as text matches too."""

    number: int | float


@dataclass(frozen=True)
class Boolean:
    """True or false; a value that says it as text matches too."""

    truth: bool


@dataclass(frozen=True)
class Null:
    """Matches a field that is absent or null."""


@dataclass(frozen=True)
class Exists:
    """Matches by presence alone: a null field is present."""

    wanted: bool


@dataclass(frozen=True)
class Regex:
    """A regular expression searched for anywhere in a value; `flags` holds letters of `ims`."""

    pattern: str
    flags: str = ""


@dataclass(frozen=True)
class Network:
    """An address range; a value that is no address does not match."""

    network: IPv4Network | IPv6Network


@dataclass(frozen=True)
class Compare:
    """A numeric comparison: `op` is lt, lte, gt or gte."""

    op: str
    number: int | float


@dataclass(frozen=True)
class FieldRef:
    """The value of another field, as a whole or as beginning or end (both: anywhere inside)."""

    field: str
    starts: bool = False
    ends: bool = False


@dataclass(frozen=True)
class TimePart:
    """A part of a moment, in UTC: `unit` is minute, hour, day, week, month or year."""

    unit: str
    number: int


Value = Text | Number | Boolean | Null | Exists | Regex | Network | Compare | FieldRef | TimePart


@dataclass(frozen=True)
class Match:
    """One field holds one value; without a field, any value of the event or its raw line does (a keyword)."""

    field: str | None
    value: Value


@dataclass(frozen=True)
class And:
    """All parts hold."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class Or:
    """At least one part holds."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class Not:
    """The part does not hold (an absent field counts as not holding)."""

    part: Condition


Condition = And | Or | Not | Match


@dataclass(frozen=True)
class LogSource:
    """What kind of log a rule is about; None means any."""

    category: str | None = None
    product: str | None = None
    service: str | None = None


@dataclass(frozen=True)
class Header:
    """What every rule carries: identity, words for people, where it was written.

    `hash` is over the rule's whole content; `custom` is the `holdfast:` block.
    """

    id: str
    name: str
    title: str
    level: str
    description: str
    tags: tuple[str, ...]
    false_positives: tuple[str, ...]
    hash: str
    file: Path
    line: int
    custom: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @property
    def group_by(self) -> tuple[str, ...]:
        """Return the fields that keep hits of a single-event rule apart in alerts (`holdfast: group-by:`)."""
        return tuple(str(name) for name in self.custom.get("group-by", ()))


@dataclass(frozen=True)
class Rule:
    """A rule over single events."""

    header: Header
    logsource: LogSource
    condition: Condition


@dataclass(frozen=True)
class Correlation:
    """A rule over hits of other rules within a sliding window of `span` seconds.

    `kind` is event_count, value_count, temporal or temporal_ordered; `rules` are ids in the order written;
    `op` (gte, gt, eq) and `count` are the condition; `counted` are the fields whose values are counted;
    `aliases` maps a group-by name to the field it stands for, per rule id. With `generate` the rules it builds on
    still alert by themselves.
    """

    header: Header
    kind: str
    rules: tuple[str, ...]
    group_by: tuple[str, ...]
    span: float
    op: str
    count: int
    counted: tuple[str, ...] = ()
    aliases: Mapping[str, Mapping[str, str]] = field(default_factory=dict, compare=False)
    generate: bool = False


AnyRule = Rule | Correlation


@dataclass(frozen=True)
class Unusable:
    """A rule that cannot be run, and why."""

    file: Path
    line: int
    id: str
    title: str
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.title or self.id or 'a rule'}: {self.reason}"


@dataclass(frozen=True)
class RuleSet:
    """Rules ready to run, in the order read, and those that are not."""

    rules: tuple[Rule, ...] = ()
    correlations: tuple[Correlation, ...] = ()
    unusable: tuple[Unusable, ...] = ()

    def usable(self) -> list[AnyRule]:
        """Return every rule that can be run, those over single events first."""
        return [*self.rules, *self.correlations]

    def headers(self) -> list[Header]:
        """Return the header of every usable rule."""
        return [rule.header for rule in self.usable()]

    @property
    def silent(self) -> frozenset[str]:
        """Return the ids of rules that alert only through a correlation built on them."""
        loud = {rule for each in self.correlations if each.generate for rule in each.rules}
        return frozenset(rule for each in self.correlations for rule in each.rules) - loud
