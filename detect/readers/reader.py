"""From a line to an event, in the format named or found by looking at it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from detect.event import CorruptError, Event, Reference
from detect.readers import structured, text
from detect.readers.lines import Line

Format = Literal["auto", "jsonl", "journald", "syslog"]


def read(line: Line, file: str, kind: Format, now: datetime) -> Event | None:
    """Return the event of a line, or None for a blank one. `now` gives a year to times without one.

    Raises:
        CorruptError: the line is no event in that format.
    """
    if line.text is None:
        raise CorruptError("too long a line")
    if not line.text.strip():
        return None
    reference = Reference(file, line.number)
    if kind == "syslog":
        return text.syslog(line.text, reference, now)
    if kind in ("jsonl", "journald") or line.text.lstrip("\ufeff \t")[:1] == "{":
        return structured.read(line.text.lstrip("\ufeff"), reference)
    if text.is_access(line.text):
        return text.access(line.text, reference)
    if line.text.startswith("["):
        return text.web_error(line.text, reference)
    return text.syslog(line.text, reference, now)
