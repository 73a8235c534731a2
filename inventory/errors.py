"""The one error root, and the exit codes every command keeps to."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import ClassVar


class ExitCode(IntEnum):
    """What a command's end means; never renumbered (documented in README)."""

    DONE = 0
    FINDINGS = 1
    USAGE = 2
    UNFINISHED = 3
    REFUSED = 4
    INTERRUPTED = 130


_WORST_FIRST = (
    ExitCode.INTERRUPTED,
    ExitCode.USAGE,
    ExitCode.REFUSED,
    ExitCode.UNFINISHED,
    ExitCode.FINDINGS,
    ExitCode.DONE,
)


def worst(codes: Iterable[ExitCode]) -> ExitCode:
    """Return the code that must be reported when several parts ended differently."""
    return min(codes, key=_WORST_FIRST.index, default=ExitCode.DONE)


class HoldfastError(Exception):
    """An expected failure an operator can act on: what is wrong, and the next step.

    `exit_code` is a class's own: 3 (could not finish) unless a subclass says otherwise.
    """

    exit_code: ClassVar[ExitCode] = ExitCode.UNFINISHED

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(HoldfastError):
    """The command or the site is not usable as written (exit 2)."""

    exit_code = ExitCode.USAGE


class RefusedError(HoldfastError):
    """A gate or a safety rule says no (exit 4)."""

    exit_code = ExitCode.REFUSED


class MissingToolError(UsageError):
    """A program Holdfast drives is absent or too old (exit 2)."""
