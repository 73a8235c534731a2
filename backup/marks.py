"""How a vault is known again: by the marker it was given when it was begun."""

from __future__ import annotations

import json

from backup import errors
from backup.holder import Holder


def marker(name: str, id_: str, site: str) -> str:
    """Return the text of a vault's marker."""
    return json.dumps({"vault": name, "id": id_, "site": site})


def marker_id(vault: Holder) -> str | None:
    """Return the id a vault's marker names, or None."""
    try:
        return str(json.loads(vault.marker() or "")["id"])
    except (ValueError, KeyError, TypeError):
        return None


def require(name: str, vault: Holder, known: str | None) -> None:
    """Prove that a vault is there and, if the ledger knows one by this name, that it is that one.

    Raises:
        VaultMissingError, VaultLostError, WrongVaultError: it is not.
    """
    vault.require(name, used=known is not None)
    if known is None:
        return
    found = marker_id(vault)
    if found is None:
        raise errors.VaultLostError(
            f"the vault {name} is gone: {vault} no longer holds what was recorded",
            hint=f"recover from another copy; when it is lost for good: holdfast backup vault renew {name}",
        )
    if found != known:
        hint = "mount the right one; nothing was written"
        raise errors.WrongVaultError(f"{vault} is another vault than {name}", hint=hint)
