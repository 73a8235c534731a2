"""The small SSH host as a fixture: one for the tests of a run, as good as new for each."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import tools
from tests.inventory.sshd import SshHost, sweep


@pytest.fixture(scope="session")
def one_ssh_host() -> Iterator[SshHost]:
    tools.require("ssh")
    sweep()
    with tempfile.TemporaryDirectory(prefix="holdfast-ssh-") as where:
        Path(where).chmod(0o755)
        host = SshHost(Path(where), "db-1", free_subnet())
        try:
            host.plug_in()
            host.boot()
            yield host
        finally:
            host.remove()


@pytest.fixture
def ssh_host(one_ssh_host: SshHost) -> Iterator[SshHost]:
    """A host over real SSH; after the test nothing of its runs may be left there."""
    yield one_ssh_host
    one_ssh_host.heal()
    one_ssh_host.wait_until(lambda: one_ssh_host.keepers() == [], 20)
    for run in one_ssh_host.runs():
        shutil.rmtree(run)


def free_subnet() -> int:
    """Find a network nobody uses: an address in it cannot be taken."""
    taken = Path("/proc/net/fib_trie").read_text()
    start = os.getpid() % 250
    return next(number for number in (1 + (start + n) % 250 for n in range(250)) if f"198.19.{number}." not in taken)
