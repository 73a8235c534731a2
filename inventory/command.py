"""One program to run, here or on a host, and how it ended."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from inventory.errors import HoldfastError

LARGEST_SECRET = 1 << 16
_KEPT_ENVIRONMENT = (
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "TMPDIR",
    "TZ",
    "XDG_RUNTIME_DIR",
    "PGHOST",
    "PGPORT",
    "HOLDFAST_DEMO_RUN",
)


class UnreachableError(HoldfastError):
    """A host could not be reached (exit 3)."""


class TimeLimitError(HoldfastError):
    """A program ran past its time limit and was ended with all its children."""


@dataclass(frozen=True)
class Command:
    """One program to run.

    `env` is added to a minimal environment (nothing else of ours is inherited); `secrets` are bytes by name, each
    smaller than 64 KiB: `{secret:NAME}` in `argv` or `env` becomes a file name the program reads it from, once;
    `limit` is in seconds. `cwd` is the present directory here, `/` on another host, if not given. `as_root`: on a
    host whose login is not root's, through the keeper that `holdfast inventory host prepare` installs.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path | None = None
    secrets: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    stdin: bytes | None = field(default=None, repr=False)
    limit: float | None = None
    as_root: bool = False

    @property
    def title(self) -> str:
        """Return what to call it."""
        return self.argv[0] if self.argv else "the run"


@dataclass(frozen=True)
class Outcome:
    """How a program ended: exit code (negative: the signal), and the last megabyte of each output."""

    exit_code: int
    stdout: str
    stderr: str
    seconds: float


def base_environment() -> dict[str, str]:
    """Return the few variables every child may see."""
    kept = {name: os.environ[name] for name in _KEPT_ENVIRONMENT if name in os.environ}
    return kept | {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}


def missing(program: str, place: str = "") -> HoldfastError:
    """Return the error that says a program is not there; `place` is ` on HOST` or nothing."""
    return HoldfastError(f"{program} is not installed{place} or may not be run", hint=f"install {program}{place}")


def past_limit(command: Command, place: str = "") -> TimeLimitError:
    """Return the error that says a program was ended at its time limit."""
    return TimeLimitError(
        f"{command.argv[0]} ran longer than {command.limit:g} seconds{place} and was ended",
        hint="look at the disk and the network it used, then run the command again",
    )
