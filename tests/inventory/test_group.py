from __future__ import annotations

import os
import signal
import subprocess
import time

from inventory.group import end_group
from inventory.onhost.program import members


def test_a_group_is_ended_with_its_children() -> None:
    with subprocess.Popen(["sh", "-c", "sleep 300 & wait"], start_new_session=True) as leader:
        end_group(leader.pid)
        assert leader.wait(5) == -signal.SIGTERM
    assert members(leader.pid) == []


def test_who_ignores_the_polite_end_is_killed_after_the_grace() -> None:
    script = "trap '' TERM; echo up; while :; do sleep 0.1; done"
    with subprocess.Popen(["sh", "-c", script], start_new_session=True, stdout=subprocess.PIPE) as leader:
        assert leader.stdout is not None
        assert leader.stdout.readline() == b"up\n"
        started = time.monotonic()
        end_group(leader.pid, 0.3)
        assert leader.wait(5) == -signal.SIGKILL
    assert time.monotonic() - started >= 0.3


def test_a_group_that_is_gone_is_no_error() -> None:
    with subprocess.Popen(["true"], start_new_session=True) as leader:
        leader.wait(5)
    end_group(leader.pid)
    assert os.getpgrp() != leader.pid
