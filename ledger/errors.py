"""What can go wrong with the ledger, and the next step."""

from __future__ import annotations

from inventory.errors import HoldfastError, RefusedError


class LedgerError(HoldfastError):
    """The ledger cannot be read or written; nothing was claimed (exit 3)."""


class AlreadyThereError(LedgerError):
    """Somebody else wrote the same thing at the same moment; nothing was written."""


class InDoubtError(LedgerError):
    """The database was lost while it committed: whether it wrote cannot be known until it is back (exit 3)."""


class CheckpointError(RefusedError):
    """A checkpoint or its key cannot be used as proof (exit 4)."""


class LeaseLostError(RefusedError):
    """Another process owns this run now; the write was refused (exit 4)."""


_NEXT_STEPS = (
    (
        ("full", "no space", "too large", "disk i/o error", "could not extend"),
        "make room on the disk of the ledger, then run the command again; nothing was recorded",
    ),
    (
        ("password", "authentication", "no pg_hba", "permission denied for", "must be owner"),
        "look at the ledger's URL, its password file and the rights in the database (docs/ledger.md)",
    ),
    (
        ("readonly", "read-only", "permission", "unable to open"),
        "the place of the ledger must be writable for this user; nothing was recorded",
    ),
    (("malformed", "not a database"), "the file is damaged: keep it, and bring back the ledger's own copy"),
    (("locked", "lock timeout", "too many"), "another Holdfast is writing; try again"),
    (
        ("connection", "connect", "server closed", "terminating", "shutting down", "starting up", "translate host"),
        "see that the PostgreSQL server of the ledger runs and can be reached; nothing was recorded",
    ),
)


def next_step(reason: str) -> str:
    """Return the hint for what a database or the operating system said."""
    words = reason.lower()
    for known, hint in _NEXT_STEPS:
        if any(word in words for word in known):
            return hint
    return "nothing was recorded; run `holdfast ledger verify` and look at the disk"
