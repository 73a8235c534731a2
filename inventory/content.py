"""Files that people keep: only regular ones of a bearable size are read, so that none can make a command wait."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from inventory import size

LARGEST = 16_000_000
"""Bytes a file of a site may have: ten times what one file needs for five hundred systems with twenty hosts each."""


class UnfitFileError(OSError):
    """No regular file, or larger than allowed; `hint` says what to do about it."""

    def __init__(self, reason: str, hint: str) -> None:
        super().__init__(errno.EINVAL, reason)
        self.hint = hint


def read(file: Path, largest: int = LARGEST) -> bytes:
    """Return what is in a regular file of at most `largest` bytes. A pipe is not even waited for.

    Raises:
        UnfitFileError: it is no regular file, or larger.
        OSError: it cannot be read.
    """
    descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise _unfit(status.st_mode)
        with os.fdopen(descriptor, "rb", closefd=False) as stream:
            content = stream.read(largest + 1)
    finally:
        os.close(descriptor)
    if len(content) > largest:
        reason = f"it is {size.show(max(status.st_size, len(content)))}, and at most {size.show(largest)} are read"
        raise UnfitFileError(reason, "split it, or move it out of the way")
    return content


def _unfit(mode: int) -> UnfitFileError:
    kinds = ((stat.S_ISDIR, "a directory"), (stat.S_ISFIFO, "a named pipe"))
    kind = next((name for is_one, name in kinds if is_one(mode)), "a device")
    return UnfitFileError(f"it is no regular file but {kind}", "put a regular file in its place")
