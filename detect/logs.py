"""One log of one system, read from where the last run ended: new lines, rotated files, files cut short, files gone."""

from __future__ import annotations

import glob
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from detect import positions
from detect.engine import Place
from detect.event import Event
from detect.history import READ, SILENT, UNREAD
from detect.positions import Piece
from detect.readers import reader
from detect.readers.lines import Line, UnreadableError, lines, opened
from detect.sources import Tally, judged, matching
from inventory import reach
from inventory.errors import HoldfastError
from inventory.system import FileLog, Host, LogSource


@dataclass(frozen=True)
class Log:
    """A file of a log source: the system it belongs to, its name in the site, where it lies here, its format."""

    system: str
    name: str
    path: Path
    kind: reader.Format


@dataclass
class Account:
    """What came of one log in one run; `problem` says why it is silent or unread."""

    system: str
    log: str
    state: str = READ
    problem: str = ""
    tally: Tally = field(default_factory=Tally)
    last_event_at: datetime | None = None


def of(system: str, source: LogSource, host: Host) -> tuple[list[Log], Account | None]:
    """Return the files of a log source that are there, and an account if it can't be read as it should."""
    name = f"{host.name}:{source.file if isinstance(source, FileLog) else source.journald}"
    if not isinstance(source, FileLog):
        problem = "a journal is read from a file so far; export it with journalctl -o json and name it with `file:`"
        return [], Account(system, name, UNREAD, problem)
    try:
        reach.require_local(host)
    except HoldfastError as error:
        return [], Account(system, name, UNREAD, error.message)
    pattern = host.path(source.file)
    if not glob.has_magic(source.file):
        if not Path(pattern).exists():
            return [], Account(system, name, SILENT, "the log file is not there: the source is silent")
        return [Log(system, name, Path(pattern), source.format)], None
    root = host.path("/").rstrip("/")
    found = sorted(matching(pattern))
    if not found:
        return [], Account(system, name, SILENT, "no log file matches: the source is silent")
    return [Log(system, f"{host.name}:{file.removeprefix(root)}", Path(file), source.format) for file in found], None


class Reading:
    """Reads one log: first what is left of files that were rotated away, then the file itself.

    After `events` is exhausted, `pieces` says how far each file was read, and `account` what came of it.
    """

    def __init__(self, log: Log, known: Sequence[Piece], now: datetime) -> None:
        self.log = log
        self._known = list(known)
        self._now = now
        self._ends: dict[str, Piece] = {}
        self._starts: dict[str, int] = {}
        self.account = Account(log.system, log.name)

    def events(self) -> Iterator[tuple[Event, Place]]:
        """Yield events, each with its place; those before `judged` of their source are only read again."""
        current = self.log.path
        try:
            for piece in self._known[:-1]:
                if (file := positions.moved(current, piece)) is not None:
                    yield from self._file(file, piece, to_end=True)
            last = self._known[-1] if self._known else None
            if last is not None and not positions.is_same(current, last):
                yield from self._rotated(last)
                last = None
            yield from self._file(current, last, to_end=False)
        except UnreadableError as error:
            self.account.state, self.account.problem = UNREAD, error.message
            self._ends.clear()

    def is_new(self, source: str, offset: int) -> bool:
        """Tell whether a line of one of this log's files was not judged by an earlier run."""
        return source in self._starts and offset >= self._starts[source]

    def pieces(self, resume: dict[str, tuple[int, int]]) -> list[Piece]:
        """Return how far every file was read; `resume` are the places (byte, line) that must be read again."""
        if not self._ends:
            return self._known
        kept = []
        for source, piece in self._ends.items():
            offset, line = min(resume.get(source, (piece.position, piece.line)), (piece.position, piece.line))
            if source == self._source(self.log.path) or offset < piece.position:
                kept.append(replace(piece, resume=offset, resume_line=line))
        return kept

    def _rotated(self, piece: Piece) -> Iterator[tuple[Event, Place]]:
        """Read the rest of the file that stood under the log's name, and whole files that stood there after it."""
        file = positions.moved(self.log.path, piece)
        if file is None:
            self.account.problem = (
                "the file was replaced and the old one is not beside it: "
                f"what it held after byte {piece.position} was not read"
            )
            return
        yield from self._file(file, piece, to_end=True)
        for later in positions.rotated_after(self.log.path, file):
            if self._source(later) not in self._starts:
                yield from self._file(later, None, to_end=True)

    def _file(self, file: Path, known: Piece | None, *, to_end: bool) -> Iterator[tuple[Event, Place]]:
        source = self._source(file)
        start, judged, first = (known.resume, known.position, known.resume_line) if known else (0, 0, 1)
        self._starts[source] = judged
        end, next_line = judged, known.line if known else 1
        with opened(str(file)) as stream:
            stream.seek(start)
            for line in lines(stream, first=first, offset=start):
                if not line.ended and not to_end:  # its writer is not done with it
                    break
                if line.offset >= judged:
                    end, next_line = line.after, line.number + 1
                event = self._event(line, str(file), count=line.offset >= judged)
                if event is not None:
                    yield event, Place(self.log.system, self.log.name, source, line.offset)
            self._ends[source] = positions.piece(file, stream, end, next_line)

    def _event(self, line: Line, file: str, *, count: bool) -> Event | None:
        tally = self.account.tally if count else Tally()
        event = judged(line, file, self.log.kind, self._now, tally)
        if (
            event is not None
            and event.time is not None
            and event.time <= self._now
            and (self.account.last_event_at is None or event.time > self.account.last_event_at)
        ):
            self.account.last_event_at = event.time
        return event

    def _source(self, file: Path) -> str:
        return f"{self.log.system} {file}"  # two systems may share a host and its log
