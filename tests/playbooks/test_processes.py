"""Ending what left its process group."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import uuid
from pathlib import Path

from playbooks import processes

STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('on', flush=True); time.sleep(600)"
)
PARENT = f"""
import os, subprocess, sys, time
subprocess.Popen([sys.executable, "-c", {STUBBORN!r}], env={{}}, start_new_session=True)
time.sleep(600)
"""


def start(mark: str, program: str) -> subprocess.Popen[bytes]:
    env = {**os.environ, processes.MARK: mark}
    return subprocess.Popen([sys.executable, "-c", program], env=env, stdout=subprocess.PIPE, start_new_session=True)


def children(parent: int) -> list[int]:
    return [int(number) for number in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]


def test_a_process_that_ignores_the_request_is_killed_with_one_that_lost_mark_and_group() -> None:
    mark = uuid.uuid4().hex
    with start(mark, PARENT) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"on\n"
        (child,) = children(process.pid)
        started = time.monotonic()
        assert processes.end_marked(mark, grace=0.3) == 2
        assert time.monotonic() - started < 2
        assert process.wait(1) < 0
    assert not Path(f"/proc/{child}").exists() or "Z" in Path(f"/proc/{child}/stat").read_text()


def test_other_runs_and_this_process_are_spared() -> None:
    other = uuid.uuid4().hex
    with start(other, STUBBORN) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert processes.end_marked(uuid.uuid4().hex) == 0
        assert process.poll() is None
        assert processes.end_marked(other, grace=0.1) == 1
