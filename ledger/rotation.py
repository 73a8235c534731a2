"""A new signing key in place of the old one, so that whoever holds only the old public key can follow.

The record of a rotation carries the new public key and the old key's signature over it. The old private key is removed:
nobody can sign with it any more, and what it signed stays proved. A key that was lost cannot sign its successor; such a
replacement is on record too, and convinces nobody who was not told the new fingerprint by another way.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from inventory.errors import UsageError
from ledger import checkpoint as checkpoints
from ledger import keys
from ledger.checkpoint import Checkpoint, WrongKeyError
from ledger.keys import REPLACED, ROTATED
from ledger.ledger import Ledger
from ledger.owner import Lease
from ledger.record import Record

_SIGNED_AS = b"holdfast ledger key rotation 1\n"


@dataclass(frozen=True)
class Trust:
    """The keys that one outside key vouches for, by fingerprint, and where they stopped.

    `until` has the number of the record by which a key was replaced; `faults` are rotations that the old key did not
    sign.
    """

    keys: dict[str, Ed25519PublicKey]
    until: dict[str, int]
    faults: tuple[str, ...] = ()

    def check(self, file: Path, site: str) -> Checkpoint:
        """Read a checkpoint and prove that one of these keys signed it while it was the site's key.

        Raises:
            CheckpointError, LedgerError: it proves nothing.
        """
        key_id = checkpoints.signed_by(file)
        key = self.keys.get(key_id, next(iter(self.keys.values())))
        found = checkpoints.read_and_check(file, key, site=site)
        if found.seq > self.until.get(key_id, found.seq):
            raise WrongKeyError(
                f"{file} was signed with a key that record {self.until[key_id]} had replaced by then",
                hint="whoever signed it holds an old key: find out who, and use another checkpoint",
            )
        return found


def follow(records: Iterable[Record], site: str, given: Iterable[Ed25519PublicKey]) -> Trust:
    """Follow the rotations on record from the keys that are trusted from the start."""
    trusted = {keys.fingerprint(key): key for key in given}
    until: dict[str, int] = {}
    faults: list[str] = []
    for record in records:
        old = trusted.get(str(record.body.get("old")))
        if old is None:
            continue
        new = _vouched(record, site, old)
        if new is None or record.body["old"] in until:
            faults.append(f"record {record.seq} names a new signing key that the old one does not vouch for")
        else:
            until[record.body["old"]] = record.seq
            trusted[keys.fingerprint(new)] = new
    return Trust(trusted, until, tuple(faults))


def rotate(ledger: Ledger, state_directory: Path, site: str, reason: str) -> Record:
    """Make a new signing key, vouched for by the old one, and remove the old private key.

    Killed at any moment, the next rotation or checkpoint finishes or forgets it.

    Raises:
        UsageError: no reason.
        LedgerError, CheckpointError: nothing was changed.
    """
    with _alone(ledger, state_directory, reason) as lease:
        old = keys.private_key(state_directory)
        old_id, new = keys.fingerprint(old.public_key()), _next_public(state_directory)
        signature = old.sign(_signed_bytes(site, old_id, new, reason))
        body = {"old": old_id, "new_public": new, "reason": reason, "signature": base64.b64encode(signature).decode()}
        return _record(ledger, state_directory, ROTATED, body, lease)


def replace_lost(ledger: Ledger, state_directory: Path, reason: str) -> Record:
    """Make a new signing key without the old one, which was lost or stolen; nothing vouches for the new one.

    Raises:
        UsageError: no reason.
        LedgerError: nothing was changed.
    """
    with _alone(ledger, state_directory, reason) as lease:
        old = keys.public_file(state_directory)
        old_id = keys.fingerprint(keys.read_public(old)) if old.exists() else None
        body = {"old": old_id, "new_public": _next_public(state_directory), "reason": reason}
        return _record(ledger, state_directory, REPLACED, body, lease)


def _vouched(record: Record, site: str, old: Ed25519PublicKey) -> Ed25519PublicKey | None:
    """Return the new key of a rotation if the old one signed it."""
    body = record.body
    try:
        signature = base64.b64decode(body["signature"], validate=True)
        signed = _signed_bytes(site, body["old"], body["new_public"], body["reason"])
        old.verify(signature, signed)
        return keys.parse_public(body["new_public"].encode())
    except (KeyError, TypeError, AttributeError, ValueError, binascii.Error, InvalidSignature):
        return None


@contextmanager
def _alone(ledger: Ledger, state_directory: Path, reason: str) -> Iterator[Lease]:
    """Change the key while nobody else does."""
    if not reason.strip():
        raise UsageError("a new signing key needs a reason", hint='--reason "yearly rotation"')
    lease = ledger.own("signing key")
    try:
        keys.settle(ledger, state_directory, forget=True)
        yield lease
    finally:
        ledger.disown(lease)


def _next_public(state_directory: Path) -> str:
    with keys.told(state_directory):
        keys.make_key(keys.next_file(state_directory))
    return keys.public_text(keys.load(keys.next_file(state_directory)).public_key())


def _record(ledger: Ledger, state_directory: Path, kind: str, body: Mapping[str, str | None], lease: Lease) -> Record:
    record = ledger.append(kind, body, guard=lease)
    keys.settle(ledger, state_directory)
    return record


def _signed_bytes(site: str, old: str, new_public: str, reason: str) -> bytes:
    content = {"site": site, "old": old, "new_public": new_public, "reason": reason}
    return _SIGNED_AS + json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
