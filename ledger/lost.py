"""A ledger that is gone must not be begun anew as if nothing had ever happened.

Whoever makes a repository writes its password into the state directory and a record into the ledger. Passwords
without a single record mean that the ledger was lost, emptied, or is another one.
"""

from __future__ import annotations

from pathlib import Path

from inventory.errors import RefusedError
from ledger.ledger import Ledger


class LostLedgerError(RefusedError):
    """The ledger holds nothing, although repositories were made under it (exit 4)."""

    def __init__(self, state: Path) -> None:
        super().__init__(
            f"the site's ledger is lost: it holds no record, but {state / 'keys'} has its repositories' passwords",
            hint="bring the ledger back from its copy, or: holdfast ledger import DIR; "
            "to begin anew all the same, put that directory aside first (no copy can be read without it)",
        )


def known(state: Path) -> bool:
    """Tell whether repositories were ever made under this state directory."""
    return any(file.is_file() for kind in ("vault", "medium") for file in (state / "keys" / kind).glob("*/*"))


def require(ledger: Ledger, state: Path) -> Ledger:
    """Return the ledger, unless it is empty and should not be.

    Raises:
        LostLedgerError: it was lost.
        LedgerError: it cannot be read.
    """
    if next(ledger.read(newest=1), None) is None and known(state):
        raise LostLedgerError(state)
    return ledger
