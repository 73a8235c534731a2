"""How far is the ledger proved? The chain held against checkpoints from outside, and what lies beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from ledger import checkpoint, rotation
from ledger.audit import audit
from ledger.chain import Verdict
from ledger.checkpoint import CheckpointError
from ledger.errors import LedgerError
from ledger.keys import ROTATED, retired
from ledger.ledger import Ledger
from ledger.objects import Objects
from ledger.projection import Projection
from ledger.rotation import Trust


@dataclass(frozen=True)
class Proof:
    """A verdict, and the key it rests on: its fingerprint and where it came from (empty without a checkpoint).

    `key_beside_ledger`: the key was taken from the state directory, so it convinces only those who trust whoever
    holds that directory. `beside` are faults of what lies beside the chain (alerts, objects, kept views), `erased` the
    objects that were erased by law.
    """

    verdict: Verdict
    key_id: str = ""
    key_from: str = ""
    key_beside_ledger: bool = False
    beside: tuple[str, ...] = ()
    erased: tuple[str, ...] = ()

    @property
    def faults(self) -> tuple[str, ...]:
        """Return every fault."""
        return self.verdict.faults + self.beside

    @property
    def whole(self) -> bool:
        """Tell whether nothing was found wrong, which does not say that anything is proved."""
        return not self.faults

    @property
    def anchored(self) -> int:
        """Return the newest record that a checkpoint proves; 0 if there is a fault."""
        return self.verdict.anchored if self.whole else 0

    @property
    def unanchored(self) -> int:
        """Return how many newest records no checkpoint reaches."""
        return self.verdict.records - self.anchored

    def to_json(self) -> dict[str, Any]:
        """Return the documented shape of `holdfast ledger verify --json`."""
        key = {"fingerprint": self.key_id, "from": self.key_from, "beside_ledger": self.key_beside_ledger}
        return {
            "records": self.verdict.records,
            "head": self.verdict.head,
            "whole": self.whole,
            "anchored": self.anchored,
            "verified": self.whole and self.verdict.verified,
            "faults": list(self.faults),
            "erased": list(self.erased),
            "key": key if self.key_id else None,
        }


def prove(
    ledger: Ledger,
    state_directory: Path,
    site_id: str,
    checkpoints: Sequence[Path],
    key_file: Path | None,
    projections: Sequence[Projection] = (),
) -> Proof:
    """Walk the chain and hold it against checkpoint files, and what lies beside it against the chain.

    Args:
        ledger: what is to be proved.
        state_directory: whose public key is used when `key_file` is None.
        site_id: the site the checkpoints must be of.
        checkpoints: files that were kept outside.
        key_file: the public key kept outside.
        projections: the views to compare with the records they are folded from.

    Raises:
        CheckpointError: a checkpoint or the key cannot be used as proof.
        LedgerError: something cannot be read.
    """
    beside = audit(ledger, Objects(state_directory), projections)
    if not checkpoints:
        return Proof(ledger.verify(), beside=beside.faults, erased=beside.erased)
    source = key_file or checkpoint.public_file(state_directory)
    if key_file is None and not source.exists():
        raise CheckpointError(
            "the state directory has no public key to check with",
            hint="give the one kept with the checkpoint: --key FILE.pub",
        )
    keys = [checkpoint.read_public(source)]
    if key_file is None:
        keys += [checkpoint.read_public(file) for file in retired(state_directory)]
    trust = _trust(ledger, site_id, keys)
    anchors = [trust.check(file, site_id).anchor for file in checkpoints]
    ours = source.resolve() == checkpoint.public_file(state_directory).resolve()
    faults = beside.faults + trust.faults
    return Proof(ledger.verify(anchors), checkpoint.fingerprint(keys[0]), str(source), ours, faults, beside.erased)


def _trust(ledger: Ledger, site_id: str, keys: Sequence[Ed25519PublicKey]) -> Trust:
    """Follow rotations as far as records can be read; what cannot be read is told by the walk."""
    try:
        return rotation.follow(list(ledger.read(kinds=[ROTATED])), site_id, keys)
    except LedgerError:
        return rotation.follow([], site_id, keys)
