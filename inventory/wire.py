"""One connection to a host's keeper: bytes become frames, and what ssh complains about is kept."""

from __future__ import annotations

import os
import select
import time
from contextlib import suppress
from typing import Protocol

from inventory.onhost.frames import CHUNK, MAGIC, Unpacker

_NOISE = 1 << 16
_COMPLAINTS = 1 << 14
_LAST_WORDS_SECONDS = 1.0


class Link(Protocol):
    """A running ssh: where the host speaks, where it hears, where ssh complains; all descriptors do not block."""

    source: int
    sink: int
    complaints: int

    def close(self) -> int | None:
        """End it; return its exit code if it had ended by itself."""


class Connection:
    """Frames over one link. `heard` is the monotonic moment something last came; `ended` when nothing more will."""

    def __init__(self, link: Link, greeting: bytes) -> None:
        self._link = link
        self._unpacker = Unpacker()
        self._noise: bytearray | None = bytearray()
        self._complaints = bytearray()
        self._out = bytearray(greeting)
        self._complaining = True
        self.heard = time.monotonic()
        self.ended = False
        self.welcomed = False

    @property
    def backlog(self) -> int:
        """Return how many bytes wait to be sent."""
        return len(self._out)

    @property
    def began(self) -> bool:
        """Tell whether a keeper has said its first word."""
        return self._noise is None

    @property
    def complaints(self) -> str:
        """Return what ssh and the host said beside the frames."""
        return self._complaints.decode("utf-8", "replace")

    def send(self, frame: bytes) -> None:
        """Send a frame as soon as the link takes it."""
        self._out += frame

    def turn(self, seconds: float, wake: int) -> list[tuple[bytes, bytes]]:
        """Send and receive for a moment; return the frames that came.

        Raises:
            ValueError: what comes is not a keeper's.
        """
        poll = select.poll()
        for fd in (self._link.source, wake, *([self._link.complaints] if self._complaining else [])):
            poll.register(fd, select.POLLIN)
        if self._out:
            poll.register(self._link.sink, select.POLLOUT)
        frames: list[tuple[bytes, bytes]] = []
        for fd, _ in poll.poll(int(seconds * 1000)):
            if fd == self._link.source:
                frames = self._receive()
            elif fd == self._link.complaints:
                self._complain()
            elif fd == self._link.sink:
                self._write()
            else:
                os.read(fd, CHUNK)
        return frames

    def close(self) -> int | None:
        """End the link; return ssh's exit code if it had ended by itself."""
        until = time.monotonic() + _LAST_WORDS_SECONDS
        while self.ended and self._complaining and time.monotonic() < until:
            if select.select([self._link.complaints], [], [], 0.05)[0]:
                self._complain()
        return self._link.close()

    def _receive(self) -> list[tuple[bytes, bytes]]:
        try:
            data = os.read(self._link.source, CHUNK)
        except BlockingIOError:
            return []
        except OSError:
            data = b""
        self.ended = not data
        self.heard = time.monotonic()
        if self._noise is not None:
            self._noise += data
            before, magic, data = bytes(self._noise).partition(MAGIC)
            if not magic:
                if len(before) > _NOISE:
                    raise ValueError("the login says too much that is not the keeper's")
                return []
            self._noise = None
        return self._unpacker.feed(data)

    def _write(self) -> None:
        try:
            del self._out[: os.write(self._link.sink, self._out[: 4 * CHUNK])]
        except BlockingIOError:
            return
        except OSError:  # the other end is gone; its last words are still to be read
            self._out.clear()

    def _complain(self) -> None:
        said = b""
        with suppress(OSError):
            said = os.read(self._link.complaints, CHUNK)
        self._complaints += said
        del self._complaints[:-_COMPLAINTS]
        self._complaining = bool(said)
