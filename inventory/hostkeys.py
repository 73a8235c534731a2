"""A host's own keys: shown by the host or brought on paper, read, and held against those that are known."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Literal

from inventory import keys, known_hosts, reach
from inventory.errors import RefusedError, UsageError
from inventory.keys import PublicKey
from inventory.reach import UnreachableError
from inventory.system import Host

_SCAN_SECONDS = 10
_MOST_KEYS = 32
_FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}=?")
_NAMES = {"ssh-ed25519": "ED25519", "ssh-rsa": "RSA"}  # as ssh-keygen shows them; the ECDSA kinds begin alike
_ON_CONSOLE = "for key in /etc/ssh/ssh_host_*_key.pub; do ssh-keygen -lf $key; done"

State = Literal["new", "known", "changed"]


@dataclass(frozen=True)
class Judged:
    """Keys a host is said to have, and those known for it.

    `new`: none was known. `known`: one of them was, and none differs. `changed`: another key is known.
    """

    state: State
    offered: tuple[PublicKey, ...]
    known: tuple[PublicKey, ...]


def require_ssh(host: Host) -> None:
    """Refuse a host whose key cannot be known: it has none, or only Ansible can tell where it is.

    Raises:
        UsageError: it is not reached over SSH, or its address or port is a template or encrypted.
    """
    if host.connection not in {"ssh", "smart", "paramiko", "paramiko_ssh"}:
        raise UsageError(
            f"{host.name} is reached over {host.connection}, not over SSH: it has no host key",
            hint=f"look at ansible_connection of {host.name} in the inventory",
        )
    if host.unclear:
        raise UsageError(
            f"where {host.name} is cannot be known here: {', '.join(host.unclear)}",
            hint="write its address and port into the inventory as they are",
        )


def scan(host: Host) -> tuple[PublicKey, ...]:
    """Ask a host over the network for its keys; whoever answers there may be an impostor.

    Raises:
        UnreachableError: it showed none.
    """
    address = host.address or host.name
    argv = ("ssh-keyscan", "-T", str(_SCAN_SECONDS), "-p", str(host.port), "--", address)
    said = reach.run(reach.Command(argv, limit=_SCAN_SECONDS * 3)).stdout
    if not (found := read(said)):
        raise UnreachableError(
            f"{host.name} ({address} port {host.port}) showed no host key",
            hint=f"bring the key from its console: holdfast inventory host trust {host.name} --from FILE",
        )
    return found


def read(text: str) -> tuple[PublicKey, ...]:
    """Return the host keys in a text: lines of `.pub` files, known_hosts or ssh-keyscan; others are passed over."""
    found: dict[bytes, PublicKey] = {}
    for line in text.splitlines():
        words = line.split()
        for kind, blob in pairwise(words[:3]):
            if kind in keys.KINDS and (key := known_hosts.read_key(kind, blob)) is not None:
                found[key.blob] = key
    return tuple(sorted(found.values(), key=lambda key: keys.KINDS.index(key.kind)))[:_MOST_KEYS]


def read_file(file: Path) -> tuple[PublicKey, ...]:
    """Return the keys of a file that was brought from the host.

    Raises:
        UsageError: it cannot be read or holds none.
    """
    try:
        found = read(file.read_text(encoding="utf-8", errors="replace"))
    except OSError as error:
        raise UsageError(
            f"{file} cannot be read: {error.strerror}", hint="name the file with the host's key"
        ) from error
    if not found:
        hint = "copy a file /etc/ssh/ssh_host_*_key.pub of the host"
        raise UsageError(f"{file} holds no public host key", hint=hint)
    return found


def judge(offered: Sequence[PublicKey], known: Sequence[PublicKey]) -> Judged:
    """Hold a host's keys against those known for it; a known key that is not among them makes it changed, unless
    it is of a kind the host does not show while another known key is shown."""
    blobs, kinds = {key.blob for key in offered}, {key.kind for key in offered}
    state: State = "new"
    if known:
        same = any(key.blob in blobs for key in known)
        other = any(key.blob not in blobs and key.kind in kinds for key in known)
        state = "known" if same and not other else "changed"
    return Judged(state, tuple(offered), tuple(known))


def compare(offered: Sequence[PublicKey], fingerprints: Sequence[str], name: str) -> tuple[PublicKey, ...]:
    """Return the keys whose fingerprints were given.

    Raises:
        UsageError: one is no fingerprint.
        RefusedError: one belongs to none of the keys.
    """
    for text in fingerprints:
        if not _FINGERPRINT.fullmatch(text):
            raise UsageError(f"{text!r} is no fingerprint", hint=f"on the host: {_ON_CONSOLE}")
    wanted = [text.rstrip("=") for text in fingerprints]
    if strange := [text for text in wanted if text not in {key.fingerprint for key in offered}]:
        shown = ", ".join(key.fingerprint for key in offered)
        raise RefusedError(
            f"{name} shows {shown}, not {', '.join(strange)}; nothing was written",
            hint="look at the fingerprint again; if it is right, somebody else answers at that address",
        )
    return tuple(key for key in offered if key.fingerprint in wanted)


def shown(key: PublicKey, comment: str) -> str:
    """Return a key as `ssh-keygen -l` shows it, so that the two can be compared letter by letter."""
    return f"{bits(key)} {key.fingerprint} {comment} ({_NAMES.get(key.kind, 'ECDSA')})"


def bits(key: PublicKey) -> int:
    """Return a key's size in bits."""
    parts = keys.fields(key.blob)
    if key.kind == "ssh-rsa":
        return int.from_bytes(parts[-1], "big").bit_length()
    found = re.search(rb"nistp(\d+)", parts[0])
    return int(found[1]) if found else 256


def how_to_compare(host: Host) -> str:
    """Return what to do at the host's console."""
    return f"compare at the console of {host.name}, not over the network: {_ON_CONSOLE}"
