"""Events of files given by hand: paths, globs, directories, gzip, standard input."""

from __future__ import annotations

import glob
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from detect.event import CorruptError, Event, Reference
from detect.readers import document, reader, structured
from detect.readers.lines import STDIN, Line, lines, opened
from inventory.errors import UsageError

_EXAMPLES = 5


@dataclass
class Tally:
    """What was read: events, lines that were no events (and the first few of them, by place), and lines damaged.

    A damaged line (not UTF-8) is still judged as far as it can be read, so that a bad byte hides nothing; it counts
    as corrupt all the same.
    """

    events: int = 0
    corrupt: int = 0
    examples: list[str] = field(default_factory=list)

    def spoilt(self, file: str, line: int, why: str) -> None:
        """Count a corrupt line and remember where the first ones stand."""
        self.corrupt += 1
        if len(self.examples) < _EXAMPLES:
            self.examples.append(f"{file}:{line}: {why}")


def expand(patterns: Sequence[str]) -> list[str]:
    """Return the files that paths, globs and directories stand for, each once, sorted within each.

    Raises:
        UsageError: one stands for nothing, so that a run over nothing is never taken for a clean one.
    """
    found: dict[str, None] = {}
    for pattern in patterns:
        if pattern == STDIN:
            found[pattern] = None
            continue
        path = Path(pattern)
        if path.is_dir():
            files = [str(file) for file in sorted(path.rglob("*")) if file.is_file()]
        elif path.exists():
            files = [pattern]
        else:
            files = sorted(matching(pattern))
        if not files:
            raise UsageError(f"nothing to read at {pattern}", hint="give files, globs or directories with --events")
        found |= dict.fromkeys(files)
    return list(found)


def matching(pattern: str) -> Iterator[str]:
    """Yield the files a glob stands for; it may be absolute, which `Path.glob` cannot."""
    return (file for file in glob.glob(pattern, recursive=True) if Path(file).is_file())  # noqa: PTH207


def events(file: str, now: datetime, tally: Tally, kind: reader.Format = "auto") -> Iterator[Event]:
    """Yield the events of one file; lines that are none are counted in `tally`.

    Raises:
        UnreadableError: the file cannot be read.
    """
    with opened(file) as stream:
        found = lines(stream)
        first = next(found, None)
        if first is None:
            return
        if kind in ("auto", "jsonl") and first.text is not None and document.is_document(first.text):
            yield from _whole(first.text, stream, file, tally)
            return
        for line in chain([first], found):
            event = judged(line, file, kind, now, tally)
            if event is not None:
                yield event


def judged(line: Line, file: str, kind: reader.Format, now: datetime, tally: Tally) -> Event | None:
    """Return the event of a line, and count the line in `tally`."""
    try:
        event = reader.read(line, file, kind, now)
    except CorruptError as error:
        tally.spoilt(file, line.number, str(error))
        return None
    if line.damaged:
        tally.spoilt(file, line.number, "not valid UTF-8")
    if event is not None:
        tally.events += 1
    return event


def _whole(first: str, stream: BinaryIO, file: str, tally: Tally) -> Iterator[Event]:
    """Read a file whose JSON values go over several lines; what goes beyond `LARGEST` bytes is left and counted."""
    rest = stream.read(document.LARGEST + 1)
    if len(rest) > document.LARGEST:
        tally.spoilt(file, 1, f"JSON over several lines is read up to {document.LARGEST} bytes")
    text = first + "\n" + rest[: document.LARGEST].decode("utf-8", "replace")
    for line, value in document.objects(text):
        try:
            event = structured.of(value, Reference(file, line)) if isinstance(value, dict) else None
        except CorruptError as error:
            tally.spoilt(file, line, str(error))
            continue
        if event is None:
            tally.spoilt(file, line, f"not JSON: {value}" if isinstance(value, Exception) else "not a JSON object")
            continue
        tally.events += 1
        yield event
