"""A program file before it is put on a host: for which machines it is, and what it needs there. Reads ELF (gABI)."""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from inventory.errors import RefusedError, UsageError

_MACHINES = {62: "x86_64", 183: "aarch64", 243: "riscv64", 21: "ppc64le", 22: "s390x"}
_LOAD, _DYNAMIC, _INTERPRETER = 1, 2, 3
_HEADER_BYTES, _SEGMENT_BYTES = 64, 56
_NEEDED, _STRING_TABLE, _VERSIONS = 1, 5, 0x6FFFFFFE
_LIBC = re.compile(r"(libc|libm|libdl|librt|libresolv|libpthread)\.so\.\d+|ld-linux.*|ld64\.so\.\d+")
_GLIBC = re.compile(rb"GLIBC_(\d+)\.(\d+)(?:\.\d+)?$")


@dataclass(frozen=True)
class Program:
    """A program: `machine` as `uname -m` says it, `libraries` it is linked to (none: static), and the oldest GNU C
    library it runs with (`2.34`; empty for a static one)."""

    path: Path
    sha256: str
    machine: str
    libraries: tuple[str, ...]
    glibc: str


@dataclass(frozen=True)
class _Segment:
    kind: int
    offset: int
    address: int
    size: int


def describe(path: Path) -> Program:
    """Read what a program is.

    Raises:
        UsageError: it cannot be read, or is no program for a 64-bit little-endian Linux.
        RefusedError: it needs more than the C library, which a host may not have.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read: {error.strerror}", hint="set HOLDFAST_RESTIC to restic's path"
        ) from error
    try:
        machine, libraries, glibc = _read(data)
    except (struct.error, ValueError, IndexError) as error:
        raise UsageError(
            f"{path} is no program for a 64-bit Linux host: {error}", hint="set HOLDFAST_RESTIC to restic's path"
        ) from error
    if strange := [name for name in libraries if not _LIBC.fullmatch(name)]:
        raise RefusedError(
            f"{path} needs {', '.join(strange)}, which hosts may not have",
            hint="name a static restic with HOLDFAST_RESTIC; Debian's own needs the C library only",
        )
    return Program(path, hashlib.sha256(data).hexdigest(), machine, libraries, glibc)


def _read(data: bytes) -> tuple[str, tuple[str, ...], str]:
    if data[:6] != b"\x7fELF\x02\x01":
        raise ValueError("it is no 64-bit little-endian ELF file")
    (number,) = struct.unpack_from("<H", data, 18)
    if number not in _MACHINES:
        raise ValueError(f"its machine {number} is not known")
    segments = list(_segments(data))
    if not any(part.kind == _LOAD for part in segments):
        raise ValueError("nothing of it would be loaded")
    entries = [entry for part in segments if part.kind == _DYNAMIC for entry in _dynamic(data, part)]
    if not entries:
        if any(part.kind == _INTERPRETER for part in segments):
            raise ValueError("it has a loader and no list of libraries")
        return _MACHINES[number], (), ""
    found = dict(entries)
    strings = _offset(found[_STRING_TABLE], segments) if _STRING_TABLE in found else 0
    libraries = tuple(_text(data, strings + value).decode() for tag, value in entries if tag == _NEEDED)
    versions = _versions(data, _offset(found[_VERSIONS], segments), strings) if _VERSIONS in found else iter(())
    known = [(int(match[1]), int(match[2])) for name in versions if (match := _GLIBC.match(name))]
    return _MACHINES[number], libraries, "{}.{}".format(*max(known)) if libraries and known else ""


def _segments(data: bytes) -> Iterator[_Segment]:
    (start,), (size, count) = struct.unpack_from("<Q", data, 32), struct.unpack_from("<HH", data, 54)
    if start < _HEADER_BYTES or size != _SEGMENT_BYTES:
        raise ValueError("its header is damaged")
    for index in range(count):
        kind, _, offset, address, _, length = struct.unpack_from("<IIQQQQ", data, start + index * size)
        yield _Segment(kind, offset, address, length)


def _dynamic(data: bytes, part: _Segment) -> Iterator[tuple[int, int]]:
    for at in range(part.offset, part.offset + part.size, 16):
        tag, value = struct.unpack_from("<QQ", data, at)
        if tag == 0:
            return
        yield tag, value


def _versions(data: bytes, at: int, strings: int) -> Iterator[bytes]:
    """Yield the versions a program needs of its libraries (Elf64_Verneed, Elf64_Vernaux)."""
    while True:
        _, count, _, first, following = struct.unpack_from("<HHIII", data, at)
        part = at + first
        for _ in range(count):
            _, _, _, name, after = struct.unpack_from("<IHHII", data, part)
            yield _text(data, strings + name)
            part += after
        if following == 0:
            return
        at += following


def _offset(address: int, segments: list[_Segment]) -> int:
    for part in segments:
        if part.kind == _LOAD and part.address <= address < part.address + part.size:
            return part.offset + address - part.address
    raise ValueError("it points outside itself")


def _text(data: bytes, at: int) -> bytes:
    return data[at : data.index(b"\0", at)]
