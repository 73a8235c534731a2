"""End every process of a run, also those that left its process group or lost its environment."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

MARK = "HOLDFAST_ANSIBLE_RUN"
"""The environment variable that carries a run's mark."""


def end_marked(mark: str, grace: float = 2.0) -> int:
    """End every process of a run and return how many there were.

    Workers and ssh leave the process group, and sudo drops the environment; so a process belongs to the run if it
    carries the mark or descends from one that does. All are asked first and killed after `grace` seconds; this
    process itself is spared.
    """
    known: set[_Process] = set()
    deadline = time.monotonic() + grace
    asked: set[_Process] = set()
    while left := _of_run(mark, known):
        late = time.monotonic() > deadline
        for process in left if late else left - asked:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(process.number, signal.SIGKILL if late else signal.SIGTERM)
        asked |= left
        if time.monotonic() > deadline + grace:
            break  # what is left belongs to another user
        time.sleep(0.02)
    return len(known)


class _Process(NamedTuple):
    """A process by number and start time: the kernel uses numbers again."""

    number: int
    started: int


def _of_run(mark: str, known: set[_Process]) -> set[_Process]:
    """Return the living processes of a run; `known` gathers all that were ever seen."""
    wanted = f"{MARK}={mark}".encode()
    alive: set[_Process] = set()
    parents: dict[_Process, int] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        with suppress(OSError):  # it has ended meanwhile, or belongs to another user
            fields = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
            process = _Process(int(entry.name), int(fields[19]))
            if fields[0] in "ZX":
                continue
            alive.add(process)
            parents[process] = int(fields[1])
            if process not in known and wanted in (entry / "environ").read_bytes().split(b"\0"):
                known.add(process)
    numbers = {process.number for process in known & alive}
    while grown := {process for process in alive - known if parents[process] in numbers}:
        known |= grown
        numbers |= {process.number for process in grown}
    return known & alive
