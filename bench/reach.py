"""What the keeper costs: one remote run beside bare ssh, and 100 MB of output beside bare ssh, measured in turns."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench import result
from inventory import reach
from inventory.command import Command
from tests import tools
from tests.inventory.fixtures import free_subnet
from tests.inventory.sshd import SshHost

ROUNDS = 15
BULK_ROUNDS = 5
BULK = 100_000_000
LIMIT_RUN_RATIO = 2.5  # both slow down alike on a busy machine
LIMIT_THROUGHPUT_RATIO = 0.4
WRITE = ("head", "-c", str(BULK), "/dev/zero")


def seconds(work: Callable[[], object]) -> float:
    """Return the wall time of some work."""
    started = time.monotonic()
    work()
    return time.monotonic() - started


def bare(host: SshHost, *words: str) -> None:
    """Run a program over ssh alone, and read everything it says in the same way."""
    options = ("BatchMode=yes", f"UserKnownHostsFile={host.known_hosts}", "IdentitiesOnly=yes")
    given = [part for option in options for part in ("-o", option)]
    argv = ["ssh", "-i", str(host.where / "key"), *given, f"root@{host.address}", *words]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        count = 0
        while piece := os.read(process.stdout.fileno(), 1 << 17):
            count += len(piece)
    assert process.returncode == 0
    assert count == (BULK if words == WRITE else 0)


def kept(host: SshHost, *words: str) -> None:
    """Run the same through the keeper."""
    count = 0

    def take(piece: bytes) -> None:
        nonlocal count
        count += len(piece)

    outcome = reach.run(Command(words), on=host.host(), ssh=reach.Ssh(host.known_hosts), on_bytes=take)
    assert outcome.exit_code == 0
    assert count == (BULK if words == WRITE else 0)


def pairs(host: SshHost, rounds: int, *words: str) -> tuple[float, float]:
    """Return the median seconds of both ways, run in turns."""
    both = [(seconds(lambda: kept(host, *words)), seconds(lambda: bare(host, *words))) for _ in range(rounds)]
    ours, theirs = (statistics.median(column) for column in zip(*both, strict=True))
    return ours, theirs


def measure(host: SshHost) -> int:
    """Measure, print and keep the figures; 1 when a limit is broken."""
    kept(host, "true")
    ours, theirs = pairs(host, ROUNDS, "true")
    bulk, bare_bulk = pairs(host, BULK_ROUNDS, *WRITE)
    overhead, ratio = ours - theirs, bare_bulk / bulk
    run_ratio = ours / theirs
    held = run_ratio <= LIMIT_RUN_RATIO and ratio >= LIMIT_THROUGHPUT_RATIO
    print(
        f"one remote run: {ours * 1000:.0f} ms, {run_ratio:.1f} times ssh host true ({theirs * 1000:.0f} ms); "
        f"100 MB of output: {BULK / bulk / 1e6:.0f} MB/s, {ratio:.2f} of bare ssh's {BULK / bare_bulk / 1e6:.0f}; "
        f"the limits of {LIMIT_RUN_RATIO} times and {LIMIT_THROUGHPUT_RATIO} are {'kept' if held else 'BROKEN'}"
    )
    figures = {
        "measured": "median wall seconds, in turns, over a virtual cable on one machine",
        "rounds": ROUNDS,
        "run_seconds": round(ours, 4),
        "bare_ssh_seconds": round(theirs, 4),
        "overhead_seconds": round(overhead, 4),
        "run_ratio": round(run_ratio, 2),
        "limit_run_ratio": LIMIT_RUN_RATIO,
        "bulk_bytes": BULK,
        "bulk_rounds": BULK_ROUNDS,
        "bulk_seconds": round(bulk, 4),
        "bare_ssh_bulk_seconds": round(bare_bulk, 4),
        "throughput_ratio": round(ratio, 3),
        "limit_throughput_ratio": LIMIT_THROUGHPUT_RATIO,
        "kept": held,
    }
    result.keep("reach", figures)
    return 0 if held else 1


def main() -> int:
    """Measure against a small SSH host of our own; without root nothing is measured and nothing is claimed."""
    try:
        tools.require("ssh")
    except BaseException as lack:  # pytest's own way of skipping
        print(f"remote runs: NOT MEASURED: {lack}")
        return 0
    with tempfile.TemporaryDirectory(prefix="holdfast-ssh-") as where:
        Path(where).chmod(0o755)
        host = SshHost(Path(where), "bench", free_subnet())
        try:
            host.plug_in()
            host.boot()
            return measure(host)
        finally:
            host.remove()


if __name__ == "__main__":
    sys.exit(main())
