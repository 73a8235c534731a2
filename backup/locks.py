"""Whose lock is it? Proof that a lock's owner is dead; restic's own `unlock` guesses, so it is never used.

Holdfast takes turns at a repository through a file of its own and writes down where it works (machine start,
process namespace). A lock is removed only when it was made during such a turn that broke off, on this machine,
and its process is gone for certain.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from backup.errors import RepositoryLockedError
from backup.messages import Lock
from inventory import clock as clocks

_CLOCK_SLACK = timedelta(seconds=2)


@dataclass(frozen=True)
class Turn:
    """Where and since when (UTC) a turn at a repository was taken."""

    host: str
    boot: str
    namespace: str
    since: str


@dataclass(frozen=True)
class Proof:
    """Whether a lock's owner is dead for certain, and why (or why not)."""

    dead: bool
    reason: str


def judge(lock: Lock, broken: Turn | None, here: Turn, started: Callable[[int], datetime | None]) -> Proof:
    """Decide whether the owner of a lock is dead.

    `broken` is the turn that broke off (None: none did), `here` the present one; `started` tells when a process
    of this machine began (None: there is no such process).
    """
    if lock.host != here.host:
        return Proof(False, f"it was made on {lock.host}, and this is {here.host}")
    if broken is None:
        return Proof(False, "no run of this installation broke off here")
    made = _moment(lock.time)
    if made + _CLOCK_SLACK < _moment(broken.since):
        return Proof(False, "it is older than the run that broke off")
    if broken.boot != here.boot:
        return Proof(True, "the machine was started anew since")
    if broken.namespace != here.namespace:
        return Proof(False, "the run that broke off was in another container")
    return _judge_process(lock, made, started(lock.pid))


def _judge_process(lock: Lock, made: datetime, began: datetime | None) -> Proof:
    if began is None:
        return Proof(True, f"its process {lock.pid} is gone")
    if began > made + _CLOCK_SLACK:
        return Proof(True, f"its process is gone; {lock.pid} is another one now")
    return Proof(False, f"process {lock.pid} of {lock.user} still runs")


def _moment(text: str) -> datetime:
    """Read a time; one that cannot be read counts as the beginning of time, which proves nothing."""
    with suppress(ValueError):
        return clocks.from_text(text)
    return datetime.fromtimestamp(0, UTC)


@contextmanager
def turn(folder: Path, name: str, now: datetime) -> Iterator[tuple[Turn | None, Turn]]:
    """Take a turn at a repository; yields (the turn that broke off before, this one).

    Raises:
        RepositoryLockedError: another Holdfast works on it.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = os.open(folder / f"{name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RepositoryLockedError(
                f"another holdfast command works on {name}", hint="wait for it to end, then run the command again"
            ) from error
        note = folder / f"{name}.turn"
        broken, here = _read(note), _here(now)
        note.write_text(json.dumps(asdict(_earliest(broken, here))))
        yield broken, here
        note.unlink(missing_ok=True)
    finally:
        os.close(file)


def process_started(pid: int) -> datetime | None:
    """Return when a process began (a process of a container counts under its number there too), or None."""
    began = [_began(found) for found in _bearers(pid)]
    return min((moment for moment in began if moment is not None), default=None)


def _earliest(broken: Turn | None, here: Turn) -> Turn:
    """Keep the start of what broke off first, until a turn ends well."""
    if broken is None or (broken.boot, broken.namespace) != (here.boot, here.namespace):
        return here
    return broken


def _here(now: datetime) -> Turn:
    return Turn(
        host=socket.gethostname(),
        boot=Path("/proc/sys/kernel/random/boot_id").read_text().strip(),
        namespace=str(Path("/proc/self/ns/pid").readlink()),
        since=clocks.to_text(now),
    )


def _read(note: Path) -> Turn | None:
    try:
        content: Mapping[str, Any] = json.loads(note.read_text())
        return Turn(**content)
    except (OSError, ValueError, TypeError):
        return None


def _bearers(pid: int) -> Iterator[Path]:
    """Yield processes that bear this number, here or in a container below."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with suppress(OSError):
            for line in (entry / "status").read_text().splitlines():
                if line.startswith("State:") and line.split()[1] in "ZX":
                    break
                if line.startswith("NSpid:") and str(pid) in line.split()[1:]:
                    yield entry


def _began(process: Path) -> datetime | None:
    try:
        ticks = int((process / "stat").read_text().rpartition(")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return None
    booted = _booted()
    return booted + timedelta(seconds=ticks / os.sysconf("SC_CLK_TCK"))


def _booted() -> datetime:
    for line in Path("/proc/stat").read_text().splitlines():
        if line.startswith("btime "):
            return datetime.fromtimestamp(int(line.split()[1]), UTC)
    return datetime.fromtimestamp(0, UTC) + timedelta(seconds=time.clock_gettime(time.CLOCK_REALTIME))
