"""Keeps one program running on a host while the connections to it come and go.

A newer attachment replaces an older one. After the end the result lies on the disk until it is acknowledged.
"""

from __future__ import annotations

import json
import os
import select
import socket
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from inventory.onhost.frames import CHUNK, OFFSET, OFFSETS, VERSION, Json, Kind, Unpacker, pack
from inventory.onhost.program import Program
from inventory.onhost.runs import boot, forget, keep


class Link:
    """One attachment: a connection's two ends, and the control socket of the login that brought them."""

    def __init__(self, control: socket.socket | None, source: int, sink: int) -> None:
        self.control, self.source, self.sink = control, source, sink
        self.unpacker, self.out, self.told = Unpacker(), bytearray(), False
        os.set_blocking(source, False)
        os.set_blocking(sink, False)

    def close(self) -> None:
        """Drop the connection; the login ends."""
        os.close(self.source)
        os.close(self.sink)
        if self.control is not None:
            self.control.close()


class Keeper:
    """Watches over a program and hands what it says to whoever is attached.

    Without a listener it serves a result from the disk, to one connection.
    """

    def __init__(self, program: Program, order: Json, listener: socket.socket | None = None, wake: int = -1) -> None:
        self.program, self.listener, self.wake = program, listener, wake
        self.link: Link | None = None
        self.order, self.over, self.kept, self.input_told = order, False, listener is None, -1
        self.heard = time.monotonic()
        self.expires = self.heard + float(order["linger"])

    def loop(self) -> None:
        """Watch until the program is over and nobody needs us any more."""
        while not self.over:
            poll, actions = select.poll(), {}
            for fd, mask, action in self._watched():
                poll.register(fd, mask)
                actions[fd] = action
            for fd, _ in poll.poll(20 if self.program.ending else 200):
                actions[fd]()
            self._tick(time.monotonic())
        if self.link is not None:
            self.link.close()

    def attach(self, link: Link, order: Json) -> None:
        """Serve this connection from now on; one that is older than the present one is dropped."""
        last = self.order
        if self.listener is not None and order["client"] == last["client"] and order["attempt"] < last["attempt"]:
            link.close()
            return
        self._part()
        self.link, self.order = link, {**last, **order}
        self._note_heard()
        acked = [stream.acked for stream in self.program.outputs]
        for stream, offset in zip(self.program.outputs, order["offsets"]):
            stream.rewind(offset)
        sent = [stream.sent for stream in self.program.outputs]
        hello = {"version": VERSION, "boot": boot(), "input": self.program.input.got, "acked": acked, "sent": sent}
        link.out += pack(Kind.HELLO, json.dumps(hello).encode())
        self.input_told = -1

    def _watched(self) -> Iterator[tuple[int, int, Callable[[], Any]]]:
        program = self.program
        if self.listener is not None:
            yield self.listener.fileno(), select.POLLIN, self._welcome
            yield self.wake, select.POLLIN, lambda: os.read(self.wake, CHUNK)
        for stream in program.outputs:
            if stream.fd >= 0 and stream.has_room:
                yield stream.fd, select.POLLIN, stream.read
        if program.input.fd >= 0 and program.input.waiting:
            yield program.input.fd, select.POLLOUT, program.input.write
        if self.link is not None:
            yield self.link.source, select.POLLIN, self._hear
            if self.link.control is not None:
                yield self.link.control.fileno(), select.POLLIN, self._part
            if self._has_words(self.link):
                yield self.link.sink, select.POLLOUT, self._say

    def _welcome(self) -> None:
        assert self.listener is not None
        control, _ = self.listener.accept()
        control.settimeout(2.0)
        with suppress(OSError, ValueError, KeyError):
            content, (source, sink), _, _ = socket.recv_fds(control, CHUNK, 2)
            self.attach(Link(control, source, sink), json.loads(content))

    def _hear(self) -> None:
        if self.link is None:
            return
        try:
            data = os.read(self.link.source, CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        try:
            for kind, content in self.link.unpacker.feed(data):
                self._obey(kind, content)
        except (ValueError, OSError) as error:
            traceback.print_exception(error)
            data = b""
        if not data:
            self._part()
        else:
            self._note_heard()

    def _obey(self, kind: bytes, content: bytes) -> None:
        program = self.program
        if kind == Kind.ACK and len(content) == OFFSETS.size:
            for stream, offset in zip(program.outputs, OFFSETS.unpack(content)):
                stream.acknowledge(offset)
        elif kind == Kind.INPUT and len(content) >= OFFSET.size:
            program.input.take(OFFSET.unpack_from(content)[0], content[OFFSET.size :])
            program.input.write()
        elif kind == Kind.INPUT_END and len(content) == OFFSET.size:
            program.input.ends_at = OFFSET.unpack(content)[0]
            program.input.write()
        elif kind == Kind.PING and self.link is not None:
            self.link.out += pack(Kind.PONG)
        elif kind == Kind.STOP:
            program.end("stopped")
        elif kind == Kind.FORGET and program.result is not None:
            forget()
            self.over = True

    def _note_heard(self) -> None:
        self.heard = time.monotonic()
        self.expires = self.heard + float(self.order["patience"])

    def _part(self) -> None:
        """Let the connection go.

        One that was heard until now was closed by its owner's end: the program follows soon. One that had fallen
        silent before was lost: its owner will be back.
        """
        if self.link is None:
            return
        self.link.close()
        self.link = None
        now = time.monotonic()
        if now - self.heard < float(self.order["fresh"]):
            self.expires = now + float(self.order["linger"])

    def _has_words(self, link: Link) -> bool:
        """Tell whether there is something to say; the next piece is made ready."""
        program = self.program
        if not link.out:
            if program.input.written != self.input_told:
                self.input_told = program.input.written
                link.out += pack(Kind.INPUT_ACK, OFFSET.pack(self.input_told))
            for stream in program.outputs:
                link.out += stream.next_frame()
            said = all(stream.sent == stream.end for stream in program.outputs)
            if program.result is not None and said and not link.told:
                link.told = True
                link.out += pack(Kind.DONE, json.dumps(program.result).encode())
        return bool(link.out)

    def _say(self) -> None:
        while self.link is not None and self._has_words(self.link):
            try:
                del self.link.out[: os.write(self.link.sink, self.link.out)]
            except BlockingIOError:
                return
            except OSError:
                self._part()

    def _tick(self, now: float) -> None:
        program = self.program
        if program.result is None:
            if now >= self.expires:
                program.end("abandoned")
            program.look_after(now)
        if program.result is not None and self.listener is not None and not self.kept:
            self.kept = keep(program)
        if program.result is not None and self.link is None:
            self.over = self.kept or now >= self.expires
