"""What an alert rests on, for people: its facts in words, and the log lines it names if they are still there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from detect.event import CorruptError
from detect.readers import reader
from detect.readers.lines import Line, UnreadableError, lines, opened
from ledger.alerts import Alert

LONGEST_QUOTE = 300
GONE = "the line is not there any more: the log was rotated, cut short or removed"


@dataclass(frozen=True)
class Quote:
    """One event of an alert: where it was read (`file:line`), and its line, or why there is none."""

    place: str
    text: str


def words(alert: Alert) -> dict[str, str]:
    """Return an alert's facts by name, each as people write it; `-` for what it does not have."""
    return {
        "alert": alert.id,
        "what": alert.title,
        "level": alert.level,
        "state": alert.state,
        "system": alert.system or "-",
        "summary": alert.summary,
        "first event": _moment(alert.first_at),
        "last event": _moment(alert.last_at),
        "raised": _moment(alert.raised_at),
        "events": str(alert.count),
        "rule": alert.rule,
        "tags": ", ".join(alert.tags) or "-",
        "incident": alert.incident or "-",
        "found by": alert.source,
    }


def quotes(alert: Alert, now: datetime, progress: Callable[[str], None] = lambda _text: None) -> list[Quote]:
    """Return the events an alert names with their lines, each file read once and only as far as needed."""
    wanted: dict[str, set[int]] = {}
    for event in alert.events:
        wanted.setdefault(str(event["file"]), set()).add(int(event["line"]))
    found: dict[tuple[str, int], str] = {}
    for file, numbers in wanted.items():
        progress(file)
        for line in _lines(file, numbers):
            if _is_of(alert, line, file, now):
                found[file, line.number] = (line.text or "")[:LONGEST_QUOTE]
    return [_quote(event, found) for event in alert.events]


def _quote(event: Mapping[str, object], found: Mapping[tuple[str, int], str]) -> Quote:
    file, number = str(event["file"]), int(str(event["line"]))
    return Quote(f"{file}:{number}", found.get((file, number), GONE))


def _lines(file: str, numbers: set[int]) -> Iterable[Line]:
    if not Path(file).is_file():  # standard input, or gone; a pipe would never end
        return
    last = max(numbers)
    try:
        with opened(file) as stream:
            for line in lines(stream):
                if line.number in numbers:
                    yield line
                if line.number >= last:
                    return
    except UnreadableError:
        return


def _is_of(alert: Alert, line: Line, file: str, now: datetime) -> bool:
    """Tell whether a line can be the one the alert was raised for: another may stand in its place since.

    A line that tells no time is believed; one whose time lies outside the alert's is another.
    """
    try:
        event = reader.read(line, file, "auto", now)
    except CorruptError:
        return line.text is not None
    if event is None:
        return False
    if event.time is None or alert.first_at is None or alert.last_at is None:
        return True
    return alert.first_at <= event.time <= alert.last_at


def _moment(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}Z" if at else "-"
