"""Structured lines: JSON of applications (ECS), Windows events as JSON, and the journal's export."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from detect import logsource
from detect.event import UNKNOWN_ORIGIN, CorruptError, Event, Origin, Reference, as_text, flatten
from detect.names import names
from detect.readers import moments
from detect.readers.messages import understood

_TIME_FIELDS = ("@timestamp", "SystemTime", "timestamp", "time", "ts", "EventTime", "UtcTime", "date")
_PRIORITIES = ("emergency", "alert", "critical", "error", "warning", "notice", "informational", "debug")


def read(text: str, reference: Reference) -> Event:
    """Read one JSON object, whatever wrote it.

    Raises:
        CorruptError: not a JSON object, or one no honest log holds.
    """
    return of(decoded(text), reference)


def decoded(text: str) -> dict[str, Any]:
    """Return the JSON object a line holds.

    Raises:
        CorruptError: it does not hold one.
    """
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CorruptError(f"not JSON: {error}") from error
    if not isinstance(data, dict):
        raise CorruptError("not a JSON object")
    return data


def of(data: dict[str, Any], reference: Reference) -> Event:
    """Return the event a decoded object is, by its shape.

    Raises:
        CorruptError: nested too deeply.
    """
    document_id = data.get("_id")
    if isinstance(data.get("_source"), dict):  # a search hit of Elasticsearch
        data = data["_source"]
    if "__REALTIME_TIMESTAMP" in data or "_SOURCE_REALTIME_TIMESTAMP" in data:
        return _journal(data, reference)
    flat = flatten(data)
    if "Event.System.EventID" in flat or "Event.System.Channel" in flat or "Event.System.EventID.#text" in flat:
        return _windows(flat, reference)
    if "winlog.channel" in flat or ("EventID" in flat and ("Channel" in flat or "EventRecordID" in flat)):
        return _windows(flat, reference)
    identity = document_id if isinstance(document_id, str | int) else None
    return Event(flat, time=_time(flat), origin=_origin(flat), reference=_named(reference, identity))


def _windows(flat: Mapping[str, Any], reference: Reference) -> Event:
    fields = names("windows").applied(flat)
    origin = logsource.windows(_word(fields.get("Channel")), _word(fields.get("EventID")))
    record = fields.get("EventRecordID")
    identity = record if isinstance(record, str | int) else None
    time = moments.iso(fields.get("SystemTime")) or _time(fields)
    return Event(fields, time=time, origin=origin, reference=_named(reference, identity))


def _journal(data: dict[str, Any], reference: Reference) -> Event:
    """Read a journal entry; a field that was not text is an array of bytes there."""
    fields = names("journald").applied(flatten({name: _from_bytes(value) for name, value in data.items()}))
    fields.setdefault("systemd.unit", fields.get("_SYSTEMD_UNIT"))
    priority = _word(fields.get("PRIORITY"))
    if priority in set("01234567"):
        fields["log.level"] = _PRIORITIES[int(priority)]
    fields["host.hostname"] = fields.get("host.name")
    program = _word(fields.get("process.name"))
    time = _journal_time(data)
    fields |= understood(program, _word(fields.get("message")))
    return Event(fields, time=time, origin=logsource.linux(program, journal=True), reference=reference)


def _journal_time(data: Mapping[str, Any]) -> datetime | None:
    for name in ("_SOURCE_REALTIME_TIMESTAMP", "__REALTIME_TIMESTAMP"):
        if name in data and (moment := moments.epoch(data[name], 1e-6)) is not None:
            return moment
    return None


def _from_bytes(value: Any) -> Any:
    if isinstance(value, list) and value and all(isinstance(byte, int) and 0 <= byte < 256 for byte in value):
        return bytes(value).decode("utf-8", "replace")
    return value


def _origin(flat: Mapping[str, Any]) -> Origin:
    """Tell an ECS event of an application by its dataset or service; anything else could be anything."""
    platform = _word(flat.get("host.os.type")) or None
    for field in ("event.dataset", "service.name", "event.module"):
        if (name := _word(flat.get(field))) and "@timestamp" in flat:
            return logsource.application(platform, name)
    return Origin(platform) if platform else UNKNOWN_ORIGIN


def _time(fields: Mapping[str, Any]) -> datetime | None:
    for name in _TIME_FIELDS:
        value = fields.get(name)
        if isinstance(value, bool) or value is None:
            continue
        if isinstance(value, int | float):
            return moments.epoch(value, 1e-3 if value > 1e11 else 1)
        if (moment := moments.iso(value)) is not None:
            return moment
    return None


def _named(reference: Reference, identity: str | int | None) -> Reference:
    return reference if identity is None else Reference(reference.file, reference.line, identity)


def _word(value: Any) -> str:
    if isinstance(value, list):
        value = value[0] if value else None
    return "" if value is None else as_text(value)
