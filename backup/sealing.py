"""Seal a medium: what a stranger needs to use it without us, and proof of the ledger up to this moment."""

from __future__ import annotations

from pathlib import Path

from backup import errors, media
from backup.depot import Depot
from inventory.clock import to_text
from ledger import checkpoint, durable

CHECKPOINT = "holdfast-checkpoint.json"
HOW_TO = "READ-ME-FIRST.txt"


def seal(depot: Depot, label: str) -> Path:
    """Write the signed checkpoint and the how-to onto an attached medium; returns the checkpoint's file.

    Raises:
        MediumAwayError, WrongMediumError: it is not attached.
        LedgerError: the checkpoint could not be written.
    """
    before = media.require(depot, label)
    store = depot.medium(label)
    systems = sorted(depot.copies().repositories("medium", label))
    text = how_to(label, depot.site.settings.site, systems, depot.restic.version, to_text(depot.clock.now()))
    with errors.naming(store.label):
        durable.write(store.path / HOW_TO, text.encode())
    target = store.path / CHECKPOINT
    proof = checkpoint.write(depot.ledger, depot.state, depot.site.settings.site, target)
    media.require_same(depot, label, before)
    depot.ledger.append("medium.sealed", {"store": label, "checkpoint_seq": proof.seq, "checkpoint_hash": proof.hash})
    return target


def how_to(label: str, site: str, systems: list[str], version: str, when: str) -> str:
    """Return the text for somebody who has only this medium and the keys."""
    lines = [
        f"This is the offline medium {label} of {site}, sealed {when}.",
        "Keep it away from any network and any machine that is not trusted.",
        "",
        f"Each folder below is a restic repository (made with restic {version}). Its password is NOT here;",
        "it is in the state directory of the control host and in the key escrow.",
        "",
        "Without Holdfast, on a clean machine with restic:",
        *(
            line
            for system in systems
            for line in (
                f"  restic -r ./{system} --no-lock --password-file KEY check --read-data",
                f"  restic -r ./{system} --no-lock --password-file KEY restore latest --target /empty/folder",
            )
        ),
        "",
        "Every snapshot holds holdfast-manifest.json in the folder holdfast-staged: each file with its SHA-256.",
        f"{CHECKPOINT} proves the ledger up to this moment: holdfast ledger verify --against {CHECKPOINT}",
    ]
    return "\n".join(lines) + "\n"
