"""One record of the ledger: its exact bytes, and the hash that ties it to the one before."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from inventory import clock

GENESIS = "0" * 64
"""The hash before the first record."""
_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Record:
    """What happened once: sequence number (from 1), UTC moment, kind, system key or None, login, content.

    `payload` are the exact bytes that were hashed; `hash` is SHA-256 over them, in hex.
    """

    seq: int
    at: datetime
    kind: str
    system: str | None
    actor: str
    body: Mapping[str, Any]
    previous_hash: str
    payload: bytes
    hash: str

    def to_json(self) -> dict[str, Any]:
        """Return the documented shape of one record in `holdfast ledger show --json`."""
        return {
            "seq": self.seq,
            "at": clock.to_text(self.at),
            "kind": self.kind,
            "system": self.system,
            "actor": self.actor,
            "body": dict(self.body),
            "hash": self.hash,
        }

    def brief(self, length: int = 100) -> str:
        """Return the content on one line, cut to `length` characters."""
        text = " ".join(f"{name}={_short(value)}" for name, value in self.body.items())
        return text if len(text) <= length else text[: length - 1] + "…"


def _short(value: Any) -> str:
    if not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return value[:12] + "…" if _HASH.fullmatch(value) else value


def seal(
    seq: int, at: datetime, kind: str, system: str | None, actor: str, body: Mapping[str, Any], previous_hash: str
) -> Record:
    """Make the record that follows `previous_hash`.

    Raises:
        TypeError, ValueError: the body is not plain JSON.
    """
    payload = json.dumps(
        {
            "seq": seq,
            "at": clock.to_text(at),
            "kind": kind,
            "system": system,
            "actor": actor,
            "body": body,
            "previous_hash": previous_hash,
        },
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
        allow_nan=False,
    ).encode()
    return opened(payload, digest(payload))


def opened(payload: bytes, hash_: str) -> Record:
    """Read a record from its stored bytes; `hash_` is what the store says it hashes to.

    Raises:
        ValueError: the bytes are not a record.
    """
    try:
        content = json.loads(payload)
        return Record(
            seq=int(content["seq"]),
            at=clock.from_text(content["at"]),
            kind=str(content["kind"]),
            system=content["system"],
            actor=str(content["actor"]),
            body=dict(content["body"]),
            previous_hash=str(content["previous_hash"]),
            payload=payload,
            hash=hash_,
        )
    except (KeyError, TypeError, UnicodeDecodeError, OverflowError, RecursionError) as error:
        raise ValueError(f"not a ledger record: {error}") from error


def digest(payload: bytes) -> str:
    """Return the hash of a record's bytes."""
    return hashlib.sha256(payload).hexdigest()
