"""Disks that are really full, and really gone when they are pulled."""

from __future__ import annotations

import pytest

from tests.lab.fixtures import MakeHost
from tests.lab.lab import Lab

pytestmark = pytest.mark.lab


def test_a_debian_13_host_with_a_small_disk_runs_out_of_room_and_goes_on_when_there_is_some(
    lab_host: MakeHost,
) -> None:
    host = lab_host("small", suite="trixie", disk_mib=48)
    assert host.ssh("cat", "/etc/debian_version").stdout.startswith("13.")
    full = host.ssh("sh", "-c", "cat /dev/zero >/root/fills", check=False)
    assert "No space left on device" in full.stderr
    more = ("sh", "-c", "head -c 4M /dev/zero >/root/more")
    assert host.ssh(*more, check=False).returncode != 0
    host.power_cut()
    host.power_on()
    host.ssh("rm", "/root/fills")
    host.ssh(*more)


def test_a_layer_of_packages_is_set_up_and_runs_on_both_releases(lab_host: MakeHost) -> None:
    for suite, version, packages in (
        ("bookworm", "15", ["postgresql"]),
        ("trixie", "17", ["nginx-light", "postgresql"]),
    ):
        host = lab_host(f"db-{version}", *packages, suite=suite)
        host.ssh("systemctl", "is-system-running", "--wait")
        asked = ("runuser", "-u", "postgres", "--", "psql", "-XtAc", "show server_version_num")
        assert host.ssh(*asked).stdout.startswith(version)
        assert host.ssh("dpkg", "--audit").stdout == ""
        host.remove()


def test_a_disk_keeps_what_it_had_and_a_pulled_one_leaves_an_empty_place(lab: Lab) -> None:
    disk = lab.disk("usb", 16)
    disk.plug_in()
    (disk.place / "file").write_text("kept")
    disk.unplug()
    disk.plug_in(read_only=True)
    assert (disk.place / "file").read_text() == "kept"
    with pytest.raises(OSError, match="Read-only"):
        (disk.place / "other").touch()
    with (disk.place / "file").open():
        disk.yank()
        assert [*disk.place.iterdir()] == []
    disk.remove()
    assert not disk.image.exists()
