"""What the doctor looks at: a site, its state and ledger, and the machine they are on."""

from __future__ import annotations

import ctypes
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from backup.depot import Depot
from inventory.clock import Clock
from inventory.errors import HoldfastError
from inventory.site import Site
from ledger import lost
from ledger.ledger import LEDGER_FILE, Ledger
from ledger.lost import LostLedgerError

_UNSYNCHRONISED = 5
"""What ntp_adjtime answers (TIME_ERROR) while no time server keeps the clock."""


@dataclass(frozen=True)
class Room:
    """Free and whole bytes and inodes of a file system (inodes 0: it does not count them)."""

    free: int
    whole: int
    free_inodes: int
    inodes: int

    @property
    def share(self) -> float:
        """Return the smaller share that is free, 0..1: of bytes or of inodes."""
        inodes = self.free_inodes / self.inodes if self.inodes else 1.0
        return min(self.free / self.whole if self.whole else 0.0, inodes)


def room(path: Path) -> Room:
    """Measure the file system a path lies on.

    Raises:
        OSError: it is not there.
    """
    usage, counted = shutil.disk_usage(path), os.statvfs(path)
    return Room(usage.free, usage.total, counted.f_favail, counted.f_files)


def synchronised() -> bool | None:
    """Tell whether a time server keeps this machine's clock, as the kernel knows it (None: it does not say)."""
    try:
        ask = ctypes.CDLL(None).ntp_adjtime
        buffer = ctypes.create_string_buffer(512)  # struct timex; all zero asks and sets nothing
        answer: int = ask(buffer)
    except (OSError, AttributeError):
        return None
    return None if answer < 0 else answer != _UNSYNCHRONISED


@dataclass(frozen=True)
class Machine:
    """How this machine is asked about itself."""

    synchronised: Callable[[], bool | None] = synchronised
    room: Callable[[Path], Room] = room


@dataclass(frozen=True)
class Patient:
    """Everything a check may look at; `login` is who asks."""

    site: Site
    state: Path
    clock: Clock
    login: str
    environment: Mapping[str, str]
    opened: Ledger | HoldfastError
    machine: Machine = field(default_factory=Machine)

    @property
    def ledger(self) -> Ledger:
        """Return the ledger.

        Raises:
            HoldfastError: there is none, or it cannot be opened.
        """
        if isinstance(self.opened, HoldfastError):
            raise self.opened
        return self.opened

    @property
    def depot(self) -> Depot:
        """Return the stores; as new, for each check works in a thread of its own.

        Raises:
            HoldfastError: there is no ledger.
        """
        return Depot(self.site, self.state, self.ledger)


def open_ledger(site: Site, state: Path, opening: Callable[[], Ledger]) -> Ledger | HoldfastError:
    """Open a ledger that is there, by `opening`; one that is not is not begun by looking."""
    if site.settings.ledger is None and not (state / LEDGER_FILE).exists():
        if lost.known(state):
            return LostLedgerError(state)
        return HoldfastError(f"there is no ledger in {state} yet", hint="holdfast backup run --all")
    try:
        return opening()
    except HoldfastError as error:
        return error
