"""Who owns a lease, in words that can be checked later: is that process still alive?"""

from __future__ import annotations

import os
import socket
import uuid
from dataclasses import dataclass
from pathlib import Path

_SINCE = "@"
_MANAGERS = frozenset({"systemd", "init"})


@dataclass(frozen=True)
class Owner:
    """One process, and which part of it: host name, boot, pid namespace, pid, start in clock ticks since boot.

    `namespace` also says when the system manager that is its process 1 started, if it is one: inside a container that
    changes with every start, where the boot id may not.
    """

    host: str
    boot: str
    namespace: str
    pid: int
    started: str
    part: str

    def __str__(self) -> str:
        return "|".join((self.host, self.boot, self.namespace, str(self.pid), self.started, self.part))


@dataclass(frozen=True)
class Lease:
    """Ownership of a named thing; `epoch` grows with every new owner and fences off old ones."""

    name: str
    holder: str
    epoch: int


def this_process() -> Owner:
    """Describe the process that asks; every call is another part of it, so two ledgers in one process are two."""
    pid = os.getpid()
    return Owner(socket.gethostname(), _boot(), _namespace(), pid, _started(pid) or "", uuid.uuid4().hex[:8])


def parse(text: str) -> Owner | None:
    """Read what `str(owner)` wrote, or None."""
    parts = text.split("|")
    if len(parts) != 6 or not parts[3].isdigit():
        return None
    return Owner(parts[0], parts[1], parts[2], int(parts[3]), parts[4], parts[5])


def words(text: str) -> str:
    """Say who an owner is to somebody who may have to find and end that process."""
    owner = parse(text)
    return text if owner is None else f"process {owner.pid} on {owner.host}"


def is_dead(text: str) -> bool:
    """Tell whether an owner is provably dead; anything that cannot be proved is alive.

    Proof is, on the same host: in the same pid namespace the pid is gone or belongs to a process that started at
    another moment; or it was booted again since (another boot id, or another start of its system manager).
    """
    owner = parse(text)
    here = this_process()
    if owner is None or owner.host != here.host or not all((owner.boot, owner.namespace, here.boot, here.namespace)):
        return False
    if owner.namespace == here.namespace:  # boot ids prove nothing here: a hardened unit may be shown another one
        return _started(owner.pid) != owner.started
    before, now = owner.namespace.partition(_SINCE)[2], here.namespace.partition(_SINCE)[2]
    return owner.boot != here.boot or bool(before and now and before != now)


def _boot() -> str:
    return _text(Path("/proc/sys/kernel/random/boot_id"))


def _namespace() -> str:
    try:
        namespace = str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return ""
    manager = _text(Path("/proc/1/comm")) in _MANAGERS
    return f"{namespace}{_SINCE}{_started(1) or ''}" if manager else namespace


def _started(pid: int) -> str | None:
    fields = _text(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()
    return fields[19] if len(fields) > 19 and fields[0] not in "ZX" else None


def _text(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
