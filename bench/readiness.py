"""How long `readiness` and `today` take with a million records and 500 systems, as whole commands.

The ledger is made once (some minutes) and kept in the temporary directory; HOLDFAST_BENCH_DIR names another place. Wall
time is what a user waits for, and the limit is for it. On a machine that is busy with other things it says little about
Holdfast; then the processor's time is held to the limit instead, and the result says so.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from bench import result
from bench.province import year
from inventory import login

RECORDS, SYSTEMS, NEW = 1_000_000, 500, 100
ROUNDS = 15
LIMIT_SECONDS = 0.5
PROGRAM = str(Path(sys.executable).parent / "holdfast")
COMMANDS = {"readiness": ["readiness", "--json"], "today": ["today", "--json"]}


def main() -> int:
    """Build what is missing, measure, print and keep the figures; 1 when a command is slower than it may be."""
    os.environ["HOME"] = str(place())  # what is kept of the site lies there, and nothing of the user's own is touched
    root, count = built()
    busy = os.getloadavg()[0] > 0.5 * (os.cpu_count() or 1)
    environment = {**os.environ, "HOLDFAST_SITE": str(root / "site"), "XDG_CACHE_HOME": str(root / "cache")}
    first = first_build(root, environment)
    for arguments in COMMANDS.values():
        run([PROGRAM, *arguments], environment)  # byte code, and what is kept of the site
    steady = {name: median([PROGRAM, *arguments], environment) for name, arguments in COMMANDS.items()}
    behind = {name: after_new(root, [PROGRAM, *arguments], environment) for name, arguments in COMMANDS.items()}
    version = median([PROGRAM, "--version"], environment)
    empty = median([sys.executable, "-c", "pass"], environment)
    column = 1 if busy else 0
    slow = [each for each in (*steady.values(), *behind.values()) if each[column] > LIMIT_SECONDS]
    figures = {
        "measured": "median seconds: [wall, processor]",
        "rounds": ROUNDS,
        "records": count,
        "systems": SYSTEMS,
        "first_build": first,
        "up_to_date": steady,
        f"after_{NEW}_new_records": behind,
        "holdfast_version": version,
        "empty_python": empty,
        "limit_seconds": LIMIT_SECONDS,
        "limit_is_for": "processor seconds: the machine was busy" if busy else "wall seconds",
        "kept": not slow,
    }
    told(figures)
    result.keep("readiness", figures)
    return 1 if slow else 0


def place() -> Path:
    """Return the directory everything is made in; another generator or another day makes another ledger."""
    given = os.environ.get("HOLDFAST_BENCH_DIR")
    sources = sorted((Path(__file__).parent / "province").glob("*.py"))
    name = hashlib.sha256(b"".join(file.read_bytes() for file in sources)).hexdigest()[:12]
    return Path(given or tempfile.gettempdir()) / f"holdfast-bench-{os.getuid()}-{name}-{RECORDS}"


def built() -> tuple[Path, int]:
    """Make the site and its ledger if they are not there; return where, and how many records there are."""
    root, done = place(), place() / "records"
    if not done.exists():
        print(f"making a ledger of {RECORDS:,} records in {root} (once, some minutes)", flush=True)
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir(mode=0o700)
        count = year.build(root, RECORDS, SYSTEMS, datetime.now(UTC), login.current())
        done.write_text(str(count))
    return root, int(done.read_text())


def first_build(root: Path, environment: dict[str, str]) -> dict[str, float]:
    """Measure one command that has to fold every record; kept with the ledger, for it is slow."""
    kept = root / "first.json"
    if not kept.exists():
        print("building every view from the first record on", flush=True)
        before = resources()
        started = time.monotonic()
        run([PROGRAM, "readiness", "--json"], environment)
        wall, after = time.monotonic() - started, resources()
        figures = {"wall_seconds": round(wall, 1), "processor_seconds": round(after[0] - before[0], 1)}
        kept.write_text(json.dumps(figures | {"peak_memory_mb": round(after[1] / 1024)}))
    found: dict[str, float] = json.loads(kept.read_text())
    return found


def after_new(root: Path, argv: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """Measure a command right after some new records, again and again."""
    figures = []
    for _ in range(ROUNDS):
        year.go_on(root, NEW, datetime.now(UTC), login.current())
        figures.append(run(argv, environment))
    return middle(figures)


def median(argv: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """Measure a command some times."""
    return middle([run(argv, environment) for _ in range(ROUNDS)])


def middle(figures: list[tuple[float, float]]) -> tuple[float, float]:
    """Return the medians of wall and processor seconds."""
    wall, processor = (round(statistics.median(column), 4) for column in zip(*figures, strict=True))
    return wall, processor


def run(argv: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """Run a program once; return its wall and processor seconds."""
    before, started = resources()[0], time.monotonic()
    ended = subprocess.run(argv, env=environment, stdout=subprocess.DEVNULL, check=False)
    wall = time.monotonic() - started
    if ended.returncode not in (0, 1):
        raise SystemExit(f"{argv} ended with {ended.returncode}")
    return wall, resources()[0] - before


def resources() -> tuple[float, int]:
    """Return the processor seconds of all children so far, and the memory (KiB) of the largest."""
    import resource

    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime, used.ru_maxrss


def told(figures: dict[str, object]) -> None:
    """Print the figures."""
    for name, figure in figures.items():
        print(f"{name}: {figure}")


if __name__ == "__main__":
    sys.exit(main())
