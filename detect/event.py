"""One event: flat fields, when, from what kind of log, and where to find its line again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from detect.patterns import fold

_DEEPEST = 64

Scalar = str | int | float | bool | None


class CorruptError(ValueError):
    """A line that is no event; counted and shown, never dropped in silence."""


@dataclass(frozen=True)
class Origin:
    """What kind of log an event comes from; None means it cannot be told, so no rule is ruled out by it."""

    product: str | None = None
    categories: frozenset[str] | None = None
    services: frozenset[str] | None = None


UNKNOWN_ORIGIN = Origin()


@dataclass(frozen=True)
class Reference:
    """Where an event stands: file, 1-based line, and the source's own id of it (record number, `_id`) if it has one."""

    file: str
    line: int
    id: str | int | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the shape alerts and `--json` carry."""
        return {"file": self.file, "line": self.line, "id": self.id}


class Event:
    """An event as rules see it.

    `fields` maps dotted names to a scalar, or to a list of scalars where the log had several; `raw` is the line
    of a text log (None for structured ones, whose values say it all).
    """

    __slots__ = ("_all_folded", "_folded", "fields", "origin", "raw", "reference", "time")

    def __init__(
        self,
        fields: Mapping[str, Any],
        *,
        time: datetime | None = None,
        origin: Origin = UNKNOWN_ORIGIN,
        reference: Reference = Reference("", 0),
        raw: str | None = None,
    ) -> None:
        self.fields = fields
        self.time = time
        self.origin = origin
        self.reference = reference
        self.raw = raw
        self._folded: dict[str, tuple[str, ...]] = {}
        self._all_folded: tuple[str, ...] | None = None

    def has(self, field: str) -> bool:
        """Tell whether the event carries the field at all, be it null or an object."""
        return field in self.fields or any(name.startswith(field + ".") for name in self.fields)

    def values(self, field: str) -> tuple[Scalar, ...]:
        """Return the field's values other than null; none if it is absent."""
        value = self.fields.get(field)
        if value is None:
            return ()
        return tuple(each for each in value if each is not None) if isinstance(value, list) else (value,)

    def texts(self, field: str) -> tuple[str, ...]:
        """Return the field's values as text, in their own case."""
        return tuple(as_text(value) for value in self.values(field))

    def folded(self, field: str) -> tuple[str, ...]:
        """Return the field's values as text without case; worked out once per event."""
        known = self._folded.get(field)
        if known is None:
            known = self._folded[field] = tuple(fold(text) for text in self.texts(field))
        return known

    def everything(self) -> tuple[str, ...]:
        """Return every value and the raw line as text, for keywords."""
        texts = tuple(text for field in self.fields for text in self.texts(field))
        return texts if self.raw is None else (*texts, self.raw)

    def everything_folded(self) -> tuple[str, ...]:
        """Return everything without case; worked out once per event."""
        if self._all_folded is None:
            self._all_folded = tuple(fold(text) for text in self.everything())
        return self._all_folded


def as_text(value: Scalar) -> str:
    """Write a value the way a rule would: true and false in lower case, numbers as JSON does."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def flatten(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return nested objects as dotted names; a name that occurs several times holds a list.

    Raises:
        CorruptError: nested deeper than any honest log.
    """
    flat: dict[str, Any] = {}
    _into(flat, "", data, 0)
    return flat


def _into(flat: dict[str, Any], prefix: str, data: Mapping[str, Any], depth: int) -> None:
    if depth > _DEEPEST:
        raise CorruptError("nested too deeply")
    for key, value in data.items():
        name = prefix + key
        if isinstance(value, dict) and value:
            _into(flat, name + ".", value, depth + 1)
        elif isinstance(value, list):
            _list_into(flat, name, value, depth + 1)
        else:
            put(flat, name, [] if isinstance(value, dict) else value)


def _list_into(flat: dict[str, Any], name: str, values: list[Any], depth: int) -> None:
    if depth > _DEEPEST:
        raise CorruptError("nested too deeply")
    put(flat, name, [value for value in values if not isinstance(value, dict | list)])
    for value in values:
        if isinstance(value, dict):
            _into(flat, name + ".", value, depth + 1)
        elif isinstance(value, list):
            _list_into(flat, name, value, depth + 1)


def put(flat: dict[str, Any], name: str, value: Any) -> None:
    """Set a field, or add to what it already holds."""
    if name not in flat:
        flat[name] = value
        return
    there, more = (each if isinstance(each, list) else [each] for each in (flat[name], value))
    flat[name] = [*there, *more]
