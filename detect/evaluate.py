"""The exact evaluator, straight from the Sigma specification: one closure per part of a condition.

Plain and slow on purpose: it is what any faster engine has to agree with. Two rules decide the hard cases:
a match on an absent field is false (so `not` of it is true), and a field with several values matches when any
of them does.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from detect.event import Event, Scalar, as_text
from detect.patterns import expression, fold, wildcard
from detect.rule import (
    And,
    Boolean,
    Compare,
    Condition,
    Exists,
    FieldRef,
    Match,
    Network,
    Not,
    Null,
    Number,
    Or,
    Regex,
    Text,
    TimePart,
    Wild,
)

Test = Callable[[Event], bool]

_DECIMAL = re.compile(r"[+-]?(?:\d{1,40}(?:\.\d{1,40})?|\.\d{1,40})")


def compiled(condition: Condition) -> Test:
    """Return the test that tells whether an event meets a condition.

    Raises:
        PatternError: a regular expression in it cannot be run.
    """
    match condition:
        case And(parts):
            return _all([compiled(part) for part in parts])
        case Or(parts):
            return _one_of(parts) or _any([compiled(part) for part in parts])
        case Not(part):
            inner = compiled(part)
            return lambda event: not inner(event)
        case Match(None, value):
            return _keyword(value)
        case Match(str(field), value):
            return _field(field, value)
    raise AssertionError(condition)


def _all(tests: list[Test]) -> Test:
    def every(event: Event) -> bool:
        for test in tests:  # noqa: SIM110 - a plain loop is twice as fast as all() over a generator
            if not test(event):
                return False
        return True

    return every


def _any(tests: list[Test]) -> Test:
    def some(event: Event) -> bool:
        for test in tests:  # noqa: SIM110
            if test(event):
                return True
        return False

    return some


def _one_of(parts: tuple[Condition, ...]) -> Test | None:
    """Return one test for a list of texts of one field, as rules mostly are; None if the parts are anything else."""
    field = parts[0].field if isinstance(parts[0], Match) else None
    texts = [part.value for part in parts if isinstance(part, Match) and part.field == field]
    plain = [value for value in texts if isinstance(value, Text) and not value.cased]
    if field is None or len(plain) < len(parts):
        return None
    return _text(field, plain)


def _text(field: str, texts: list[Text]) -> Test:
    whole = frozenset(fold("".join(map(str, text.parts))) for text in texts if not text.has_wildcards)
    tests = [wildcard(text) for text in texts if text.has_wildcards]

    def found(event: Event) -> bool:
        for value in event.folded(field):
            if value in whole:
                return True
            for test in tests:
                if test(value):
                    return True
        return False

    return found


def _keyword(value: object) -> Test:
    """Look for a value anywhere: inside any field's value, or inside the raw line."""
    match value:
        case Text(parts, cased):
            found = wildcard(Text((Wild.MANY, *parts, Wild.MANY), cased))
            if cased:
                return lambda event: any(found(text) for text in event.everything())
            return lambda event: any(found(text) for text in event.everything_folded())
        case Regex(pattern, flags):
            searched = expression(pattern, flags)
            return lambda event: any(searched(text) for text in event.everything())
        case Number() | Boolean():
            word = as_text(value.number if isinstance(value, Number) else value.truth)
            return _keyword(Text((word,)))
        case _:
            raise ValueError(f"{type(value).__name__} needs a field")


def _field(field: str, value: object) -> Test:
    match value:
        case Null():
            return lambda event: not event.values(field)
        case Exists(wanted):
            return lambda event: event.has(field) is wanted
        case FieldRef():
            return _reference(field, value)
        case Text(_, False):
            return _text(field, [value])
        case Text() | Regex():
            exact = wildcard(value) if isinstance(value, Text) else expression(value.pattern, value.flags)
            return lambda event: any(exact(text) for text in event.texts(field))
        case _:
            test = _scalar(value)
            return lambda event: any(test(each) for each in event.values(field))


def _scalar(value: object) -> Callable[[Scalar], bool]:
    match value:
        case Number(number):
            return lambda each: _number(each) == number
        case Boolean(truth):
            word = "true" if truth else "false"
            return lambda each: each is truth or (isinstance(each, str) and each.lower() == word)
        case Compare():
            return _compare(value)
        case Network(network):
            return lambda each: _inside(each, network)
        case TimePart(unit, number):
            return lambda each: _part(each, unit) == number
        case _:
            raise ValueError(f"no test for {type(value).__name__}")


def _number(value: Scalar) -> int | float | None:
    """Return a JSON number, or the number a decimal text says; true is not 1, and 0x10 is a text."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, str):
        text = value.strip()
        if not _DECIMAL.fullmatch(text):
            return None
        return float(text) if "." in text else int(text)
    return value


def _compare(value: Compare) -> Callable[[Scalar], bool]:
    limit = value.number

    def holds(each: Scalar) -> bool:
        number = _number(each)
        if number is None:
            return False
        match value.op:
            case "lt":
                return number < limit
            case "lte":
                return number <= limit
            case "gt":
                return number > limit
            case _:
                return number >= limit

    return holds


def _inside(value: Scalar, network: IPv4Network | IPv6Network) -> bool:
    """Tell whether a text is an address of the network; an IPv4 address written as IPv6 counts as what it is."""
    if not isinstance(value, str):
        return False
    try:
        address: IPv4Address | IPv6Address = ip_address(value.strip().strip("[]").partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and isinstance(network, IPv4Network) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return address.version == network.version and address in network


def _reference(field: str, value: FieldRef) -> Test:
    """Compare two fields without case; if either is absent they are not equal."""

    def same(event: Event) -> bool:
        return any(_related(mine, other, value) for mine in event.folded(field) for other in event.folded(value.field))

    return same


def _related(mine: str, other: str, how: FieldRef) -> bool:
    if how.starts and how.ends:
        return other in mine
    if how.starts:
        return mine.startswith(other)
    return mine.endswith(other) if how.ends else mine == other


def _part(value: Scalar, unit: str) -> int | None:
    """Return a part of a moment in UTC; a moment without a zone is taken as UTC."""
    try:
        moment = datetime.fromisoformat(as_text(value))
    except ValueError:
        return None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return moment.isocalendar().week if unit == "week" else int(getattr(moment, unit))
