"""A real sshd in a namespace of its own: own network with a cable that can be cut, own processes, own boot.

It shares this machine's kernel and files, but not `/root`, `/home`, `/run` and the accounts. The host of the tests in
the lab is more real and slower to start.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from inventory import onhost
from inventory.ssh import Ssh
from inventory.system import Host

OPERATOR = 4711
_INSIDE = """
set -e
mount --bind {where}/root /root
mount --bind {where}/home /home
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/sshd /run/postgresql
mount --bind {where}/sockets /run/postgresql
for place in etc var/lib usr/local/lib; do mount --bind {where}/over/$place /$place; done
mount --bind {where}/boot_id /proc/sys/kernel/random/boot_id
exec /usr/sbin/sshd -D -E {where}/sshd.log -f {where}/sshd_config
"""
_CONFIG = """
ListenAddress {address}:22
HostKey {where}/host_key
AuthorizedKeysFile {where}/key.pub
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin yes
MaxStartups 50
PidFile none
UseDNS no
"""


def run(*argv: object) -> str:
    done = subprocess.run([str(word) for word in argv], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{argv}: {done.stderr}"
    return done.stdout


def sweep() -> None:
    """Remove the networks, and with them the cables, of hosts whose tests were killed."""
    for line in run("ip", "netns").splitlines():
        found = re.match(r"hf-(\d+)-\d+", line)
        if found is not None and not Path(f"/proc/{found[1]}").exists():
            for pid in run("ip", "netns", "pids", found[0]).split():
                with suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
            subprocess.run(["ip", "netns", "del", found[0]], check=False)


class SshHost:
    """One host; `subnet` is a number from 1 to 250 that nothing else on this machine uses."""

    def __init__(self, where: Path, name: str, subnet: int) -> None:
        self.where, self.name, self.address = where, name, f"198.19.{subnet}.2"
        self._namespace, self._cable = f"hf-{os.getpid()}-{subnet}", f"hf{subnet}"
        self.gateway = f"198.19.{subnet}.1"
        self._init: subprocess.Popen[bytes] | None = None
        for folder in ("root", "home/operator", "sockets", "over/var/lib", "over/usr/local/lib"):
            (where / folder).mkdir(parents=True)
        run("cp", "-a", "/etc", where / "over")
        os.chown(where / "home/operator", OPERATOR, OPERATOR)
        account = f"operator:x:{OPERATOR}:{OPERATOR}::/home/operator:/bin/bash\n"
        etc = where / "over/etc"
        (etc / "passwd").write_text(Path("/etc/passwd").read_text() + account)
        (etc / "group").write_text(Path("/etc/group").read_text() + f"operator:x:{OPERATOR}:\n")
        names = [line.split(":")[0] for line in (etc / "passwd").read_text().splitlines()]
        (etc / "shadow").write_text("".join(f"{name}:*:20000:0:99999:7:::\n" for name in names))
        for key in ("host_key", "key"):
            run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", where / key)
        (where / "sshd_config").write_text(_CONFIG.format(where=where, address=self.address))
        self.trust()

    def prepare(self, *allowed: str) -> None:
        """Install the keeper as `inventory host prepare` does: root's, one sudo rule, a list of what it may start."""
        keeper, rule = self.where / "over/usr/local/lib/holdfast/keeper", self.where / "over/etc/sudoers.d/holdfast"
        for file in (keeper, rule, self.where / "over/etc/holdfast/allowed"):
            file.parent.mkdir(parents=True, exist_ok=True)
        keeper.write_bytes(onhost.source())
        keeper.chmod(0o755)
        rule.write_text(f'operator ALL=(root) NOPASSWD: {onhost.INSTALLED} ""\n')
        rule.chmod(0o440)
        (self.where / "over/etc/holdfast/allowed").write_text("".join(f"{line}\n" for line in allowed))

    def unprepare(self) -> None:
        (self.where / "over/etc/sudoers.d/holdfast").unlink(missing_ok=True)

    def trust(self) -> None:
        self.known_hosts.write_text(f"{self.address} {(self.where / 'host_key.pub').read_text()}")

    @property
    def known_hosts(self) -> Path:
        return self.where / "known_hosts"

    def host(self, user: str = "root", **more: object) -> Host:
        given = {"name": self.name, "address": self.address, "user": user, "key_file": str(self.where / "key")}
        return Host.model_validate(given | more)

    def ssh(self, **more: float) -> Ssh:
        """Return quick manners: a link is given up after two silent seconds."""
        return Ssh(self.known_hosts, **({"connect": 3.0, "silence": 2.0, "patience": 30.0} | more))

    def plug_in(self) -> None:
        run("ip", "netns", "add", self._namespace)
        run("ip", "link", "add", f"{self._cable}a", "type", "veth", "peer", "name", "eth0", "netns", self._namespace)
        run("ip", "addr", "add", f"{self.gateway}/24", "dev", f"{self._cable}a")
        run("ip", "link", "set", f"{self._cable}a", "up")
        run("ip", "-n", self._namespace, "addr", "add", f"{self.address}/24", "dev", "eth0")
        run("ip", "-n", self._namespace, "link", "set", "lo", "up")
        run("ip", "-n", self._namespace, "link", "set", "eth0", "up")

    def boot(self) -> None:
        (self.where / "boot_id").write_text(f"{uuid.uuid4()}\n")
        unshare = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--propagation", "private")
        self._init = subprocess.Popen(
            ["ip", "netns", "exec", self._namespace, *unshare, "sh", "-c", _INSIDE.format(where=self.where)],
            stdin=subprocess.DEVNULL,
        )
        self.wait_until(self.answers)

    def power_cut(self) -> None:
        assert self._init is not None
        for pid in self.processes():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._init.wait(10)
        self._init = None

    def cut(self) -> None:
        """Take the cable out at the host's end: from here it is silence, not an error."""
        run("ip", "-n", self._namespace, "link", "set", "eth0", "down")

    def heal(self) -> None:
        run("ip", "-n", self._namespace, "link", "set", "eth0", "up")

    def remove(self) -> None:
        if self._init is not None:
            self.power_cut()
        subprocess.run(["ip", "netns", "del", self._namespace], check=False)
        subprocess.run(["ip", "link", "del", f"{self._cable}a"], check=False, stderr=subprocess.DEVNULL)

    def processes(self) -> list[int]:
        """Return every process of the host, by this machine's ids; its process 1 comes last."""
        assert self._init is not None
        ours = Path(f"/proc/{self._init.pid}/ns/net").readlink()
        found = []
        for entry in Path("/proc").iterdir():
            with suppress(OSError):
                if entry.name.isdigit() and (entry / "ns/net").readlink() == ours:
                    found.append(int(entry.name))
        return sorted(found, reverse=True)

    def matching(self, text: str) -> list[int]:
        """Return the processes of the host whose command line has a text, outside of keepers and ssh."""
        found = []
        for pid in self.processes():
            with suppress(OSError):
                if text.encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
                    found.append(pid)
        return found

    def keepers(self) -> list[int]:
        return self.matching("import base64,zlib")

    def runs(self, user: str = "root") -> list[Path]:
        """Return the directories of runs whose result is still kept."""
        home = self.where / ("root" if user == "root" else f"home/{user}")
        found = (home / ".local/state/holdfast/runs").glob("*")
        return [run for run in found if (run / "state").exists() or (run / "stdout").exists()]

    def wait_until(self, true: Callable[[], bool], seconds: float = 10) -> None:
        deadline = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < deadline, f"{self.name} did not get there in {seconds} seconds"
            time.sleep(0.02)

    def answers(self) -> bool:
        import socket

        with suppress(OSError), socket.create_connection((self.address, 22), timeout=1) as connection:
            connection.settimeout(1)
            return connection.recv(4) == b"SSH-"
        return False
