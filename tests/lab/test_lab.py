"""The lab itself: hosts that are real, lose power and network, and are gone when they should be."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lab import lab as labs
from tests.lab.fixtures import MakeHost
from tests.lab.lab import Lab
from tests.lab.running import run
from tests.test_layout import ROOT

pytestmark = pytest.mark.lab


def test_a_host_is_a_whole_debian_reached_over_ssh_with_its_key_checked(lab_host: MakeHost) -> None:
    host = lab_host("web")
    assert host.ssh("hostname").stdout == "web\n"
    assert host.ssh("cat", "/proc/1/comm").stdout == "systemd\n"
    assert host.ssh("systemctl", "--failed", "--no-legend", "--plain").stdout == ""
    assert host.ssh("sudo", "-n", "id", "-u", user="ops").stdout == "0\n"
    assert host.ssh("id", user="nobody-here", check=False).returncode == 255
    host.known_hosts.write_text(f"{host.address} ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA{'A' * 42}\n")
    assert "Host key verification failed" in host.ssh("true", check=False).stderr


def test_a_power_cut_ends_everything_and_the_disk_is_as_it_was(lab_host: MakeHost) -> None:
    host = lab_host("db")
    host.ssh("sh", "-c", "echo kept >/root/file; sync; systemd-run --unit=goes sleep 1000")
    boot = host.ssh("cat", "/etc/machine-id", "/proc/1/stat").stdout
    host.power_cut()
    assert not host.running
    assert host.ssh("true", check=False).returncode == 255
    host.power_on()
    assert host.ssh("cat", "/root/file").stdout == "kept\n"
    assert host.ssh("systemctl", "is-active", "goes", check=False).stdout == "inactive\n"
    assert host.ssh("cat", "/etc/machine-id", "/proc/1/stat").stdout != boot


def test_a_reboot_a_shut_down_and_a_new_installation_are_what_they_say(lab_host: MakeHost) -> None:
    host = lab_host("app")
    host.ssh("touch", "/run/until-reboot", "/root/stays")
    host.reboot()
    assert host.ssh("ls", "/run/until-reboot", "/root/stays", check=False).stdout == "/root/stays\n"
    host.shut_down()
    assert not host.running
    host.power_on()
    keys = host.known_hosts.read_text()
    host.reinstall()
    assert host.known_hosts.read_text() != keys
    assert host.ssh("ls", "/root/stays", check=False).returncode == 2


def test_a_cut_link_is_silent_until_it_is_healed(lab_host: MakeHost) -> None:
    host = lab_host("far")
    host.cut_link()
    assert host.ssh("true", check=False).returncode == 255
    assert host.running
    host.heal_link()
    host.wait()
    assert host.ssh("true").returncode == 0


def test_hosts_of_one_lab_reach_each_other(lab_host: MakeHost) -> None:
    one, two = lab_host("one"), lab_host("two")
    assert "1 received" in one.ssh("ping", "-c", "1", "-W", "5", two.address).stdout


def test_the_lab_of_a_killed_run_is_removed_when_the_next_one_starts(lab: Lab) -> None:
    script = (
        "from tests.lab.lab import Lab; lab = Lab.start(); lab.host('left', disk_mib=32);"
        "disk = lab.disk('usb', 8); disk.plug_in(); held = (disk.place / 'file').open('w'); disk.yank();"
        "print(lab.number, flush=True); import time; time.sleep(600)"
    )
    surroundings = {**os.environ, "HOLDFAST_LAB_CACHE": str(lab.cache)}
    argv = [sys.executable, "-c", script]
    maker = subprocess.Popen(argv, cwd=ROOT, env=surroundings, stdout=subprocess.PIPE, text=True)
    assert maker.stdout is not None
    number = int(maker.stdout.readline())
    maker.send_signal(signal.SIGKILL)
    maker.wait()
    maker.stdout.close()
    assert {"bridge", "mount", "loop device"} & {*_traces(number)}, "it was really there"
    again = Lab.start()
    try:
        assert again.number == number or not (labs.PLACE / str(number)).exists()
        left = [trace for trace in _traces(number) if trace not in ("bridge", "directory")]
        assert left == []
    finally:
        again.close()
    assert _traces(number) == []
    assert lab.directory.exists(), "a living lab is left alone"


def test_a_lab_kept_for_a_checkout_outlives_its_maker_and_is_removed_by_name(lab: Lab, tmp_path: Path) -> None:
    kept = Lab.start(kept_for=tmp_path)
    labs.sweep()
    assert labs.kept(tmp_path) == [kept.number]
    assert labs.remove_kept(tmp_path) == 1
    assert _traces(kept.number) == []
    assert labs.remove_kept(tmp_path) == 0


def _traces(number: int) -> list[str]:
    """Return the kinds of things a lab left on this machine."""
    machine = f"hf{number}-"
    commands = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if _readable(path)]
    links = [path.name for path in Path("/sys/class/net").iterdir()]
    found = {
        "process": any(b"--machine=" + machine.encode() in command for command in commands),
        "mount": f"{labs.PLACE}/{number}/" in Path("/proc/self/mountinfo").read_text(),
        "bridge": f"hflab{number}" in links,
        "loop device": f"{labs.PLACE}/{number}/" in run("losetup", "--list", "--noheadings", "--output=BACK-FILE"),
        "link": any(link.startswith(f"vb-{machine}") for link in links),
        "directory": (labs.PLACE / str(number)).exists(),
    }
    return [name for name, there in found.items() if there]


def _readable(path: Path) -> bool:
    try:
        path.read_bytes()
    except OSError:
        return False
    return True
