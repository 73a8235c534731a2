"""How far is the ledger proved? The chain held against checkpoints from outside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ledger import checkpoint
from ledger.chain import Verdict
from ledger.checkpoint import CheckpointError
from ledger.ledger import Ledger


@dataclass(frozen=True)
class Proof:
    """A verdict, and the key it rests on: its fingerprint and where it came from (empty without a checkpoint).

    `key_beside_ledger`: the key was taken from the state directory, so it convinces only those who trust whoever
    holds that directory.
    """

    verdict: Verdict
    key_id: str = ""
    key_from: str = ""
    key_beside_ledger: bool = False

    @property
    def unanchored(self) -> int:
        """Return how many newest records no checkpoint reaches."""
        return self.verdict.records - self.verdict.anchored

    def to_json(self) -> dict[str, Any]:
        """Return the documented shape of `holdfast ledger verify --json`."""
        key = {"fingerprint": self.key_id, "from": self.key_from, "beside_ledger": self.key_beside_ledger}
        return {
            "records": self.verdict.records,
            "head": self.verdict.head,
            "whole": self.verdict.whole,
            "anchored": self.verdict.anchored,
            "verified": self.verdict.verified,
            "faults": list(self.verdict.faults),
            "key": key if self.key_id else None,
        }


def prove(
    ledger: Ledger, state_directory: Path, site_id: str, checkpoints: Sequence[Path], key_file: Path | None
) -> Proof:
    """Walk the chain and hold it against checkpoint files.

    Args:
        ledger: what is to be proved.
        state_directory: whose public key is used when `key_file` is None.
        site_id: the site the checkpoints must be of.
        checkpoints: files that were kept outside.
        key_file: the public key kept outside.

    Raises:
        CheckpointError: a checkpoint or the key cannot be used as proof.
        LedgerError: something cannot be read.
    """
    if not checkpoints:
        return Proof(ledger.verify())
    source = key_file or checkpoint.public_file(state_directory)
    if key_file is None and not source.exists():
        raise CheckpointError(
            "the state directory has no public key to check with",
            hint="give the one kept with the checkpoint: --key FILE.pub",
        )
    key = checkpoint.read_public(source)
    anchors = [checkpoint.read_and_check(file, key, site=site_id).anchor for file in checkpoints]
    beside = source.resolve() == checkpoint.public_file(state_directory).resolve()
    return Proof(ledger.verify(anchors), checkpoint.fingerprint(key), str(source), beside)
