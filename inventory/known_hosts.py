"""known_hosts as OpenSSH reads it: whose keys a file holds, and the file with keys put in or taken out. Pure."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from inventory.errors import RefusedError
from inventory.keys import PublicKey, fields
from inventory.system import Host

FILE = "known_hosts"
DEFAULT_PORT = 22
_MARKERS = ("@revoked", "@cert-authority")
_HASHED = "|1|"


@dataclass(frozen=True)
class Entry:
    """One line: its number from 1, its marker (`@revoked` or empty), the names as written, the key."""

    number: int
    marker: str
    names: str
    key: PublicKey


def name_of(host: Host) -> str:
    """Return what OpenSSH looks a host up by: its address, with the port if it is not 22."""
    address = (host.address or host.name).lower()
    return address if host.port == DEFAULT_PORT else f"[{address}]:{host.port}"


def read_key(kind: str, text: str) -> PublicKey | None:
    """Return a public key from its two words, or None if they are none."""
    try:
        blob = base64.b64decode(text, validate=True)
        first, *rest = fields(blob)
    except (binascii.Error, ValueError):
        return None
    return PublicKey(kind, blob) if first == kind.encode(errors="replace") and rest else None


def entries(text: str, name: str) -> list[Entry]:
    """Return the lines that hold keys of a host; certificate authorities are nobody's own key and left out."""
    return [entry for entry in _read(text) if entry.marker != "@cert-authority" and _matches(entry.names, name)]


def known(text: str, name: str) -> list[PublicKey]:
    """Return the keys OpenSSH would take for a host's."""
    return [entry.key for entry in entries(text, name) if not entry.marker]


def revoked(text: str, name: str) -> list[PublicKey]:
    """Return the keys that must never be taken for a host's again."""
    return [entry.key for entry in entries(text, name) if entry.marker == "@revoked"]


def with_keys(text: str, name: str, keys: Iterable[PublicKey]) -> str:
    """Return the file with more keys of a host at its end, one a line, plain; those it has are not written twice."""
    there = {key.blob for key in known(text, name)}
    begun = text if text.endswith("\n") or not text else f"{text}\n"
    return begun + "".join(f"{name} {key.line}\n" for key in keys if key.blob not in there)


def without(text: str, name: str) -> str:
    """Return the file without a host's keys; lines shared with others keep the others' names.

    Raises:
        RefusedError: a line names the host only by a pattern, so that taking it out would concern others too.
    """
    lines: list[str | None] = [*text.split("\n")]
    for entry in entries(text, name):
        if entry.marker:
            continue
        left = [part for part in entry.names.split(",") if not _is(part, name)]
        if left and _matches(",".join(left), name):
            raise RefusedError(
                f"line {entry.number} of known_hosts names {name} by a pattern: {entry.names[:80]}",
                hint="change that line by hand: it may hold for other hosts too",
            )
        old = text.split("\n")[entry.number - 1]
        lines[entry.number - 1] = old.replace(entry.names, ",".join(left), 1) if left else None
    return "\n".join(line for line in lines if line is not None)


def _read(text: str) -> Iterator[Entry]:
    for number, line in enumerate(text.split("\n"), start=1):  # as OpenSSH does: nothing else ends a line or a word
        words = [word for word in re.split(r"[ \t\r]+", line) if word]
        marker = words.pop(0) if words and words[0] in _MARKERS else ""
        if len(words) >= 3 and not words[0].startswith("#") and (key := read_key(words[1], words[2])) is not None:
            yield Entry(number, marker, words[0], key)


def _matches(names: str, name: str) -> bool:
    """Tell whether a line is about a host; `!pattern` takes back what another pattern says."""
    parts = names.split(",")
    if any(part.startswith("!") and _is_like(part[1:], name) for part in parts):
        return False
    return any(_is_like(part, name) for part in parts)


def _is_like(part: str, name: str) -> bool:
    if part.startswith(_HASHED):
        return _is(part, name)
    pattern = "".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in part.lower())
    return re.fullmatch(pattern, name) is not None


def _is(part: str, name: str) -> bool:
    """Tell whether one name on a line is this very host, plain or hashed."""
    if not part.startswith(_HASHED):
        return part.lower() == name
    salt, _, digest = part.removeprefix(_HASHED).partition("|")
    try:
        wanted = base64.b64decode(digest, validate=True)
        made = hmac.digest(base64.b64decode(salt, validate=True), name.encode(), hashlib.sha1)
    except binascii.Error:
        return False
    return hmac.compare_digest(made, wanted)
