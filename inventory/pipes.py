"""The ends of a child's pipes: what it says, read as it comes, and secrets it may read once."""

from __future__ import annotations

import os
import queue
import select
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import IO, TypeVar

TAIL_BYTES = 1_000_000
LONGEST_LINE = 64_000_000
_CHUNK = 1 << 16
_LOOK_MS = 100
_Said = TypeVar("_Said")

LineHandler = Callable[[str], None]
BytesHandler = Callable[[bytes], object]


class Ear:
    """Takes in one output: keeps its tail (the last megabyte), hands over each line, or each piece of raw bytes.

    A handler's failure is kept in `failure` and told to `on_failure`; what comes later is only kept. A line longer than
    `LONGEST_LINE` is handed over in pieces.
    """

    def __init__(
        self, on_line: LineHandler | None, on_failure: Callable[[], None], on_bytes: BytesHandler | None = None
    ) -> None:
        self._on_line = on_line
        self._on_bytes = on_bytes
        self._on_failure = on_failure
        self._tail = bytearray()
        self._line = bytearray()
        self.failure: Exception | None = None

    def take(self, chunk: bytes) -> None:
        """Keep and hand over a piece."""
        self.keep(chunk)
        if self._on_bytes is not None:
            self._call(self._on_bytes, chunk)
        if self._on_line is not None:
            self._split(chunk)

    def keep(self, chunk: bytes) -> None:
        """Keep a piece without handing it over."""
        self._tail += chunk
        if len(self._tail) > 2 * TAIL_BYTES:
            del self._tail[:-TAIL_BYTES]

    def close(self) -> None:
        """Hand over a last line that has no end."""
        if self._line:
            self._hand_over(bytes(self._line))
            self._line.clear()

    def tail(self) -> str:
        """Return the last megabyte that was said."""
        return self._tail[-TAIL_BYTES:].decode("utf-8", "replace")

    def _split(self, chunk: bytes) -> None:
        *whole, rest = chunk.split(b"\n")
        for part in whole:
            self._hand_over(bytes(self._line) + part)
            self._line.clear()
        self._line += rest
        if len(self._line) > LONGEST_LINE:
            self._hand_over(bytes(self._line))
            self._line.clear()

    def _hand_over(self, line: bytes) -> None:
        if self._on_line is not None:
            self._call(self._on_line, line.decode("utf-8", "replace").rstrip("\r"))

    def _call(self, handler: Callable[[_Said], object], said: _Said) -> None:
        if self.failure is not None:
            return
        try:
            handler(said)
        except Exception as error:
            self.failure = error
            self._on_failure()


class Reader(threading.Thread):
    """Read one of a child's outputs to its end, into an ear."""

    def __init__(self, stream: IO[bytes], ear: Ear) -> None:
        super().__init__(daemon=True)
        self._descriptor = stream.fileno()
        self._abandoned = threading.Event()
        self._heard = time.monotonic()
        self._busy = False
        self.ear = ear

    def run(self) -> None:
        """Read until the last writer has closed its end, or until nobody wants to hear more."""
        poll = select.poll()
        poll.register(self._descriptor, select.POLLIN)
        while not self._abandoned.is_set():
            if not poll.poll(_LOOK_MS):
                continue
            if not (chunk := os.read(self._descriptor, _CHUNK)):
                break
            self._busy = True
            self.ear.take(chunk)
            self._busy, self._heard = False, time.monotonic()
        self.ear.close()

    def quiet_seconds(self, since: float) -> float:
        """Return for how long nothing came after the monotonic moment `since`; 0 while a handler is at work."""
        return 0.0 if self._busy else time.monotonic() - max(self._heard, since)

    def abandon(self) -> None:
        """Stop reading although somebody may still write."""
        self._abandoned.set()
        if self.ident is not None:
            self.join()


class Listener(threading.Thread):
    """Hands what comes over a connection to an ear, in a thread of its own: a slow handler must not silence us.

    `handled` counts the bytes handed over so far; `on_progress` is called after each piece.
    """

    def __init__(self, ear: Ear, on_progress: Callable[[], None]) -> None:
        super().__init__(daemon=True)
        self._pieces: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._on_progress = on_progress
        self._abandoned = threading.Event()
        self.ear = ear
        self.handled = 0

    def put(self, piece: bytes) -> None:
        """Take a piece; an empty one is none."""
        self._pieces.put(piece)

    def run(self) -> None:
        """Hand over piece by piece."""
        while (piece := self._pieces.get()) is not None and not self._abandoned.is_set():
            self.ear.take(piece)
            self.handled += len(piece)
            self._on_progress()
        if not self._abandoned.is_set():
            self.ear.close()

    def finish(self) -> None:
        """Say that no more comes; the thread ends when everything is handed over."""
        self._pieces.put(None)

    def mute(self) -> None:
        """Hand over no more."""
        self._abandoned.set()
        self._pieces.put(None)

    def abandon(self) -> None:
        """Hand over no more; wait for a handler that is at work."""
        self.mute()
        if self.ident is not None:
            self.join()


class Feeder(threading.Thread):
    """Write a child's input; a child that does not read it holds nobody up."""

    def __init__(self, stream: IO[bytes], data: bytes) -> None:
        super().__init__(daemon=True)
        self._stream = stream
        self._data = data

    def run(self) -> None:
        """Write everything and close."""
        with suppress(OSError, ValueError):
            self._stream.write(self._data)
        with suppress(OSError, ValueError):
            self._stream.close()


class Secrets:
    """Pipes that carry secrets to one child: filled once, readable once.

    A secret must be smaller than a pipe's buffer (64 KiB).
    """

    def __init__(self, values: Mapping[str, bytes]) -> None:
        self._values = dict(values)
        self._pipes: dict[str, tuple[int, int]] = {}

    def __enter__(self) -> Secrets:
        for name in self._values:
            self._pipes[name] = os.pipe()
        return self

    def __exit__(self, *_: object) -> None:
        for pipe in self._pipes.values():
            for end in pipe:
                with suppress(OSError):
                    os.close(end)
        self._pipes.clear()

    @property
    def read_ends(self) -> tuple[int, ...]:
        """Return the descriptors the child inherits."""
        return tuple(read for read, _ in self._pipes.values())

    def fill(self, text: str) -> str:
        """Put `/dev/fd/N` in the place of `{secret:NAME}`."""
        for name, (read, _) in self._pipes.items():
            text = text.replace("{secret:" + name + "}", f"/dev/fd/{read}")
        return text

    def feed(self) -> None:
        """Write every secret and close our ends."""
        while self._pipes:
            name, (read, write) = self._pipes.popitem()
            os.close(read)
            with suppress(BrokenPipeError):
                os.write(write, self._values[name])
            os.close(write)
