"""How long the lab takes to have eight hosts of both Debian releases, half of them with PostgreSQL and nginx."""

from __future__ import annotations

import sys
import time

from bench import result
from tests import tools
from tests.lab.lab import Lab
from tests.lab.running import LabError

HOSTS = 8
LIMIT_SECONDS = 15.0
SERVICES = ("nginx-light", "postgresql")


def boot_all(lab: Lab, started: float) -> list[float]:
    """Boot the hosts at once and return when each answered over SSH, in seconds after `started`."""
    answered = []
    kinds = [("trixie" if n % 2 else "bookworm", SERVICES if n % 4 < 2 else ()) for n in range(HOSTS)]
    hosts = [lab.boot(f"host-{n}", *packages, suite=suite) for n, (suite, packages) in enumerate(kinds)]
    for host in hosts:
        host.wait()
        answered.append(time.monotonic() - started)
    return answered


def measure() -> tuple[list[float], float]:
    """Return when each host answered, and how long it took to remove the lab: seconds."""
    started = time.monotonic()
    lab = Lab.start()
    try:
        answered = boot_all(lab, started)
    finally:
        began = time.monotonic()
        lab.close()
    return answered, time.monotonic() - began


def main() -> int:
    """Measure, print and keep the figures; 1 when the limit is broken. What the cache lacks is made first."""
    try:
        tools.require("lab")
        measure()
        answered, removed = measure()
    except LabError as error:
        print(f"the lab: NOT MEASURED: {error}")
        return 0
    except BaseException as lack:  # pytest's own way of skipping
        if isinstance(lack, KeyboardInterrupt):
            raise
        print(f"the lab: NOT MEASURED: {lack}")
        return 0
    held = max(answered) <= LIMIT_SECONDS
    print(
        f"{HOSTS} Debian hosts from the cache: the first answers after {min(answered):.1f} s, all after "
        f"{max(answered):.1f} s; removed in {removed:.1f} s; "
        f"the limit of {LIMIT_SECONDS:g} s is {'kept' if held else 'BROKEN'}"
    )
    figures = {
        "measured": "wall seconds from nothing running to SSH answering on every host, images unpacked from the cache",
        "hosts": HOSTS,
        "with_postgresql_and_nginx": HOSTS // 2,
        "answered_seconds": [round(seconds, 2) for seconds in answered],
        "all_seconds": round(max(answered), 2),
        "removed_seconds": round(removed, 2),
        "limit_seconds": LIMIT_SECONDS,
        "kept": held,
    }
    result.keep("lab", figures)
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
