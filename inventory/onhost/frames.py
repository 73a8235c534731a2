"""What the two ends of a connection say to each other: frames of a kind, a length and a content."""

from __future__ import annotations

import struct
from typing import Any

VERSION = 1
MAGIC = b"\0holdfast keeper\0"  # what a login says before it is not ours

HEAD, OFFSET, OFFSETS = struct.Struct(">cI"), struct.Struct(">Q"), struct.Struct(">QQ")
LARGEST = 1 << 22
CHUNK = 1 << 17

Json = dict[str, Any]


class Kind:
    """The kinds of frames: from here to the host, then from the host to here."""

    ORDER, ACK, INPUT, INPUT_END, PING, STOP, FORGET = b"O", b"A", b"I", b"E", b"P", b"S", b"F"
    HELLO, OUT, ERR, INPUT_ACK, PONG, DONE, NO = b"h", b"o", b"e", b"i", b"p", b"d", b"n"


def pack(kind: bytes, content: bytes = b"") -> bytes:
    """Return one frame: its kind, its length, its content."""
    return HEAD.pack(kind, len(content)) + content


class Unpacker:
    """Puts frames together from pieces, however they were cut."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, data: bytes) -> list[tuple[bytes, bytes]]:
        """Return the frames that are whole now.

        Raises:
            ValueError: one claims to be larger than any of ours.
        """
        self._rest += data
        found, at = [], 0
        while len(self._rest) - at >= HEAD.size:
            kind, size = HEAD.unpack_from(self._rest, at)
            if size > LARGEST:
                raise ValueError("a frame is too large")
            end = at + HEAD.size + size
            if len(self._rest) < end:
                break
            found.append((kind, bytes(self._rest[at + HEAD.size : end])))
            at = end
        del self._rest[:at]
        return found
