"""Hosts that are only directories: one on which every provable control fails, and the mending done by hand."""

from __future__ import annotations

import shutil
from pathlib import Path

WEAK_SSHD = """\
PermitRootLogin yes
PermitEmptyPasswords yes
MaxAuthTries 10
LoginGraceTime 1h
MaxSessions 100
HostbasedAuthentication yes
IgnoreRhosts no
StrictModes no
PermitUserEnvironment yes
PubkeyAuthentication no
X11Forwarding yes
AllowAgentForwarding yes
AllowTcpForwarding yes
GatewayPorts yes
PermitTunnel yes
LogLevel QUIET
ClientAliveInterval 0
ClientAliveCountMax 0
Ciphers +aes128-cbc
MACs +hmac-md5
KexAlgorithms +diffie-hellman-group1-sha1
PasswordAuthentication yes
Match User guest
    PermitEmptyPasswords yes
"""
WEAK_LOGIN_DEFS = """\
PASS_MAX_DAYS 99999
PASS_MIN_DAYS 0
PASS_WARN_AGE 1
LOGIN_RETRIES 100
LOGIN_TIMEOUT 0
UMASK 000
ENCRYPT_METHOD MD5
"""
WEAK_PASSWD = """\
root:x:0:0:root:/root:/bin/bash
toor:x:0:0:root:/root:/bin/bash
games:x:5:60:games:/usr/games:/bin/sh
ann:x:1000:1000::/home/ann:/bin/bash
+::::::
"""
GOOD_PASSWD = """\
root:x:0:0:root:/root:/bin/bash
games:x:5:60:games:/usr/games:/usr/sbin/nologin
ann:x:1000:1000::/home/ann:/bin/bash
"""
_FILES = {
    "/etc/ssh/sshd_config": (WEAK_SSHD, 0o644),
    "/etc/ssh/ssh_host_ed25519_key": ("not a real key\n", 0o644),
    "/etc/login.defs": (WEAK_LOGIN_DEFS, 0o644),
    "/etc/passwd": (WEAK_PASSWD, 0o666),
    "/etc/group": ("root:x:0:\n", 0o666),
    "/etc/shadow": ("root:$1$abc$def:1:0:99999:7:::\nann::1:0:99999:7:::\n", 0o644),
    "/etc/gshadow": ("root:*::\n", 0o644),
    "/etc/shadow-": ("root:$1$abc$def:1:0:99999:7:::\n", 0o644),
    "/etc/gshadow-": ("root:*::\n", 0o644),
    "/etc/crontab": ("# nothing\n", 0o644),
    "/etc/sudoers": ("Defaults !authenticate\nann ALL=(ALL) NOPASSWD: ALL\n", 0o640),
    "/etc/open.conf": ("everybody = yes\n", 0o666),
    "/etc/systemd/journald.conf": ("[Journal]\nStorage=volatile\n", 0o644),
    "/etc/systemd/system/multi-user.target.wants/telnet.socket": ("", 0o644),
    "/etc/systemd/system/multi-user.target.wants/avahi-daemon.service": ("", 0o644),
    "/var/log/auth.log": ("", 0o644),
    "/var/log/secure": ("", 0o644),
}
_FOLDERS = {"/etc/cron.d": 0o755, "/etc/cron.daily": 0o755, "/etc/sudoers.d": 0o755}


def weak(root: Path) -> Path:
    """Make a host on which every control that a directory host can prove fails."""
    for path, (content, mode) in _FILES.items():
        put(root, path, content, mode)
    for path, mode in _FOLDERS.items():
        (root / path[1:]).mkdir(parents=True, exist_ok=True)
        (root / path[1:]).chmod(mode)
    return root


def mend_by_hand(root: Path) -> None:
    """Do on a weak host what no role does."""
    put(root, "/etc/passwd", GOOD_PASSWD)
    put(root, "/etc/shadow", "root:!*:1:0:99999:7:::\nann:$y$j9T$abc$def:1:0:99999:7:::\n")
    put(root, "/etc/sudoers", "holdfast ALL=(ALL) NOPASSWD: ALL\nann ALL=(ALL) ALL\n")
    put(root, "/etc/systemd/journald.conf", "[Journal]\nStorage=persistent\n")
    sshd = root / "etc/ssh/sshd_config"
    sshd.write_text(sshd.read_text().partition("Match ")[0])
    wants = root / "etc/systemd/system/multi-user.target.wants"
    shutil.rmtree(wants)
    for name in ("chrony.service", "nftables.service", "auditd.service"):
        put(root, f"/etc/systemd/system/multi-user.target.wants/{name}", "")


def put(root: Path, path: str, content: str, mode: int | None = None) -> None:
    """Write a file of a directory host; without a mode an existing file keeps its own."""
    file = root / path[1:]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content)
    if mode is not None:
        file.chmod(mode)


def picture(root: Path) -> dict[str, tuple[int, float, bytes]]:
    """Return everything about every file: mode, time of change, bytes."""
    return {
        str(path.relative_to(root)): (
            path.lstat().st_mode,
            path.lstat().st_mtime,
            path.read_bytes() if path.is_file() else b"",
        )
        for path in sorted(root.rglob("*"))
    }
