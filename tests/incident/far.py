"""A site with one system on a host that is reached over SSH, and recoveries of it in processes that can be killed."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from incident import engine, runs
from incident.effects import Answers
from incident.hands import RealHands
from incident.runs import Run
from inventory import site
from inventory.errors import HoldfastError
from inventory.ssh import Ssh
from inventory.system import Host
from tests.incident import making

_SETTINGS = "site: far\nstate: ../state\nvaults: {main: {path: ../vault}}\n"
_PEOPLE = "people: []\n"
_SYSTEM = """
web:
  hosts:
    db-1: {ansible_host: ADDRESS, ansible_user: USER, ansible_ssh_private_key_file: KEY}
  vars:
    system:
      name: Web
      data: [{files: [/srv], host: db-1}]
      copies: [{vault: main, every: 6h}]
      normal_when: [{command: [test, -d, /root], host: db-1}]
"""


@dataclass(frozen=True)
class Far:
    """One host, one system, one run; the ledger outlives every process that works on it."""

    root: Path
    ssh: Ssh

    @property
    def state(self) -> Path:
        return self.root / "state"

    def begin(self, *steps: Mapping[str, Any]) -> str:
        """Start a run of these steps, and return its id."""
        web = site.load(self.root / "site").system("web")
        with making.real_ledger(self.state) as ledger:
            made = making.opened(ledger, "web")
            return engine.start(ledger, making.planned(made.id, {"web": web}, *steps))

    def run(self, run_id: str) -> Run:
        with making.real_ledger(self.state) as ledger:
            return runs.find(ledger, run_id)

    def work(self, run_id: str, answers: Answers | None = None) -> Run:
        """Work a run here and now."""
        with making.real_ledger(self.state) as ledger:
            loaded = site.load(self.root / "site")
            hands = RealHands(loaded, self.state, ledger, runs.find(ledger, run_id).plan.incident, _silent, self.ssh)
            return engine.go_on(ledger, run_id, hands, answers)

    def begin_work(self, run_id: str) -> int:
        """Work a run in a process of its own; returns its id."""

        def child() -> int:
            try:
                return 0 if self.work(run_id).complete else 1
            except HoldfastError as error:
                return int(error.exit_code)

        return making.begin_child(child)


def make(root: Path, host: Host, ssh: Ssh) -> Far:
    for folder in ("site/inventory", "vault", "state"):
        (root / folder).mkdir(parents=True, mode=0o700)
    (root / "site/holdfast.yml").write_text(_SETTINGS)
    (root / "site/people.yml").write_text(_PEOPLE)
    text = _SYSTEM.replace("ADDRESS", host.address).replace("USER", host.user).replace("KEY", host.key_file)
    (root / "site/inventory/web.yml").write_text(text)
    (root / "site/known_hosts").write_text(ssh.known_hosts.read_text())
    return Far(root, ssh)


def kill(pid: int) -> None:
    """Kill a process, as the kernel does when memory is short; nothing of it can say goodbye."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    making.finished(pid)


def lines(file: Path) -> Sequence[str]:
    return file.read_text().splitlines() if file.exists() else []


def wait_for(file: Path, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not lines(file):
        assert time.monotonic() < deadline, f"{file} did not come"
        time.sleep(0.02)


def _silent(_text: str, _share: float | None) -> None:
    pass
