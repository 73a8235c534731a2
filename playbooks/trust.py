"""Trusting a host: its keys into the site's known_hosts and the ledger, and out again."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from inventory import hostkeys, known_hosts
from inventory.errors import HoldfastError, RefusedError
from inventory.hostkeys import Judged
from inventory.keys import PublicKey
from inventory.site import Site
from inventory.system import Host
from ledger import durable
from ledger.ledger import Ledger

TRUSTED = "host.trusted"


@dataclass(frozen=True)
class Offer:
    """Keys said to be a host's, held against the known ones; `source` says where they come from."""

    host: Host
    judged: Judged
    source: str

    def document(self, compared: str = "") -> dict[str, Any]:
        """Return what `inventory host trust --json` prints."""
        return {
            "host": self.host.name,
            "name": known_hosts.name_of(self.host),
            "state": self.judged.state,
            "keys": [{"kind": key.kind, "fingerprint": key.fingerprint} for key in self.judged.offered],
            "source": self.source,
            "compared": compared,
        }


def offer(site: Site, host: Host, brought: Path | None = None, fingerprints: Sequence[str] = ()) -> Offer:
    """Get a host's keys, from the host or from a file, and hold them against the known ones. Writes nothing.

    With a file the host is asked too: one that answers must show one of the file's keys.

    Raises:
        UsageError: the host is not reached over SSH, or a fingerprint or the file is none.
        UnreachableError: without a file, the host showed no key.
        RefusedError: a fingerprint given or the file does not fit what the host shows, or a key was revoked.
    """
    hostkeys.require_ssh(host)
    keys = hostkeys.scan(host) if brought is None else hostkeys.read_file(brought)
    source = "the host, over the network" if brought is None else f"{brought.name}, {_held_against(host, keys)}"
    chosen = hostkeys.compare(keys, fingerprints, host.name) if fingerprints else keys
    text, name = _text(site), known_hosts.name_of(host)
    if gone := [key for key in known_hosts.revoked(text, name) if key in keys]:
        raise RefusedError(
            f"{host.name} has a key that known_hosts calls revoked: {gone[0].fingerprint}",
            hint="make new host keys on it, or take the @revoked line out if it is wrong",
        )
    judged = hostkeys.judge(keys, known_hosts.known(text, name))
    return Offer(host, replace(judged, offered=chosen), source)


def _held_against(host: Host, keys: Sequence[PublicKey]) -> str:
    try:
        shown = hostkeys.scan(host)
    except HoldfastError:
        return "the host did not answer"
    if not set(keys) & set(shown):
        raise RefusedError(
            f"{host.name} shows {', '.join(key.fingerprint for key in shown)}, which is not in the file",
            hint="look at the file again; if it is right, somebody else answers at that address",
        )
    return "the host shows the same"


def trust(site: Site, ledger: Ledger, found: Offer, compared: str, reason: str = "") -> None:
    """Write the keys in place of those known before, and record it; neither stays without the other.

    Raises:
        HoldfastError: known_hosts or the ledger cannot be written; then known_hosts is as it was.
    """
    name = known_hosts.name_of(found.host)
    with _changing(site) as change:
        change(lambda text: known_hosts.with_keys(known_hosts.without(text, name), name, found.judged.offered))
        record(ledger, found, compared, reason)


def record(ledger: Ledger, found: Offer, compared: str, reason: str = "") -> None:
    """Record whose keys are trusted; of a host that was known before only those that were known."""
    judged = found.judged
    trusted = judged.known if judged.state == "known" else judged.offered
    body = {
        "host": found.host.name,
        "name": known_hosts.name_of(found.host),
        "keys": [{"kind": key.kind, "fingerprint": key.fingerprint} for key in trusted],
        "source": found.source,
        "compared": compared,
        "replaced": [key.fingerprint for key in judged.known if judged.state == "changed"],
        "reason": reason,
    }
    ledger.append(TRUSTED, body)


def distrust(site: Site, host: Host) -> list[str]:
    """Take a host's keys out of known_hosts; returns their fingerprints."""
    name = known_hosts.name_of(host)
    gone = [key.fingerprint for key in known_hosts.known(_text(site), name)]
    if gone:
        with _changing(site) as change:
            change(lambda text: known_hosts.without(text, name))
    return gone


def is_recorded(ledger: Ledger, host: Host, keys: Sequence[PublicKey]) -> bool:
    """Tell whether the ledger says that these keys were trusted as this host's."""
    wanted = {key.fingerprint for key in keys}
    bodies = [record.body for record in ledger.read(kinds=(TRUSTED,)) if record.body.get("host") == host.name]
    return any(wanted & {key["fingerprint"] for key in body["keys"]} for body in bodies)


Change = Callable[[Callable[[str], str]], None]


@contextmanager
def _changing(site: Site) -> Iterator[Change]:
    """Change known_hosts alone; if what follows fails, it is put back."""
    file = site.root / known_hosts.FILE
    descriptor = os.open(site.root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        before = _text(site)
        try:
            yield lambda edit: _write(file, edit(before))
        except BaseException:
            if _text(site) != before:
                _write(file, before)
            raise
    finally:
        os.close(descriptor)


def _text(site: Site) -> str:
    file = site.root / known_hosts.FILE
    try:
        return file.read_text(encoding="utf-8", errors="surrogateescape")
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise HoldfastError(f"{file} cannot be read: {error.strerror}", hint=f"ls -l {file}") from error


def _write(file: Path, text: str) -> None:
    mode = file.stat().st_mode & 0o777 if file.exists() else 0o644
    try:
        durable.write(file, text.encode("utf-8", errors="surrogateescape"), mode=mode)
    except OSError as error:
        raise HoldfastError(f"{file} cannot be written: {error.strerror}", hint=f"ls -ld {file.parent}") from error
