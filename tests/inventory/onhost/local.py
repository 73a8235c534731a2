"""The keeper without SSH: what a login would start, started here, with a home of its own."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from inventory import onhost, order, reach, remote
from inventory.command import Command, Outcome
from inventory.errors import HoldfastError
from inventory.pipes import BytesHandler, Ear, LineHandler
from inventory.ssh import Ssh
from inventory.wire import Link

HERE = "here"


class Logins:
    """Starts logins; `links` are all that were made."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.links: list[Link] = []

    def dial(self) -> Link:
        argv = ("env", f"HOME={self.home}", "/usr/bin/python3", "-IS", "-c", onhost.BOOTSTRAP)
        self.links.append(reach._SshLink(argv))
        return self.links[-1]

    def run(
        self,
        command: Command,
        *,
        name: str | None = None,
        may_begin: bool = True,
        on_stdout: LineHandler | None = None,
        on_stderr: LineHandler | None = None,
        on_bytes: BytesHandler | None = None,
        dial: Callable[[], Link] | None = None,
        **manners: float,
    ) -> Outcome:
        """Run a command through a keeper, impatiently."""
        ssh = Ssh(Path("/dev/null"), **({"silence": 2.0, "patience": 10.0, "linger": 0.5} | manners))
        way = order.Way(HERE, ssh, dial or self.dial, onhost.line(), explain)
        run = order.Run(name or order.new_name(), stays=name is not None, may_begin=may_begin)
        ears = (Ear(on_stdout, _nothing, on_bytes), Ear(on_stderr, _nothing))
        return remote.Session(way, run, command, ears).run()

    @property
    def runs(self) -> list[Path]:
        """Return the runs that are kept."""
        found = (self.home / ".local/state/holdfast/runs").glob("*")
        return [run for run in found if (run / "state").exists() or (run / "stdout").exists()]

    def keepers(self) -> list[int]:
        """Return the keepers of this home."""
        found = []
        for entry in Path("/proc").iterdir():
            with suppress(OSError):
                if entry.name.isdigit() and str((entry / "cwd").readlink()).startswith(str(self.home)):
                    found.append(int(entry.name))
        return found

    def end(self) -> None:
        """Kill what is left."""
        for pid in self.keepers():
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)


def explain(code: int | None, said: str, began: bool) -> tuple[HoldfastError, bool]:
    return HoldfastError(f"the login ended with {code}: {said[-300:]}"), False


def until(true: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _nothing() -> None:
    pass
