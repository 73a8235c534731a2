"""A control host of its own on this machine: the same system, seen through a private mount namespace.

/etc, /var, /srv, /home and /usr/local are overlays whose upper layers vanish with the namespace, so users, sudo rules
and units are made for real and leave nothing behind. Holdfast is installed into /opt/holdfast, for root.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from tests.test_layout import PACKAGES, ROOT

PYTHON = "/usr/bin/python3"
SITE = Path("/etc/holdfast/site")
STATE = Path("/var/lib/holdfast/try-1")
HOLDFAST = "/opt/holdfast/bin/holdfast"
_MOUNTS = """
set -e
mount -t tmpfs -o mode=755 none "$1"
for name in etc var srv home usr/local opt; do
  mkdir -p "$1/up/$name" "$1/aside/$name"
  mount -t overlay overlay -o "lowerdir=/$name,upperdir=$1/up/$name,workdir=$1/aside/$name" "/$name"
done
mount -t tmpfs -o mode=755 none /run
mount -t proc none /proc
mkdir -p /opt/holdfast
mount --bind "$2" /opt/holdfast
mount -o remount,bind,ro /opt/holdfast
echo ready
exec sleep infinity
"""
PEOPLE = """
people:
  - {name: Lan, login: lan, roles: [operator]}
  - {name: Minh, login: minh, roles: [viewer]}
  - {name: Hoa, login: hoa, roles: [responder, approver]}
"""
_SETTINGS = "site: try-1\nvaults: {main: {path: /srv/vault}}\n"
_INVENTORY = """
edoc:
  hosts: {here: {ansible_connection: local, holdfast_root: /srv/host}}
  vars:
    system:
      name: Documents
      data: [{files: [/srv/edoc], host: here}]
      copies: [{vault: main, every: 6h}]
      logs: [{host: here, file: /var/log/auth.log}]
"""
FILES = {
    SITE / "holdfast.yml": _SETTINGS,
    SITE / "people.yml": PEOPLE,
    SITE / "inventory/edoc.yml": _INVENTORY,
    Path("/srv/host/srv/edoc/one.txt"): "one\n",
}


def missing() -> str:
    """Return why there can be no such host here (empty: there can)."""
    if os.geteuid() != 0:
        return "a control host of its own needs root"
    for tool in ("unshare", "nsenter", "sudo", "visudo", "useradd", "runuser"):
        if shutil.which(tool) is None:
            return f"{tool} is not installed"
    if not Path(PYTHON).exists():
        return f"{PYTHON} is not installed"
    same = subprocess.run(
        [PYTHON, "-c", "import sys; print(sys.version_info[:2])"], capture_output=True, text=True, check=False
    )
    return "" if same.stdout.strip() == str(sys.version_info[:2]) else f"{PYTHON} is another Python than the tests'"


def install(place: Path) -> Path:
    """Make the environment that lies at /opt/holdfast: the system's Python, our packages and what they need."""
    subprocess.run([PYTHON, "-m", "venv", "--without-pip", place], check=True)
    site_packages = next((place / "lib").glob("python3.*/site-packages"))
    ours = next((Path(sys.prefix) / "lib").glob("python3.*/site-packages"))
    shutil.copytree(
        ours, site_packages, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__", "*.pth", "mypy*")
    )
    for package in PACKAGES:
        shutil.copytree(ROOT / package, site_packages / package, ignore=shutil.ignore_patterns("__pycache__"))
    program = place / "bin" / "holdfast"
    program.write_text("#!/opt/holdfast/bin/python -I\nfrom cli.app import main\nmain()\n")
    program.chmod(0o755)
    restic = ROOT / ".tools" / "restic"
    if restic.exists():
        shutil.copy(restic, place / "bin" / "restic")
    subprocess.run(["chmod", "-R", "go-w", place], check=True)
    subprocess.run(["chmod", "-R", "a+rX", place], check=True)
    return place


class ControlHost:
    """One such host; `run` runs a command on it as root, `as_` as somebody."""

    def __init__(self, scratch: Path, program: Path) -> None:
        scratch.mkdir()
        apart = ("--mount", "--propagation", "private", "--pid", "--fork", "--kill-child")
        words = ("unshare", *apart, "sh", "-c", _MOUNTS, "sh", str(scratch), str(program))
        self._inside = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self._inside.stdout is not None
        if self._inside.stdout.readline().strip() != "ready":
            raise OSError(self._inside.communicate()[1])
        self._first = Path(f"/proc/{self._inside.pid}/task/{self._inside.pid}/children").read_text().strip()
        for login in ("lan", "minh", "hoa", "tung"):
            self.run("useradd", "--create-home", "--shell", "/bin/bash", login)
        for file, text in FILES.items():
            self.write(file, text)
        self.run("chmod", "-R", "a+rX", "/srv/host", str(SITE))

    def run(self, *words: str, stdin: str = "", check: bool = True) -> subprocess.CompletedProcess[str]:
        inside = ("nsenter", "--mount", "--pid", "--wd=/", "--target", self._first, "--")
        plain = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}
        done = subprocess.run((*inside, *words), input=stdin, capture_output=True, text=True, check=False, env=plain)
        assert not check or done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
        return done

    def as_(self, login: str, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return self.run("runuser", "-u", login, "--", *words, stdin=stdin, check=False)

    def sudo(self, login: str, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Type `sudo -u holdfast holdfast WORDS` as somebody, with variables of their own set."""
        own = [f"{name}={value}" for name, value in variables.items()]
        command = ("env", *own, "sudo", "-n", "-u", "holdfast", "/usr/local/bin/holdfast", *words)
        return self.as_(login, *command)

    def holdfast(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run the program as root, as it was installed."""
        return self.run(HOLDFAST, "--site", str(SITE), *words, check=check)

    def write(self, file: Path, text: str, mode: str = "644") -> None:
        self.run("mkdir", "-p", str(file.parent))
        self.run("sh", "-c", 'cat >"$1" && chmod "$2" "$1"', "sh", str(file), mode, stdin=text)

    def read(self, file: Path) -> str:
        return self.run("cat", str(file)).stdout

    def exists(self, file: Path) -> bool:
        return self.run("test", "-e", str(file), check=False).returncode == 0

    def end(self) -> None:
        self._inside.send_signal(signal.SIGKILL)
        self._inside.communicate()


def picture(host: ControlHost) -> str:
    """Return every file below the places setup writes to, with owner, mode and content's digest."""
    places = "/etc/holdfast /etc/sudoers.d /etc/systemd/system /usr/local/bin /var/lib/holdfast /etc/passwd /etc/group"
    script = "find $0 -printf '%p %u %m %y\\n' 2>/dev/null | sort; find $0 -type f 2>/dev/null | sort | xargs sha256sum"
    return host.run("sh", "-c", script, places).stdout
