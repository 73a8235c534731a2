"""Start or stop a service of a running demo: what `systemctl` is on a real host."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from cli import output
from cli.demo import supervisor
from inventory.errors import HoldfastError


def main() -> int:
    """Ask the running demo, say what it said."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("do", choices=("start", "stop"))
    parser.add_argument("service")
    parser.add_argument("--on", required=True, help="the host")
    parser.add_argument("--home", type=Path, required=True, help="the demo's directory")
    given = parser.parse_args()
    try:
        output.line(supervisor.ask(given.home, given.do, given.service, given.on))
    except HoldfastError as failure:
        output.error(failure)
        return int(failure.exit_code)
    return 0


if __name__ == "__main__":
    sys.exit(main())
