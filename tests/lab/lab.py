"""The lab: real Debian hosts on a bridge of their own, and nothing of them left behind.

Every lab has a number, from which everything it makes is named, and a file that says which process owns it. A lab
whose owner is dead (killed, or before this machine's last start) is removed when the next one starts.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ledger import owner
from tests.lab import host
from tests.lab.disk import Disk, drop_devices
from tests.lab.host import LabHost
from tests.lab.image import SUITE, Image, cache_directory
from tests.lab.running import LabError, run

PLACE = Path("/var/lib/holdfast-lab")
_KEPT = "kept for "
_MOST = 250


class Lab:
    """One lab: `number` from 1, its directory, the hosts by name, and where its images are kept between runs."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.directory = PLACE / str(number)
        self.key = self.directory / "key"
        self.hosts: dict[str, LabHost] = {}
        self.cache = cache_directory(os.environ)  # asked here: a test's own surroundings are elsewhere

    @classmethod
    def start(cls, *, kept_for: Path | None = None) -> Lab:
        """Begin a lab after removing those of dead owners.

        It belongs to this process; with `kept_for` (a checkout) to nobody, and stays until `remove_kept`.

        Raises:
            LabError: this machine cannot have one.
        """
        with _alone():
            sweep()
            number = next((n for n in range(1, _MOST) if not (PLACE / str(n)).exists()), None)
            if number is None:
                raise LabError(f"there are {_MOST} labs already; see {PLACE}")
            lab = cls(number)
            lab.directory.mkdir()
            (lab.directory / "owner").write_text(_words(kept_for))
            try:
                lab._network()
                run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f", lab.key)
            except BaseException:
                _remove(number)
                raise
        return lab

    def host(self, name: str, *packages: str, suite: str = SUITE, disk_mib: int = 0) -> LabHost:
        """Install and boot a host with some more Debian packages, and wait until it answers.

        `suite` is the Debian release ("bookworm" is 12, "trixie" 13); `disk_mib` gives it a real disk of that size
        for everything that is written on it.
        """
        made = self.boot(name, *packages, suite=suite, disk_mib=disk_mib)
        made.wait()
        return made

    def boot(self, name: str, *packages: str, suite: str = SUITE, disk_mib: int = 0) -> LabHost:
        """Install a host and switch it on; it answers a little later (`wait`)."""
        with _alone():
            lowers = Image(suite, tuple(sorted(packages))).unpack(PLACE / "images", self.cache)
        index = len(list((self.directory / "hosts").glob("*"))) + 1
        made = LabHost(
            name=name,
            address=f"{self._net}.{10 + index}",
            gateway=f"{self._net}.1",
            directory=self.directory / "hosts" / f"{index}-{name}",
            lowers=lowers,
            key=self.key,
            machine=f"hf{self.number}-{index}",
            cgroup=_cgroups() / f"holdfast-lab-{self.number}" / str(index),
            bridge=_bridge(self.number),
            disk_mib=disk_mib,
        )
        self.hosts[name] = made
        made.install()
        made.boot()
        return made

    def disk(self, label: str, mib: int) -> Disk:
        """Make a small ext4 disk of the lab's, to be plugged into this machine; it is not plugged in yet."""
        return Disk.make(self.directory / "disks" / f"{label}.img", self.directory / "mnt" / label, mib, label)

    def close(self) -> None:
        """Remove everything of this lab, and the unpacked images when no lab is left."""
        with _alone():
            _remove(self.number)
            sweep()

    @property
    def _net(self) -> str:
        return f"198.18.{self.number}"  # a range that is set aside for tests of networks (RFC 2544)

    def _network(self) -> None:
        bridge = _bridge(self.number)
        run("ip", "link", "add", bridge, "type", "bridge")
        run("ip", "addr", "add", f"{self._net}.1/24", "dev", bridge)
        run("ip", "link", "set", bridge, "up")


def sweep() -> None:
    """Remove every lab whose owner is dead, and the unpacked images when no lab is left."""
    labs = _numbers()
    for number in labs:
        if _dead(PLACE / str(number) / "owner"):
            _remove(number)
            labs = _numbers()
    if not labs:
        run("rm", "-rf", PLACE / "images")


def kept(checkout: Path) -> list[int]:
    """Return the labs that were left up for a checkout since this machine's last start."""
    owners = {number: PLACE / str(number) / "owner" for number in _numbers()}
    return [n for n, file in owners.items() if _owner(file).startswith(_kept_by(checkout)) and not _dead(file)]


def remove_kept(checkout: Path) -> int:
    """Remove the labs left up for a checkout; returns how many."""
    with _alone():
        numbers = kept(checkout)
        for number in numbers:
            _remove(number)
        sweep()
    return len(numbers)


@contextmanager
def _alone() -> Iterator[None]:
    """Keep other labs of this machine from starting or ending meanwhile."""
    PLACE.mkdir(parents=True, exist_ok=True)
    with (PLACE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _numbers() -> list[int]:
    return sorted(int(path.name) for path in PLACE.iterdir() if path.name.isdigit()) if PLACE.exists() else []


def _kept_by(checkout: Path) -> str:
    return f"{_KEPT}{checkout}|"


def _words(kept_for: Path | None) -> str:
    """Say whose a lab is; one that is kept belongs to this start of the machine only."""
    this = owner.this_process()
    return str(this) if kept_for is None else f"{_kept_by(kept_for)}{this.boot}"


def _owner(file: Path) -> str:
    return file.read_text() if file.exists() else ""


def _dead(file: Path) -> bool:
    said = _owner(file)
    if said.startswith(_KEPT):
        return said.rpartition("|")[2] != owner.this_process().boot
    return not said or owner.is_dead(said)  # nothing said: killed while it was being made, we hold the lock


def _bridge(number: int) -> str:
    return f"hflab{number}"


def _cgroups() -> Path:
    """Return where this machine has cgroup v2."""
    for line in Path("/proc/mounts").read_text().splitlines():
        _, place, kind, *_ = line.split()
        if kind == "cgroup2":
            return Path(place)
    raise LabError("cgroup v2 is not mounted")


def _remove(number: int) -> None:
    """Remove a lab by its number alone: processes, mounts, loop devices, bridge, directory."""
    directory = PLACE / str(number)
    host.end_group(_cgroups() / f"holdfast-lab-{number}")
    for link in Path("/sys/class/net").glob(f"vb-hf{number}-*"):  # else the next lab meets them
        with suppress(LabError):
            run("ip", "link", "delete", link.name)
    for place in sorted(_mounts_below(directory), reverse=True):
        run("umount", place)
    drop_devices(directory)
    with suppress(LabError):  # it may not have come that far
        run("ip", "link", "delete", _bridge(number))
    shutil.rmtree(directory)


def _mounts_below(directory: Path) -> list[str]:
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    places = [re.sub(r"\\(\d{3})", lambda code: chr(int(code[1], 8)), line.split()[4]) for line in lines]
    return [place for place in places if place.startswith(f"{directory}{os.sep}")]
