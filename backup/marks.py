"""How a vault and a repository are known again: by the marker in the one, by the config file of the other."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from backup import errors

MARKER = "holdfast-vault.json"


def digest_of(repository: Path) -> str | None:
    """Return a repository's identity, SHA-256 of its config file (None: there is none)."""
    try:
        return hashlib.sha256((repository / "config").read_bytes()).hexdigest()
    except OSError:
        return None


def marker_id(vault: Path) -> str | None:
    """Return the id a vault's marker names, or None."""
    try:
        return str(json.loads((vault / MARKER).read_text())["id"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def require(name: str, vault: Path, known: str | None) -> None:
    """Prove that a vault is there and, if the ledger knows one by this name, that it is that one.

    Raises:
        VaultMissingError, VaultLostError, WrongVaultError: it is not.
    """
    if not vault.is_dir():
        begin = f"mount it; for a new vault: mkdir -m 700 -p {vault}"
        raise errors.VaultMissingError(
            f"the vault {name} is not at {vault}", hint=begin if known is None else "mount it, then try again"
        )
    found = marker_id(vault)
    if known is not None and found is None:
        raise errors.VaultLostError(
            f"the vault {name} is gone: {vault} no longer holds what was recorded",
            hint=f"recover from another copy; when it is lost for good: holdfast backup vault renew {name}",
        )
    if known is not None and found != known:
        hint = "mount the right one; nothing was written"
        raise errors.WrongVaultError(f"{vault} is another vault than {name}", hint=hint)
