"""Run the command as a person does: at a real terminal, answering its questions."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

SECONDS = 60.0
_HOLDFAST = [sys.executable, "-m", "cli.app"]


@dataclass(frozen=True)
class Ended:
    """How a conversation ended; `said` is all that stood on the terminal, the answers echoed included."""

    code: int
    said: str


def talk(arguments: Sequence[str], answers: Sequence[tuple[str, str]], cwd: Path, **environment: str) -> Ended:
    """Run holdfast at a terminal; each time the text of the next pair has been said, type its answer and Enter."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [*_HOLDFAST, *arguments],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        cwd=cwd,
        env={**_own(), **environment},
        start_new_session=True,
    )
    os.close(follower)
    said, looked = "", 0
    waiting = list(answers)
    ends = time.monotonic() + SECONDS
    try:
        while time.monotonic() < ends:
            if not select.select([leader], [], [], 0.2)[0]:
                if process.poll() is not None:
                    break
                continue
            try:
                read = os.read(leader, 65536)
            except OSError:  # Linux: everybody on the other side has gone
                break
            if not read:
                break
            said += read.decode(errors="replace").replace("\r\n", "\n")
            if waiting and (at := said.find(waiting[0][0], looked)) >= 0:
                looked = at + len(waiting[0][0])
                os.write(leader, waiting.pop(0)[1].encode() + b"\n")
        code = process.wait(timeout=10)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        os.close(leader)
    assert not waiting, f"never asked: {waiting[0][0]!r}; said:\n{said}"
    return Ended(code, said)


def _own() -> Mapping[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("HOLDFAST_")} | {
        "PYTHONPATH": str(Path(__file__).parent.parent.parent),
        "TERM": "dumb",
        "COLUMNS": "200",
    }
