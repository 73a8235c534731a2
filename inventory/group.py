"""The processes a program started, as one group: ended together."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

GRACE_SECONDS = 5.0


def end_group(leader: int, grace: float | None = None) -> None:
    """End a process group: terminate, wait up to `grace` seconds (5), then kill; at once if we are interrupted."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGTERM)
        deadline = time.monotonic() + (GRACE_SECONDS if grace is None else grace)
        try:
            while time.monotonic() < deadline:
                if _is_gone(leader):
                    return
                time.sleep(0.02)
        finally:
            os.killpg(leader, signal.SIGKILL)


def _is_gone(leader: int) -> bool:
    try:
        os.killpg(leader, 0)
    except ProcessLookupError:
        return True
    return _only_zombies(leader)


def _only_zombies(group: int) -> bool:
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with suppress(OSError, ValueError, IndexError):
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            if int(fields[2]) == group and fields[0] not in "ZX":
                return False
    return True
