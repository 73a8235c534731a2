"""How far every log was read: kept beside the ledger, replaced whole, and only after the alerts are recorded.

A log is known by the hash of its first bytes, so that it is found again under another name after rotation (also
compressed), and a new file in its place is not taken for it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from detect.readers.lines import UnreadableError, opened
from inventory.errors import HoldfastError
from ledger import durable

FILE = "positions.json"
_HEAD = 1024
_FORMAT = 1


@dataclass(frozen=True)
class Piece:
    """One file of a log, and how far it was read.

    `head` is the hash of its first `head_size` bytes (`inode` tells an empty file). Bytes before `position` were
    judged, `line` is the number of the line that begins there; reading begins again at `resume` (line
    `resume_line`), so that windows still open see what they hold.
    """

    head: str
    head_size: int
    inode: int
    position: int
    line: int
    resume: int
    resume_line: int


Positions = Mapping[str, Sequence[Piece]]
"""Pieces of every log by its name, the oldest first; the last one is the file under the log's own name."""


def read(state: Path) -> dict[str, list[Piece]]:
    """Return what was kept; nothing if there is no file yet.

    Raises:
        HoldfastError: the file is damaged.
    """
    path = state / FILE
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        assert content["format"] == _FORMAT, f"format {content['format']}"
        return {name: [Piece(**piece) for piece in pieces] for name, pieces in content["logs"].items()}
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise HoldfastError(f"{path} cannot be read: {error.strerror}", hint="check who may read it") from error
    except (ValueError, KeyError, TypeError, AttributeError, AssertionError) as error:
        raise HoldfastError(
            f"{path} is damaged: {error}",
            hint="remove it: the logs are then read from their beginning; alerts already raised stay one",
        ) from error


def write(state: Path, positions: Positions) -> None:
    """Keep how far everything was read; it is on disk when this returns.

    Raises:
        HoldfastError: it could not be written; the old positions stand.
    """
    logs = {name: [asdict(piece) for piece in pieces] for name, pieces in sorted(positions.items())}
    content = json.dumps({"format": _FORMAT, "logs": logs}, indent=1)
    try:
        durable.write(state / FILE, content.encode(), mode=0o600)
    except OSError as error:
        raise HoldfastError(
            f"{state / FILE} cannot be written: {error.strerror}",
            hint="make room or give the right to write; the next run reads these lines again and raises nothing twice",
        ) from error


def piece(file: Path, stream: BinaryIO, position: int, line: int) -> Piece:
    """Return the piece of a file read up to `position`, where line `line` begins."""
    size = min(_HEAD, position)
    stream.seek(0)
    head = hashlib.sha256(stream.read(size)).hexdigest()
    return Piece(head, size, file.stat().st_ino, position, line, position, line)


def is_same(file: Path, piece: Piece) -> bool:
    """Tell whether a file is the one a piece was read from, and not cut shorter since."""
    try:
        if piece.head_size == 0:
            return file.stat().st_ino == piece.inode
        with opened(str(file)) as stream:
            if hashlib.sha256(stream.read(piece.head_size)).hexdigest() != piece.head:
                return False
            return stream.seek(piece.position) == piece.position and _reaches(stream, piece.position)
    except (UnreadableError, OSError):
        return False


def _reaches(stream: BinaryIO, position: int) -> bool:
    if position == 0:
        return True
    stream.seek(position - 1)
    return len(stream.read(1)) == 1


def moved(log: Path, piece: Piece) -> Path | None:
    """Return where a file went that stood under a log's name: `auth.log.1`, `auth.log-20261123.gz`…"""
    return next((file for file in _beside(log) if is_same(file, piece)), None)


def rotated_after(log: Path, old: Path) -> list[Path]:
    """Return files beside a log that were rotated away after `old` was, the oldest first: nobody has read them yet."""
    try:
        since = old.stat().st_mtime_ns
        found = [(file.stat().st_mtime_ns, file) for file in _beside(log) if file != old]
    except OSError:
        return []
    return [file for changed, file in sorted(found) if changed >= since]


def _beside(log: Path) -> Iterator[Path]:
    try:
        yield from sorted(
            file for file in log.parent.iterdir() if file.name.startswith((f"{log.name}.", f"{log.name}-"))
        )
    except OSError:
        return
