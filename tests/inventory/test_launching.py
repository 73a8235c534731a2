from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from inventory import launching

PLACE = Path("/usr/local/bin/holdfast")
HOME = Path("/var/lib/holdfast")


def test_the_launcher_is_a_script_a_shell_understands(tmp_path: Path) -> None:
    file = tmp_path / "holdfast"
    file.write_text(launching.launcher(PLACE, Path("/opt/holdfast/bin/python"), "holdfast", HOME))
    assert subprocess.run(["sh", "-n", file], check=False).returncode == 0
    assert "env -i" in file.read_text()
    assert "python -I -m cli.app" in file.read_text()


@pytest.mark.parametrize("place", ["/srv/vault", "/srv/a vault", "/srv/100%", '/srv/"quoted"', "/srv/back\\slash"])
def test_systemd_finds_nothing_wrong_with_the_unit_whatever_the_vault_is_called(tmp_path: Path, place: str) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    unit = tmp_path / "holdfast-watch.service"
    unit.write_text(launching.unit(Path("/bin/true"), "daemon", Path("/"), [Path(place)]))
    said = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True, check=False)
    assert (said.returncode, said.stderr) == (0, "")


def test_systemd_finds_nothing_wrong_with_the_look_and_its_timer(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    (tmp_path / launching.LOOK).write_text(launching.look(Path("/bin/true"), "daemon", Path("/")))
    (tmp_path / launching.TIMER).write_text(launching.timer())
    said = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", tmp_path / launching.TIMER, tmp_path / launching.LOOK],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (said.returncode, said.stderr) == (0, "")


def test_the_unit_may_write_its_home_and_the_stores_and_gains_no_rights() -> None:
    text = launching.unit(PLACE, "holdfast", HOME, [Path("/srv/vault")])
    assert "ReadWritePaths=-/var/lib/holdfast -/srv/vault\n" in text
    for line in ("NoNewPrivileges=yes", "ProtectSystem=strict", "CapabilityBoundingSet=\n", "User=holdfast"):
        assert line in text


def test_every_text_says_who_wrote_it() -> None:
    for text in (
        launching.rules(Path("/site"), ""),
        launching.unit(PLACE, "holdfast", HOME, []),
        launching.launcher(PLACE, Path("/p"), "holdfast", HOME),
        launching.look(PLACE, "holdfast", HOME),
        launching.timer(),
    ):
        assert "Written by `holdfast setup`" in text
