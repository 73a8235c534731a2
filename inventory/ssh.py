"""How ssh is called, and what its failures mean. Pure: arguments in, words out."""

from __future__ import annotations

import os
import re
import shlex
from dataclasses import dataclass, replace
from pathlib import Path

from inventory import onhost
from inventory.command import UnreachableError
from inventory.errors import ExitCode, HoldfastError, RefusedError
from inventory.system import Host

SSH = ("ssh", "smart", "paramiko", "paramiko_ssh")
"""What Ansible calls the connections that are SSH."""

_SSH_FAILED = 255


class HostKeyUnknownError(UnreachableError):
    """The site's known_hosts does not know the host's key (exit 3)."""


class HostKeyChangedError(RefusedError):
    """The host shows another key than the site's known_hosts has: nothing is sent to it (exit 4)."""


class NotPreparedError(HoldfastError):
    """The host lacks what running programs on it needs: Python, or the keeper for root's (exit 3)."""


@dataclass(frozen=True)
class Ssh:
    """How hosts are reached; all times in seconds.

    A connection that says nothing for `silence` is given up and made anew, for up to `patience`; when nobody comes
    back for that long the program is ended on its host. After its connection was closed it has `linger`.
    """

    known_hosts: Path
    connect: float = 10.0
    silence: float = 15.0
    patience: float = 600.0
    linger: float = 5.0

    def hurried(self, seconds: float) -> Ssh:
        """Return manners for a question whose answer is worth something for so long only."""
        return replace(self, connect=min(self.connect, seconds, 5.0), patience=min(self.patience, seconds))


def is_roots(host: Host) -> bool:
    """Tell whether the login on a host is root's."""
    return host.user == "root" or (not host.user and os.geteuid() == 0)


def by_sudo(host: Host, *, as_root: bool) -> bool:
    """Tell whether a command goes through the keeper that lies on the host."""
    return as_root and not is_roots(host)


def arguments(host: Host, ssh: Ssh, *, as_root: bool = False) -> list[str]:
    """Return the words that call ssh. What is to be run is never among them: it goes through the connection."""
    options = {
        "BatchMode": "yes",
        "StrictHostKeyChecking": "yes",
        "UserKnownHostsFile": _quoted(ssh.known_hosts.resolve()),
        "GlobalKnownHostsFile": "none",
        "UpdateHostKeys": "no",
        "ConnectTimeout": str(max(1, round(ssh.connect))),
        "ServerAliveInterval": str(max(1, round(ssh.silence / 3))),
        "ServerAliveCountMax": "3",
        "ControlMaster": "no",
        "ControlPath": "none",
        "ForwardAgent": "no",
        "ClearAllForwardings": "yes",
        "PermitLocalCommand": "no",
        "RemoteCommand": "none",
        "RequestTTY": "no",
        "EscapeChar": "none",
        "LogLevel": "ERROR",
        "Port": str(host.port),
    }
    if host.user:
        options["User"] = host.user
    if host.key_file:
        options |= {"IdentityFile": _quoted(Path(host.key_file).expanduser()), "IdentitiesOnly": "yes"}
    words = ["ssh", *(word for name, value in options.items() for word in ("-o", f"{name}={value}"))]
    return [*words, "--", host.address or host.name, remote_line(host, as_root=as_root)]


def remote_line(host: Host, *, as_root: bool) -> str:
    """Return what the login's shell is given: one of two fixed texts, whatever is to be run."""
    if by_sudo(host, as_root=as_root):
        return f"sudo -n {onhost.INSTALLED}"
    return f"python3 -IS -c {shlex.quote(onhost.BOOTSTRAP)}"


def _quoted(path: Path) -> str:
    """Quote a path for ssh's options, which have quotes, a percent sign and variables of their own."""
    return '"' + str(path).replace("%", "%%").replace('"', '\\"') + '"'


def failure(host: Host, exit_code: int | None, said: str, *, began: bool = False) -> HoldfastError:
    """Turn ssh's end before a program began into a named error.

    Args:
        host: where it was to run.
        exit_code: ssh's: 255 when it failed itself, else that of what ran on the host; none or negative: it was ended.
        said: what ssh and the host wrote to their error output.
        began: whether the keeper had said its first word.
    """
    name, reason = host.name, plain(said)
    if exit_code is not None and 0 <= exit_code < _SSH_FAILED and not began:
        return _unprepared(host, said, reason)
    if "HOST IDENTIFICATION HAS CHANGED" in said:
        return HostKeyChangedError(
            f"{name} shows another host key than the site's known_hosts has; nothing was sent to it",
            hint=f"compare it at the host's console; if it was set up anew: holdfast inventory host trust {name}",
        )
    if "host key is known" in said or "Host key verification failed" in said:
        return HostKeyUnknownError(
            f"the host key of {name} is not known to this site", hint=f"holdfast inventory host trust {name}"
        )
    if "Permission denied" in said or "Too many authentication failures" in said:
        user = f"{host.user}@" if host.user else ""
        return UnreachableError(
            f"{name} lets nobody in with this user and key: {reason}",
            hint=f"check ansible_user and ansible_ssh_private_key_file of {name}: ssh {user}{host.address or name}",
        )
    return UnreachableError(
        f"{name} cannot be reached: {reason or 'ssh said nothing'}",
        hint=f"check that {host.address or name}:{host.port} is on and reachable, then run the command again",
    )


def certain(error: HoldfastError, said: str, *, began: bool = False) -> bool:
    """Tell whether ssh failed before anything could have reached the host."""
    if error.exit_code == ExitCode.REFUSED or isinstance(error, (HostKeyUnknownError, NotPreparedError)):
        return True
    return (
        not began
        and re.search(r"ssh: |Permission denied|banner exchange|kex_exchange|authentication failures", said) is not None
    )


def _unprepared(host: Host, said: str, reason: str) -> HoldfastError:
    if "sudo" in said or "holdfast/keeper" in said:
        return NotPreparedError(
            f"{host.name} lets Holdfast run nothing as root: {reason}",
            hint=f"holdfast inventory host prepare {host.name}",
        )
    if "python3" in said:
        return NotPreparedError(f"{host.name} has no python3: {reason}", hint=f"install python3 on {host.name}")
    return NotPreparedError(
        f"{host.name} could not begin the command: {reason or 'it said nothing'}",
        hint=f"check the login of {host.user or 'your user'} on {host.name}",
    )


def plain(text: str) -> str:
    """Return the last line of what a host said, safe to show."""
    lines = [re.sub(r"[^\x20-\x7e\xa0-\uffff]", "", line).strip() for line in text.splitlines()]
    return next((line for line in reversed(lines) if line), "")[:300]
