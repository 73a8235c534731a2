"""Lines of files that may be hostile: bounded in length, counted, each with the place it was found."""

from __future__ import annotations

import gzip
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from inventory.errors import HoldfastError

LONGEST_LINE = 8_000_000
STDIN = "-"


class UnreadableError(HoldfastError):
    """A log that is there cannot be read (exit 3)."""


@dataclass(frozen=True)
class Line:
    """One line: 1-based number, byte offset of its beginning and of the line after it, content without line end.

    `text` is None when the line is too long to be read; `damaged` when it is not valid UTF-8 (each bad byte became
    U+FFFD) or was cut off; `ended` tells whether its line end was there.
    """

    number: int
    offset: int
    after: int
    text: str | None
    damaged: bool = False
    ended: bool = True


@contextmanager
def opened(file: str, offset: int = 0) -> Iterator[BinaryIO]:
    """Open a log for reading from a byte offset: plain, gzip (by content), or `-` for standard input.

    Raises:
        UnreadableError: it is not there or may not be read.
    """
    if file == STDIN:
        yield sys.stdin.buffer
        return
    try:
        with Path(file).open("rb") as plain:
            if plain.read(2) == b"\x1f\x8b":
                with gzip.open(file, "rb") as unpacked:
                    yield cast(BinaryIO, unpacked)
                return
            plain.seek(offset)
            yield plain
    except OSError as error:
        raise UnreadableError(
            f"{file} cannot be read: {error.strerror or error}", hint="check the path and who may read it"
        ) from error
    except (EOFError, zlib.error) as error:
        raise UnreadableError(f"{file} is a damaged gzip file: {error}", hint="unpack it by hand to see") from error


def lines(stream: BinaryIO, *, first: int = 1, offset: int = 0, longest: int = LONGEST_LINE) -> Iterator[Line]:
    """Yield the lines of a stream that stands at byte `offset`, where line `first` begins."""
    number = first
    while content := stream.readline(longest + 1):
        size = len(content)
        ended = content.endswith(b"\n")
        too_long = False
        while not ended and size > longest:
            too_long = True
            rest = stream.readline(longest)
            size += len(rest)
            if not rest:
                break
            ended = rest.endswith(b"\n")
            if not ended and len(rest) < longest:
                break
        after = offset + size
        yield Line(number, offset, after, None, ended=ended) if too_long else _line(number, offset, after, content)
        number, offset = number + 1, after


def _line(number: int, offset: int, after: int, content: bytes) -> Line:
    ended = content.endswith(b"\n")
    content = content.rstrip(b"\r\n")
    try:
        return Line(number, offset, after, content.decode("utf-8"), ended=ended)
    except UnicodeDecodeError:
        return Line(number, offset, after, content.decode("utf-8", "replace"), damaged=True, ended=ended)
