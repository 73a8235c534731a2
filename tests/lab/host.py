"""One lab host: a real Debian that boots, answers over SSH, loses power and network, and is installed anew."""

from __future__ import annotations

import os
import shlex
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.lab.disk import Disk
from tests.lab.image import HERE
from tests.lab.running import LabError, run

_BOOT_SECONDS = 60.0


@dataclass(frozen=True)
class LabHost:
    """A host of a lab.

    `key` is the private SSH key that root and ops let in (ops may use sudo without a password); `known_hosts` has
    this host's real keys, taken from its disk and not from the network. `lowers` is its image, the uppermost file
    system first; `disk_mib` makes its own disk a real one of that size, else it is as large as this machine's;
    `cgroup` and `bridge` belong to the lab.
    """

    name: str
    address: str
    gateway: str
    directory: Path
    lowers: tuple[Path, ...]
    key: Path
    machine: str
    cgroup: Path
    bridge: str
    disk_mib: int = 0

    @property
    def known_hosts(self) -> Path:
        """Return the file with the host's real keys."""
        return self.directory / "known_hosts"

    @property
    def root(self) -> Path:
        """Return where the host's file system is seen from here."""
        return self.directory / "root"

    @property
    def _disk(self) -> Disk:
        """Where what is written on it lies; it is mounted there only when it has a size."""
        return Disk(self.directory / "disk.img", self.directory / "disk")

    @property
    def interface(self) -> str:
        """Return this machine's end of the host's network cable."""
        return f"vb-{self.machine}"

    @property
    def running(self) -> bool:
        """Tell whether the host has power."""
        return bool(_processes(self.cgroup))

    def install(self) -> None:
        """Give it an empty disk over its image, a name, an address, keys of its own, and the lab's key to come in."""
        self.root.mkdir(parents=True, exist_ok=True)
        if self.disk_mib:
            Disk.make(self._disk.image, self._disk.place, self.disk_mib)
        self.mount()
        etc = self.root / "etc"
        (etc / "hostname").write_text(f"{self.name}\n")
        (etc / "hosts").write_text(f"127.0.0.1 localhost\n{self.address} {self.name}\n")
        (etc / "lab-net").write_text(f"ADDRESS={self.address}\nGATEWAY={self.gateway}\n")
        run("ssh-keygen", "-A", "-f", self.root)
        keys = [path.read_text().split() for path in sorted((etc / "ssh").glob("ssh_host_*_key.pub"))]
        self.known_hosts.write_text("".join(f"{self.address} {kind} {key}\n" for kind, key, *_ in keys))
        public = self.key.with_suffix(".pub").read_text()
        for home in ("root", "home/ops"):
            folder = self.root / home / ".ssh"
            owner = folder.parent.stat()
            folder.mkdir(mode=0o700, exist_ok=True)
            (folder / "authorized_keys").write_text(public)
            for path in (folder, folder / "authorized_keys"):
                os.chown(path, owner.st_uid, owner.st_gid)

    def mount(self) -> None:
        """Have its file system in place."""
        if self.root.is_mount():
            return
        if self.disk_mib:
            self._disk.plug_in()
        own = self._disk.place
        for part in ("upper", "work"):
            (own / part).mkdir(parents=True, exist_ok=True)
        layers = f"lowerdir={':'.join(map(str, self.lowers))},upperdir={own / 'upper'},workdir={own / 'work'}"
        run("mount", "-t", "overlay", f"overlay-{self.machine}", "-o", layers, self.root)

    def boot(self) -> None:
        """Switch it on; returns at once."""
        self.cgroup.mkdir(parents=True, exist_ok=True)
        (self.directory / "pid").unlink(missing_ok=True)
        script = ("/bin/sh", str(HERE / "power.sh"), str(self.cgroup), str(self.directory))
        subprocess.Popen(
            ["unshare", "--mount", "--propagation=private", *script, self.machine, self.name, self.bridge],
            env={"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=(self.directory / "power.log").open("ab"),
            start_new_session=True,
        )

    def wait(self, seconds: float = _BOOT_SECONDS) -> None:
        """Wait until its SSH answers.

        Raises:
            LabError: it did not; the end of its console is in the message.
        """
        _until(self._answers, seconds, lambda: f"{self.name} did not answer over SSH; its console: {self._console()}")

    def power_cut(self) -> None:
        """Take its power away: every process ends at once, nothing is written any more."""
        _kill(self.cgroup)
        link = Path("/sys/class/net") / self.interface
        _until(lambda: not link.exists(), 20, lambda: f"{self.interface} does not go away")

    def power_on(self) -> None:
        """Switch it on and wait until it answers."""
        self.boot()
        self.wait()

    def shut_down(self) -> None:
        """Switch it off in an orderly way and wait until it is off."""
        os.kill(self._leader(), signal.SIGRTMIN + 4)
        _until(lambda: not self.running, 60, lambda: f"{self.name} did not switch off: {self._console()}")

    def reboot(self) -> None:
        """Restart it in an orderly way and wait until it answers again."""
        before = self._leader()
        os.kill(before, signal.SIGRTMIN + 5)
        _until(lambda: not Path(f"/proc/{before}").exists(), 60, lambda: f"{self.name} did not go down for a reboot")
        self.wait()

    def reinstall(self) -> None:
        """Take its power, give it an empty disk and new keys, as after a new installation, and boot it."""
        self.remove()
        self.install()
        self.power_on()

    def cut_link(self) -> None:
        """Pull its network cable; a reboot plugs it in again."""
        run("ip", "link", "set", self.interface, "down")

    def heal_link(self) -> None:
        """Plug its network cable in again."""
        run("ip", "link", "set", self.interface, "up")

    def remove(self) -> None:
        """End it and remove its disk."""
        self.power_cut()
        if self.root.is_mount():
            run("umount", self.root)
        self._disk.remove()
        run("rm", "-rf", self._disk.place, self.known_hosts)

    def ssh_argv(self, user: str = "root") -> list[str]:
        """Return an ssh command line up to the host's address, checking its key and asking nothing."""
        options = (
            "BatchMode=yes",
            "StrictHostKeyChecking=yes",
            f"UserKnownHostsFile={self.known_hosts}",
            "ConnectTimeout=5",
        )
        given = [part for option in options for part in ("-o", option)]
        return ["ssh", "-F", "none", "-i", str(self.key), *given, f"{user}@{self.address}"]

    def ssh(
        self, *argv: str, user: str = "root", stdin: str = "", check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Run a program on the host over SSH; a failure raises CalledProcessError unless `check` is false."""
        command = [*self.ssh_argv(user), shlex.join(argv)]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
        if check and done.returncode != 0:
            raise AssertionError(f"{shlex.join(argv)} on {self.name} ended {done.returncode}: {done.stderr}")
        return done

    def _answers(self) -> bool:
        try:
            with socket.create_connection((self.address, 22), timeout=1) as connection:
                connection.settimeout(1)
                return connection.recv(4) == b"SSH-"
        except OSError:
            return False

    def _leader(self) -> int:
        """Return this machine's id of the host's process 1."""
        supervisor = (self.directory / "pid").read_text().strip()
        children = Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()
        if not children:
            raise LabError(f"{self.name} is not running")
        return int(children[0])

    def _console(self) -> str:
        lines: list[str] = []
        for name in ("power.log", "console.log"):
            file = self.directory / name
            lines += file.read_text(errors="replace").splitlines()[-8:] if file.exists() else []
        return " | ".join(lines) or "silent"


def _until(true: Callable[[], bool], seconds: float, complaint: Callable[[], str]) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise LabError(complaint())
        time.sleep(0.05)


def _processes(cgroup: Path) -> list[int]:
    found = []
    for file in (cgroup / "cgroup.procs", *cgroup.rglob("cgroup.procs")):
        try:
            found += [int(pid) for pid in file.read_text().split()]
        except OSError:  # a group that went away, or one that holds groups only
            continue
    return found


def end_group(cgroup: Path) -> None:
    """Kill everything in a control group and remove it."""
    _kill(cgroup)
    if cgroup.exists():
        for folder in sorted((path for path in (cgroup, *cgroup.rglob("*")) if path.is_dir()), reverse=True):
            _until(partial(_removed, folder), 20, lambda: f"{cgroup} is still in use")


def _removed(folder: Path) -> bool:
    try:
        folder.rmdir()
    except OSError:  # the kernel is not done with the processes that were killed
        return False
    return True


def _kill(cgroup: Path) -> None:
    deadline = time.monotonic() + 20
    while pids := _processes(cgroup):
        if time.monotonic() > deadline:
            raise LabError(f"processes {pids} cannot be killed")
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        time.sleep(0.01)
