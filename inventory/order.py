"""What is asked of a host: which run, how the host is reached, and the order that every connection brings."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from inventory.command import Command
from inventory.errors import HoldfastError
from inventory.onhost.frames import VERSION
from inventory.ssh import Ssh
from inventory.wire import Link

_GRACE_SECONDS = 2.0


@dataclass(frozen=True)
class Way:
    """How a host is reached: `dial` starts one ssh, `preface` is what it sends first.

    `explain` turns the end of an ssh that brought no run into an error (from its exit code, what was complained, and
    whether the keeper had said its first word), and tells whether the order certainly did not arrive.
    """

    host: str
    ssh: Ssh
    dial: Callable[[], Link]
    preface: bytes
    explain: Callable[[int | None, str, bool], tuple[HoldfastError, bool]]


@dataclass(frozen=True)
class Run:
    """Which run: its name on the host, whether its result stays there until `forget`, whether it may begin."""

    name: str
    stays: bool = False
    may_begin: bool = True


def new_name() -> str:
    """Return a run's name that nothing else has."""
    return secrets.token_hex(16)


def attach(run: Run, ssh: Ssh, client: str, attempt: int, offsets: Sequence[int]) -> dict[str, Any]:
    """Return the order to follow a run: from which byte of each output on, and how long it may be alone."""
    return {
        "version": VERSION,
        "id": run.name,
        "client": client,
        "attempt": attempt,
        "offsets": list(offsets),
        "linger": ssh.linger,
        "patience": ssh.patience,
        "fresh": ssh.silence / 2,
    }


def begin(command: Command) -> dict[str, Any]:
    """Return what an order says besides, if the run is to begin with it."""
    return {
        "argv": list(command.argv),
        "env": dict(command.env),
        "cwd": None if command.cwd is None else str(command.cwd),
        "limit": command.limit,
        "grace": _GRACE_SECONDS,
        "input": command.stdin is not None,
        "secrets": {name: base64.b64encode(value).decode() for name, value in command.secrets.items()},
    }


def write(order: dict[str, Any]) -> bytes:
    """Return an order as a frame's content."""
    return json.dumps(order).encode()
