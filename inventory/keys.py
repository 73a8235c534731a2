"""Public keys as OpenSSH writes them: which kinds may sign an approval, and their fingerprints. Pure."""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator

SHORTEST_RSA = 3072
_LONGEST_TEXT = 16_384
_POINTS = {"ecdsa-sha2-nistp256": 65, "ecdsa-sha2-nistp384": 97, "ecdsa-sha2-nistp521": 133}
_PARTS = {
    "ssh-ed25519": 1,
    "ssh-rsa": 2,
    "ecdsa-sha2-nistp256": 2,
    "ecdsa-sha2-nistp384": 2,
    "ecdsa-sha2-nistp521": 2,
    "sk-ssh-ed25519@openssh.com": 2,
    "sk-ecdsa-sha2-nistp256@openssh.com": 3,
}
KINDS = tuple(_PARTS)


@dataclass(frozen=True)
class PublicKey:
    """A key: its kind (`ssh-ed25519`) and the bytes that OpenSSH hashes into its fingerprint."""

    kind: str
    blob: bytes

    @property
    def fingerprint(self) -> str:
        """Return `SHA256:…`, as `ssh-keygen -l` shows it."""
        return fingerprint(self.blob)

    @property
    def line(self) -> str:
        """Return it as OpenSSH writes it, without a comment."""
        return f"{self.kind} {base64.b64encode(self.blob).decode()}"


def parse(text: str) -> PublicKey:
    """Read a public key: `ssh-ed25519 AAAA… comment`.

    Raises:
        ValueError: it is none, or a kind or size that may not sign.
    """
    words = text.split()
    if "\n" in text.strip() or len(text) > _LONGEST_TEXT or len(words) < 2:
        raise ValueError("is no public key; copy the one line of a file like ~/.ssh/id_ed25519.pub")
    if words[0] not in _PARTS:
        raise ValueError(f"is a key of the kind {words[0][:40]!r}; kinds that may sign: {', '.join(KINDS)}")
    try:
        blob = base64.b64decode(words[1], validate=True)
        kind, *parts = fields(blob)
    except (binascii.Error, ValueError) as error:
        raise ValueError("is no whole public key; copy the line again") from error
    if kind != words[0].encode() or not _fits(words[0], parts):
        raise ValueError("is no whole public key; copy the line again")
    if words[0] == "ssh-rsa" and (bits := int.from_bytes(parts[1], "big").bit_length()) < SHORTEST_RSA:
        raise ValueError(f"is an RSA key of {bits} bits; at least {SHORTEST_RSA} are needed (better: ed25519)")
    return PublicKey(words[0], blob)


def _fits(kind: str, parts: list[bytes]) -> bool:
    """Tell whether a key has the parts of its kind, in their sizes."""
    if len(parts) != _PARTS[kind]:
        return False
    if kind == "ssh-rsa":
        return all(parts)
    if kind.endswith("ed25519") or kind.startswith("sk-ssh-ed25519"):
        return len(parts[0]) == 32
    curve = parts[0].decode(errors="replace")
    return len(parts[1]) == _POINTS.get(f"ecdsa-sha2-{curve}", 0) and curve in kind


def fields(blob: bytes) -> list[bytes]:
    """Split what SSH writes as lengths and bytes.

    Raises:
        ValueError: a length that does not fit.
    """
    found, rest = [], blob
    while rest:
        if len(rest) < 4 or len(rest) - 4 < (length := int.from_bytes(rest[:4], "big")):
            raise ValueError("a length does not fit")
        found.append(rest[4 : 4 + length])
        rest = rest[4 + length :]
    return found


def fingerprint(blob: bytes) -> str:
    """Return a key's fingerprint as `ssh-keygen -l` shows it."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def _checked(text: str) -> str:
    parse(text)
    return text


def _checked_if_given(text: str) -> str:
    return _checked(text) if text else text


KeyText = Annotated[str, AfterValidator(_checked)]
"""A public key as people.yml holds it."""

KeyOrNone = Annotated[str, AfterValidator(_checked_if_given)]
"""The same, or an empty text."""
