"""A control host on a Debian that boots, and asking it things."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from tests.control import host as hosts
from tests.lab.host import LabHost

_SECONDS = 120


def furnish(made: LabHost, program: Path, files: Mapping[Path, str] = hosts.FILES) -> None:
    """Put Holdfast and a site on a lab host, and give it three logins."""
    shutil.copytree(program, made.root / "opt/holdfast", symlinks=True)
    for file, text in files.items():
        target = made.root / str(file).lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    on(made, "chmod -R go-w,a+rX /etc/holdfast /srv/host && touch /var/log/auth.log")
    for login in ("lan", "minh", "hoa"):
        on(made, f"useradd --create-home --shell /bin/bash {login} && cp -r /root/.ssh /home/{login}/")
        on(made, f"chown -R {login}: /home/{login}/.ssh")


def on(host: LabHost, script: str, *, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a line of shell on the host as root."""
    return host.ssh("sh", "-c", script, check=check)


def wait(host: LabHost, question: str) -> None:
    """Ask until the answer is yes."""
    deadline = time.monotonic() + _SECONDS
    while on(host, question, check=False).returncode != 0:
        assert time.monotonic() < deadline, on(host, "journalctl -u 'holdfast-*' --no-pager -n 40", check=False).stdout
        time.sleep(1)
