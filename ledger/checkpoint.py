"""Signed checkpoints: what an outsider needs to find out that the ledger was rewritten.

A checkpoint says "record `seq` of this site has this hash", signed with an Ed25519 key that is kept outside the
database. It proves something once it lies where the holder of the state directory cannot change it: on a detached
medium, in a notice, on paper. The same holds for the public key: the one beside the ledger convinces only those
who trust whoever holds the ledger, so it is written to the medium too, and its fingerprint can be noted on paper.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from inventory import clock
from inventory.errors import UsageError
from ledger import durable, keys
from ledger.chain import Anchor
from ledger.errors import (
    CheckpointError as CheckpointError,  # these names are read from here by whoever uses checkpoints
)
from ledger.errors import LedgerError
from ledger.keys import fingerprint as fingerprint
from ledger.keys import private_key as private_key
from ledger.keys import public_file as public_file
from ledger.keys import public_text as public_text
from ledger.keys import read_public as read_public
from ledger.ledger import Ledger
from ledger.record import GENESIS, Record

RECORD_KIND = "ledger.checkpoint"
_FORMAT = 1
_SIGNED_AS = b"holdfast ledger checkpoint 1\n"
_FIELDS = {"site": str, "seq": int, "hash": str, "at": str, "key_id": str, "signature": str}


class TamperedCheckpointError(CheckpointError):
    """The signature does not fit the content."""


class WrongKeyError(CheckpointError):
    """The checkpoint was signed with another key than the one given."""


class OtherSiteError(CheckpointError):
    """The checkpoint belongs to another site."""


@dataclass(frozen=True)
class Checkpoint:
    """Record `seq` of `site` had `hash`; `at` is that record's moment (RFC 3339).

    `key_id` is the key's fingerprint, `SHA256:…` as ssh-keygen prints it; `signature` is base64.
    """

    site: str
    seq: int
    hash: str
    at: str
    key_id: str
    signature: str

    @property
    def anchor(self) -> Anchor:
        """Return what the verifier holds the chain against."""
        return Anchor(self.seq, self.hash)


def make(site: str, head: Record, key: Ed25519PrivateKey) -> Checkpoint:
    """Sign the newest record of a site's ledger."""
    content: dict[str, Any] = {
        "site": site,
        "seq": head.seq,
        "hash": head.hash,
        "at": clock.to_text(head.at),
        "key_id": fingerprint(key.public_key()),
    }
    return Checkpoint(**content, signature=base64.b64encode(key.sign(_signed_bytes(content))).decode())


def to_json(checkpoint: Checkpoint) -> bytes:
    """Write a checkpoint as the small JSON document that goes outside."""
    content = {"holdfast_checkpoint": _FORMAT} | {name: getattr(checkpoint, name) for name in _FIELDS}
    return (json.dumps(content, indent=2) + "\n").encode()


def sign(ledger: Ledger, state_directory: Path, site_id: str, to: str) -> Checkpoint:
    """Record that a checkpoint goes to `to`, and sign that very record, so that the checkpoint covers it.

    Raises:
        LedgerError, CheckpointError: nothing was recorded.
    """
    keys.settle(ledger, state_directory)
    key = private_key(state_directory)
    before = next(ledger.read(newest=1), None)
    about = {"seq": before.seq, "hash": before.hash} if before else {"seq": 0, "hash": GENESIS}
    return make(site_id, ledger.append(RECORD_KIND, about | {"to": to}), key)


def write(ledger: Ledger, state_directory: Path, site_id: str, target_file: Path) -> Checkpoint:
    """Write a checkpoint into a file outside, with the public key beside it (`.pub`).

    The record comes first; if the file then cannot be written, a second record says so.

    Raises:
        UsageError: the name is the one that the public key gets.
        LedgerError: the record or the file could not be written.
    """
    if target_file.suffix == ".pub":
        raise UsageError(
            f"{target_file} is where the public key would lie", hint="give the checkpoint another name: --to FILE.json"
        )
    keys.settle(ledger, state_directory)
    public = public_text(private_key(state_directory).public_key()).encode()
    place = str(target_file.absolute())  # a record is read elsewhere and later
    checkpoint = sign(ledger, state_directory, site_id, place)
    try:
        durable.write(target_file.with_suffix(".pub"), public)
        durable.write(target_file, to_json(checkpoint))
    except OSError as error:
        failure = {"seq": checkpoint.seq, "to": place, "reason": error.strerror}
        ledger.append(f"{RECORD_KIND}.failed", failure)
        raise LedgerError(
            f"the checkpoint {target_file} could not be written: {error.strerror}",
            hint="give a place that is there and writable with --to FILE",
        ) from error
    return checkpoint


def read_and_check(file: Path, public_key: Ed25519PublicKey, *, site: str | None = None) -> Checkpoint:
    """Read a checkpoint and prove that `public_key` signed it (for `site`, if given).

    Raises:
        LedgerError: the file is not there.
        WrongKeyError, TamperedCheckpointError, OtherSiteError, CheckpointError: it proves nothing.
    """
    checkpoint = _parse(file)
    if checkpoint.key_id != fingerprint(public_key):
        raise WrongKeyError(
            f"{file} was signed with key {checkpoint.key_id}, not with {fingerprint(public_key)}",
            hint="give the public key that was kept with it: --key FILE.pub",
        )
    content = {name: getattr(checkpoint, name) for name in _FIELDS if name != "signature"}
    try:
        public_key.verify(base64.b64decode(checkpoint.signature, validate=True), _signed_bytes(content))
    except (InvalidSignature, binascii.Error) as error:
        raise TamperedCheckpointError(
            f"{file} was changed after it was signed", hint="use another copy of the checkpoint, and keep this one"
        ) from error
    if site is not None and checkpoint.site != site:
        raise OtherSiteError(
            f"{file} is a checkpoint of site {checkpoint.site!r}; this is {site!r}",
            hint="give a checkpoint of this site, or the other site with --site DIR",
        )
    return checkpoint


def signed_by(file: Path) -> str:
    """Return the fingerprint of the key that a checkpoint file says it was signed with; nothing is proved yet.

    Raises:
        LedgerError, CheckpointError: not there, or no checkpoint.
    """
    return _parse(file).key_id


def _signed_bytes(content: Mapping[str, Any]) -> bytes:
    return _SIGNED_AS + json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _parse(file: Path) -> Checkpoint:
    try:
        content = dict(json.loads(keys.content(file)))
        form = content.pop("holdfast_checkpoint", None)
    except (ValueError, TypeError):
        form, content = None, {}
    fits = {name: type(value) for name, value in content.items()} == _FIELDS
    if form != _FORMAT or not fits:
        raise CheckpointError(f"{file} is not a checkpoint", hint="give the checkpoint file of a medium")
    return Checkpoint(**content)
