"""Starts programs and outlives whoever asked for them, just long enough to end them and remove their directory.

    python keeper.py DIRECTORY    reads JSON objects (argv, env, log, as), a line each; answers with process ids

When standard input ends, which a killed test run cannot prevent, every process group started is killed and DIRECTORY is
removed. It belongs to no session of the run, so that what kills the run's group does not reach it.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress

_WAIT_SECONDS = 20


def main(directory: str) -> None:
    """Serve until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    started: list[subprocess.Popen[bytes]] = []
    for line in sys.stdin:
        order = json.loads(line)
        with open(order["log"], "ab") as log:  # noqa: PTH123
            started.append(
                subprocess.Popen(
                    order["argv"],
                    env=order["env"],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    **order["as"],
                )
            )
        sys.stdout.write(f"{started[-1].pid}\n")
        sys.stdout.flush()
    for process in started:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    for process in started:
        with suppress(subprocess.TimeoutExpired):
            process.wait(_WAIT_SECONDS)
    for _ in range(50):  # what was just killed may still be letting go of its files
        shutil.rmtree(directory, ignore_errors=True)
        if not os.path.exists(directory):  # noqa: PTH110
            return
        time.sleep(0.1)


if __name__ == "__main__":
    main(sys.argv[1])
