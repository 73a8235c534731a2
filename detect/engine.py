"""Rules over a stream of events: which hit, and which hits belong together."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from detect import logsource
from detect.bursts import QUIET, Burst, Condition, Counted, InOrder, Need, Occurrence, by_event, by_rule, by_value, find
from detect.event import Event, Origin
from detect.patterns import fold
from detect.rule import Correlation, Header, RuleSet
from detect.ruleset import Ready, ready

LATE = timedelta(minutes=10)
"""How late a line may arrive in its log and still be seen together with lines an earlier run has read."""

_BEGINNING = datetime.min.replace(tzinfo=UTC)

LOG = "log"
"""The name under which a group holds the log of a single-event rule's hits."""

Group = tuple[tuple[str, str | None], ...]
"""The values that hold hits together, by field; None where an event has no such field."""


@dataclass(frozen=True)
class Hit:
    """One event that met one rule."""

    header: Header
    event: Event


@dataclass(frozen=True)
class Finding:
    """A burst of hits of one rule (or correlation), within one scope and one group."""

    header: Header
    text_hash: str
    scope: str
    group: Group
    burst: Burst


@dataclass(frozen=True)
class Place:
    """Where an event was read.

    Hits never mix across scopes (a system's key); `log` is the log's name in the site, which stays when the file is
    rotated; `source` is the very file, `offset` the byte its line begins at.
    """

    scope: str = ""
    log: str = ""
    source: str = ""
    offset: int = 0


class Engine:
    """Takes events one by one and says at once what hit; correlations are answered at the end.

    With `keep` the hits of single-event rules are kept too, to be grouped into findings.
    """

    def __init__(self, rules: RuleSet, *, keep: bool = False) -> None:
        self._ready, self.rules = ready(rules)
        self._keep = keep
        self._by_origin: dict[Origin, list[Ready]] = {}
        self._headers = {header.id: header for header in self.rules.headers()}
        self._silent = self.rules.silent
        self._spans = {each.header.id: timedelta(seconds=each.span) for each in self.rules.correlations}
        self._users: dict[str, list[Correlation]] = {}
        for correlation in self.rules.correlations:
            for rule in dict.fromkeys(correlation.rules):
                self._users.setdefault(rule, []).append(correlation)
        self._kept: dict[tuple[str, str, Group], list[Occurrence]] = {}
        self._newest: dict[str, datetime] = {}
        self._bursts: dict[tuple[str, str, Group], list[Burst]] = {}
        self.untimed = 0

    def feed(self, event: Event, place: Place = Place()) -> Iterator[Hit]:
        """Yield what one event hits by itself, in the order of the rules."""
        tests = self._by_origin.get(event.origin)
        if tests is None:
            tests = [each for each in self._ready if logsource.applies(each.rule.logsource, event.origin)]
            self._by_origin[event.origin] = tests
        if event.time is not None and event.time > self._newest.get(place.scope, _BEGINNING):
            self._newest[place.scope] = event.time
        for each in tests:
            if each.test(event):
                header = each.rule.header
                self._remember(header, event, place)
                if header.id not in self._silent:
                    yield Hit(header, event)

    def findings(self) -> list[Finding]:
        """Return the bursts of every rule kept and of every correlation, oldest first."""
        if self._keep:
            for key, occurrences in list(self._kept.items()):
                if key[0] not in self._spans:
                    self._bursts[key] = find(occurrences, Counted("gte", 1), QUIET)
        for correlation in self.rules.correlations:
            self._correlate(correlation)
        found = [
            Finding(self._headers[rule], self.text_hash(rule), scope, group, burst)
            for (rule, scope, group), bursts in self._bursts.items()
            if rule not in self._silent
            for burst in bursts
        ]
        return sorted(found, key=lambda each: (each.burst.first.time, each.header.id, each.scope, str(each.group)))

    def pending(self, now: datetime) -> Iterator[Need]:
        """Yield the lines a later run must read again (after `findings`): what windows and bursts still open hold.

        Open means: not older than the rule's span (and `LATE` for lines that arrive late) before the newest event
        of the scope. An event from the future counts as of now.
        """
        for key, occurrences in self._kept.items():
            rule, scope, _ = key
            span = self._spans.get(rule, QUIET)
            horizon = min(self._newest.get(scope, now), now) - span - LATE
            for burst in self._bursts.get(key, ()):
                if burst.last.time >= horizon:
                    horizon = min(horizon, burst.first.time)
            for each in occurrences:
                if each.time >= horizon:
                    yield from each.needs

    def text_hash(self, rule: str) -> str:
        """Return the hash of a rule's text and, for a correlation, of the rules it builds on."""
        header = self._headers[rule]
        parts = [self.text_hash(each) for c in self.rules.correlations if c.header.id == rule for each in c.rules]
        return hashlib.sha256("\0".join([header.hash, *parts]).encode()).hexdigest() if parts else header.hash

    def _remember(self, header: Header, event: Event, place: Place) -> None:
        users = self._users.get(header.id, ())
        if not users and not self._keep:
            return
        if event.time is None:
            self.untimed += 1
            return
        needs = (Need(place.source, place.offset, event.reference.line),)
        for correlation in users:
            names = _fields(correlation, header.id)
            group = tuple((name, _group_value(event, field)) for name, field in names.items())
            counted = tuple(_group_value(event, name) for name in correlation.counted)
            occurrence = Occurrence(event.time, header.id, event.reference, needs, counted)
            self._kept.setdefault((correlation.header.id, place.scope, group), []).append(occurrence)
        if self._keep and header.id not in self._silent:
            own = tuple((name, _group_value(event, name)) for name in header.group_by)
            occurrence = Occurrence(event.time, header.id, event.reference, needs)
            self._kept.setdefault((header.id, place.scope, ((LOG, place.log), *own)), []).append(occurrence)

    def _correlate(self, correlation: Correlation) -> None:
        """Find a correlation's bursts, and hand each to the correlations that build on it as one occurrence."""
        identity = correlation.header.id
        rounds = len(correlation.rules) if correlation.kind == "temporal_ordered" else 1
        for key, occurrences in list(self._kept.items()):
            if key[0] != identity:
                continue
            self._bursts[key] = find(occurrences, _condition(correlation), self._spans[identity], rounds=rounds)
            for burst in self._bursts[key]:
                self._hand_on(correlation, key[1], dict(key[2]), burst)

    def _hand_on(self, correlation: Correlation, scope: str, group: dict[str, str | None], burst: Burst) -> None:
        met = burst.occurrences[burst.met]
        needs = tuple(dict.fromkeys(need for each in burst.occurrences for need in each.needs))
        for user in self._users.get(correlation.header.id, ()):
            outer = tuple((name, group.get(field)) for name, field in _fields(user, correlation.header.id).items())
            counted = tuple(group.get(name) for name in user.counted)
            occurrence = Occurrence(met.time, correlation.header.id, met.reference, needs, counted)
            self._kept.setdefault((user.header.id, scope, outer), []).append(occurrence)


def _fields(correlation: Correlation, rule: str) -> dict[str, str]:
    """Return which field stands for each group-by name in events of a rule."""
    return {name: correlation.aliases.get(name, {}).get(rule, name) for name in correlation.group_by}


def _condition(correlation: Correlation) -> Condition:
    match correlation.kind:
        case "temporal_ordered":
            return InOrder(correlation.rules)
        case "temporal":
            return Counted(correlation.op, correlation.count, by_rule)
        case "value_count":
            return Counted(correlation.op, correlation.count, by_value)
        case _:
            return Counted(correlation.op, correlation.count, by_event)


def _group_value(event: Event, field: str) -> str | None:
    """Return what holds hits together: the field's values without case; None (a group of its own) if absent."""
    values = event.folded(field)
    return None if not values else fold(", ".join(sorted(values)))
