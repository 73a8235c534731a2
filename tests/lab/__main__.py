"""`make lab` and `make lab-down`: hosts that stay up, with a site made for them, until they are taken down."""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path

from tests.lab import lab as labs
from tests.lab.lab import Lab
from tests.lab.running import LabError
from tests.lab.sites import write_site

CHECKOUT = Path(__file__).parent.parent.parent
NAMES = ("web", "db", "spare")


def up(run: Path) -> None:
    """Boot the hosts and write the site, unless both are there."""
    if labs.kept(run):
        print(f"the lab is up; its site is {run}/site; make lab-down removes both")
        return
    shutil.rmtree(run, ignore_errors=True)
    started = time.monotonic()
    lab = Lab.start(kept_for=run)
    try:
        hosts = [lab.boot(name) for name in NAMES]
        for host in hosts:
            host.wait()
        write_site(run / "site", hosts)
    except BaseException:
        lab.close()
        shutil.rmtree(run, ignore_errors=True)
        raise
    print(f"{len(hosts)} Debian hosts answer after {time.monotonic() - started:.1f} s:")
    for host in hosts:
        print(f"  {host.name:<6} ssh -i {host.key} -o UserKnownHostsFile={run}/site/known_hosts ops@{host.address}")
    print(f"try: .venv/bin/holdfast --site {run}/site harden scan")
    print("to remove it all: make lab-down")


def down(run: Path) -> None:
    """Remove the hosts and the site; nothing to do is no fault."""
    removed = labs.remove_kept(run)
    shutil.rmtree(run, ignore_errors=True)
    print("the lab is gone" if removed else "there was no lab to remove")


def main(arguments: list[str]) -> int:
    """Run `up` or `down`; returns the exit code."""
    try:
        {"up": up, "down": down}[arguments[0]](CHECKOUT / "lab-run")
    except LabError as error:
        print(f"error: {error}", file=sys.stderr)
        print("hint: docs/lab.md says what the lab needs", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
