"""The ends of a child's pipes: what it says, read as it comes, and secrets it may read once."""

from __future__ import annotations

import os
import select
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import IO

TAIL_BYTES = 1_000_000
LONGEST_LINE = 64_000_000
_CHUNK = 1 << 16
_LOOK_MS = 100

LineHandler = Callable[[str], None]


class Reader(threading.Thread):
    """Read one output to its end, line by line, and keep its tail (the last megabyte).

    A handler's failure is kept in `failure`, told to `on_failure`, and later lines are only kept, not handed over.
    A line longer than `LONGEST_LINE` is handed over in pieces.
    """

    def __init__(self, stream: IO[bytes], handler: LineHandler | None, on_failure: Callable[[], None]) -> None:
        super().__init__(daemon=True)
        self._descriptor = stream.fileno()
        self._handler = handler
        self._on_failure = on_failure
        self._tail = bytearray()
        self._line = bytearray()
        self._abandoned = threading.Event()
        self._heard = time.monotonic()
        self._busy = False
        self.failure: Exception | None = None

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
            self._keep(chunk)
            if self._handler is not None:
                self._split(chunk)
            self._busy, self._heard = False, time.monotonic()
        if self._line:
            self._hand_over(bytes(self._line))

    def quiet_seconds(self, since: float) -> float:
        """Return for how long nothing came after the monotonic moment `since`; 0 while a handler is at work."""
        return 0.0 if self._busy else time.monotonic() - max(self._heard, since)

    def abandon(self) -> None:
        """Stop reading although somebody may still write."""
        self._abandoned.set()
        if self.ident is not None:
            self.join()

    def tail(self) -> str:
        """Return the last megabyte that was said."""
        return self._tail[-TAIL_BYTES:].decode("utf-8", "replace")

    def _keep(self, chunk: bytes) -> None:
        self._tail += chunk
        if len(self._tail) > 2 * TAIL_BYTES:
            del self._tail[:-TAIL_BYTES]

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
        if self._handler is None or self.failure is not None:
            return
        try:
            self._handler(line.decode("utf-8", "replace").rstrip("\r"))
        except Exception as error:
            self.failure = error
            self._on_failure()


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
