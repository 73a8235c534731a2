"""How long a user waits for `holdfast --help`, beside an empty Python program, measured in turns."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

ROUNDS = 10
LIMIT_SECONDS = 0.250
RESULT = Path(__file__).parent / "results" / "help.json"
HOLDFAST = [str(Path(sys.executable).parent / "holdfast"), "--help"]
EMPTY = [sys.executable, "-c", "pass"]


def seconds(argv: list[str]) -> float:
    """Run a program once and return its wall time."""
    started = time.monotonic()
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - started


def commit() -> str:
    """Return the commit measured, or "unknown" outside a git checkout."""
    found = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False)
    return found.stdout.strip() or "unknown"


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
    result = {
        "measured": "median wall seconds",
        "rounds": ROUNDS,
        "help_seconds": round(help_seconds, 4),
        "empty_python_seconds": round(empty_seconds, 4),
        "limit_seconds": LIMIT_SECONDS,
        "kept": kept,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit(),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
    }
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
