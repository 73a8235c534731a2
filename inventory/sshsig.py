"""The form of an SSH signature (OpenSSH PROTOCOL.sshsig): whose key made it, and what for. Pure.

Whether it is good is not seen here: OpenSSH itself verifies.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

from inventory.keys import PublicKey, fields

_BEGIN, _END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
LARGEST = 65_536
_MAGIC = b"SSHSIG" + (1).to_bytes(4, "big")


class SignatureError(ValueError):
    """The text is no whole SSH signature."""


@dataclass(frozen=True)
class Signature:
    """A signature as it was written: the key that is said to have made it, and its namespace."""

    key: PublicKey
    namespace: str
    text: str


def take_apart(text: bytes) -> Signature:
    """Read an armoured signature.

    Raises:
        SignatureError: it is none.
    """
    if len(text) > LARGEST:
        raise SignatureError(f"it is larger than {LARGEST} bytes")
    lines = text.decode("ascii", "replace").split()
    if (" ".join(lines[:3]), " ".join(lines[-3:])) != (_BEGIN, _END):
        raise SignatureError("it does not begin and end as one")
    body = "".join(lines[3:-3])
    try:
        magic, key, namespace, _reserved, _hash, _signature = _parts(base64.b64decode(body, validate=True))
        kind = fields(key)[0].decode("ascii")
    except (ValueError, IndexError, binascii.Error) as error:
        raise SignatureError("it is damaged") from error
    if magic != _MAGIC:
        raise SignatureError("it is of a version that is not known")
    return Signature(PublicKey(kind, key), namespace.decode("utf-8", "replace"), _armoured(body))


def _parts(blob: bytes) -> list[bytes]:
    return [blob[: len(_MAGIC)], *fields(blob[len(_MAGIC) :])]


def _armoured(body: str) -> str:
    rows = [body[start : start + 70] for start in range(0, len(body), 70)]
    return "\n".join([_BEGIN, *rows, _END]) + "\n"
