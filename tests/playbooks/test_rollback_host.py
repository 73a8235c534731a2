"""A real Debian is hardened through the command line and put back: files, rights, kernel settings, services."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lab import looking
from tests.lab.fixtures import MakeHost
from tests.lab.host import LabHost
from tests.lab.image import SUITES
from tests.lab.sites import write_site

pytestmark = [pytest.mark.lab, pytest.mark.ansible]
_HOLDFAST = str(Path(sys.executable).with_name("holdfast"))
_KERNEL = "sysctl --all 2>/dev/null | grep '^net[.]' | grep --invert-match --extended-regexp 'nf_|secret|rand'"
_UNITS = "systemctl show --property UnitFileState,ActiveState,MainPID ssh.service"


def said(site: Path, *words: str, code: int) -> str:
    argv = [_HOLDFAST, "--site", str(site), "harden", *words]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def picture(host: LabHost) -> tuple[object, ...]:
    files = looking.listing(host, "/etc", "/usr/local", "/var/spool", "/var/lib", "/root", "/home")
    moving = re.compile(r"/\.ansible|/var/lib/(systemd|private)|/etc/machine-id")
    kept = {path: about for path, about in files.items() if not moving.search(path)}
    return kept, host.ssh("sh", "-c", _KERNEL).stdout, host.ssh("sh", "-c", _UNITS).stdout


@pytest.mark.parametrize("suite", SUITES)
def test_a_hardened_host_is_put_back_byte_for_byte(lab_host: MakeHost, tmp_path: Path, suite: str) -> None:
    host = lab_host("web", suite=suite)
    site = write_site(tmp_path / "site", [host])
    files, kernel, units = picture(host)
    applied = said(site, "apply", "--yes", code=3)  # kernel.* is this machine's own, and read-only in a lab host
    hardened = picture(host)
    assert "/etc/ssh/sshd_config.d/00-holdfast.conf" in hardened[0]  # type: ignore[operator]
    assert hardened[1] != kernel
    found = re.search(r"holdfast harden rollback (\S+)", applied)
    assert found is not None
    assert "would be made; nothing was changed" in said(site, "rollback", found[1], "--plan", code=1)
    assert picture(host)[:2] == hardened[:2]

    said(site, "rollback", found[1], "--yes", code=0)
    assert host.ssh("true", user="ops").returncode == 0, "a new login works"
    back = picture(host)
    assert looking.differences(files, back[0]) == set()  # type: ignore[arg-type]
    assert (back[1], back[2]) == (kernel, units)
    assert "there is nothing to put back" in said(site, "rollback", found[1], "--yes", code=0)
