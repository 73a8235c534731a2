"""How long a user waits for `holdfast --help`, beside an empty Python program, measured in turns."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

from bench import result

ROUNDS = 10
LIMIT_SECONDS = 0.250
HOLDFAST = [str(Path(sys.executable).parent / "holdfast"), "--help"]
EMPTY = [sys.executable, "-c", "pass"]


def seconds(argv: list[str]) -> float:
    """Run a program once and return its wall time."""
    started = time.monotonic()
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - started


def main() -> int:
    """Measure, print and keep the figures; 1 when `--help` is slower than it may be."""
    seconds(HOLDFAST)  # the first run writes byte code
    pairs = [(seconds(HOLDFAST), seconds(EMPTY)) for _ in range(ROUNDS)]
    help_seconds, empty_seconds = (statistics.median(column) for column in zip(*pairs, strict=True))
    kept = help_seconds <= LIMIT_SECONDS
    print(
        f"holdfast --help: {help_seconds * 1000:.0f} ms (an empty Python program: {empty_seconds * 1000:.0f} ms); "
        f"the limit of {LIMIT_SECONDS * 1000:.0f} ms is {'kept' if kept else 'BROKEN'}"
    )
    figures = {
        "measured": "median wall seconds",
        "rounds": ROUNDS,
        "help_seconds": round(help_seconds, 4),
        "empty_python_seconds": round(empty_seconds, 4),
        "limit_seconds": LIMIT_SECONDS,
        "kept": kept,
    }
    result.keep("help", figures)
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
