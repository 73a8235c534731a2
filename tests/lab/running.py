"""Programs of this machine that the lab runs."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path


class LabError(Exception):
    """The lab cannot be made on this machine, with the reason."""


def run(*argv: str | Path, cwd: Path | None = None) -> str:
    """Run a program of this machine and return its output.

    Raises:
        LabError: it failed; what it said last is in the message.
    """
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    env = {"PATH": path, "HOME": os.environ.get("HOME", "/root"), "LC_ALL": "C.UTF-8"} | _proxies()
    done = subprocess.run([*map(str, argv)], cwd=cwd, env=env, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = "; ".join(done.stderr.strip().splitlines()[-3:]) or "it said nothing"
        raise LabError(f"{argv[0]} failed ({done.returncode}): {said}")
    return done.stdout


def _proxies() -> dict[str, str]:
    return {
        name: value for name, value in os.environ.items() if name.lower() in {"http_proxy", "https_proxy", "no_proxy"}
    }
