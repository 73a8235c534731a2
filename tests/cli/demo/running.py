"""Start the real demo as a process of its own, and look at what it leaves."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests import tools

LIMIT_SECONDS = 400


def environment() -> dict[str, str]:
    return {**os.environ, "HOLDFAST_RESTIC": str(tools.require("restic")), "COLUMNS": "150"}


def run_demo(home: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run `holdfast demo` to its end."""
    argv = [sys.executable, "-m", "cli.app", "demo", "--dir", str(home), *options]
    return subprocess.run(argv, env=environment(), capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False)


@contextmanager
def begun(home: Path, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """Start `holdfast demo` and let the test interrupt it; its output goes to a file beside `home`."""
    argv = [sys.executable, "-m", "cli.app", "demo", "--dir", str(home), *options]
    with (home.parent / "output.txt").open("wb") as output:
        process = subprocess.Popen(
            argv, env=environment(), stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def said(home: Path) -> str:
    return (home.parent / "output.txt").read_text(errors="replace")


def wait_for(words: str, home: Path, process: subprocess.Popen[bytes], limit: float = 120) -> None:
    """Wait until the demo has said something."""
    deadline = time.monotonic() + limit
    while words not in said(home):
        assert process.poll() is None, said(home)
        assert time.monotonic() < deadline, said(home)
        time.sleep(0.05)


def left_running(home: Path) -> list[str]:
    """Return the command lines of processes that carry the demo's mark."""
    mark = f"HOLDFAST_DEMO_RUN={home.resolve()}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if mark in (entry / "environ").read_bytes().split(b"\0"):
                    found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
            except OSError:
                continue
    return found


def gone_within(home: Path, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while left_running(home):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True
