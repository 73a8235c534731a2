"""Vaults: directories that hold one repository per system, and the marker by which one is known again."""

from __future__ import annotations

import json
import secrets
from pathlib import Path

from backup import errors
from backup.depot import Depot, Store, digest_of
from backup.restic_command import Repository
from inventory.errors import HoldfastError, RefusedError, UsageError
from inventory.system import VaultCopy

MARKER = "holdfast-vault.json"
_NO_CONTENT = {"lost+found", MARKER}


def repository_for(depot: Depot, store: Store, system: str) -> Repository:
    """Return a system's repository in a vault, made if neither vault nor system ever had one there.

    Raises:
        VaultMissingError, VaultLostError, WrongVaultError, RepositoryMissingError, OtherRepositoryError:
            what is there is not what the ledger knows; nothing was written.
    """
    with errors.naming(store.label):
        require(depot, store)
        if depot.copies().vault_id(store.name) is None:
            _begin(depot, store)
    if depot.copies().repository(store.kind, store.name, system) is None:
        return depot.make(store, system)
    return depot.open(store, system)


def require(depot: Depot, store: Store) -> None:
    """Prove that a vault is there and the one the ledger knows; nothing is written.

    Raises:
        VaultMissingError, VaultLostError, WrongVaultError: it is not.
    """
    known = depot.copies().vault_id(store.name)
    if not store.path.is_dir():
        begin = f"mount it; for a new vault: mkdir -m 700 -p {store.path}"
        raise errors.VaultMissingError(
            f"the vault {store.name} is not at {store.path}",
            hint=begin if known is None else "mount it, then try again",
        )
    found = marker_id(store.path)
    if known is not None and found is None:
        raise errors.VaultLostError(
            f"the vault {store.name} is gone: {store.path} no longer holds what was recorded",
            hint=f"recover from another copy; when it is lost for good: holdfast backup vault renew {store.name}",
        )
    if known is not None and found != known:
        raise errors.WrongVaultError(
            f"{store.path} is another vault than {store.name}", hint="mount the right one; nothing was written"
        )


def renew(depot: Depot, store: Store, reason: str) -> None:
    """Give up a vault that is lost, so that the next backup begins a new one; its keys are kept aside.

    Raises:
        RefusedError: the vault is there with every repository that was recorded.
        UsageError: no reason was given, or it was never used.
    """
    if not reason.strip():
        raise UsageError("a vault is given up with a reason only", hint='say --reason "what happened"')
    if depot.copies().vault_id(store.name) is None:
        raise UsageError(f"the vault {store.name} was never used", hint="holdfast backup run begins it")
    if not look(depot, store) and not _ruined(depot, store):
        raise RefusedError(f"the vault {store.name} is there and is ours; it is not given up", hint="use it")
    record = depot.ledger.append("vault.retired", {"store": store.name, "reason": reason})
    keys = depot.key_file(store, "any").parent
    if keys.is_dir():
        keys.rename(keys.with_name(f"{store.name}.retired-{record.seq}"))


def look(depot: Depot, store: Store) -> str:
    """Return what stands against reading from a vault, in words (nothing: it can be read)."""
    if depot.copies().vault_id(store.name) is None:
        return f"the vault {store.name} was never used"
    try:
        require(depot, store)
    except HoldfastError as error:
        return error.message
    except OSError as error:
        return f"{store.path} cannot be looked at: {error.strerror}"
    return ""


def lost(depot: Depot, system: str) -> dict[str, str]:
    """Return the vaults that should hold copies of a system and cannot be read now, each with the reason."""
    copies = depot.copies()
    found = {}
    for copy in depot.site.system(system).copies:
        if not isinstance(copy, VaultCopy) or copies.newest(system, "vault", copy.vault) is None:
            continue
        store = depot.vault(copy.vault)
        if said := look(depot, store):
            found[copy.vault] = said
        elif system in _ruined(depot, store):
            found[copy.vault] = f"the repository of {system} is gone, or not the one recorded"
    return found


def _ruined(depot: Depot, store: Store) -> list[str]:
    """Return the systems whose recorded repository is not in the vault any more, or is another one."""
    known = depot.copies().repositories(store.kind, store.name)
    return [system for system, one in known.items() if digest_of(store.repository(system)) != one.digest]


def marker_id(path: Path) -> str | None:
    """Return the id a vault's marker names, or None."""
    try:
        return str(json.loads((path / MARKER).read_text())["id"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _begin(depot: Depot, store: Store) -> None:
    """Mark an empty directory as this vault; a marker with nothing beside it is one we had no time to record."""
    others = sorted(entry.name for entry in store.path.iterdir() if entry.name not in _NO_CONTENT)
    if others:
        raise errors.WrongVaultError(
            f"{store.path} is not empty ({', '.join(others[:3])}) and the ledger does not know it as a vault",
            hint="give the vault an empty directory of its own",
        )
    found = marker_id(store.path)
    id_ = found or secrets.token_hex(16)
    if found is None:
        (store.path / MARKER).write_text(json.dumps({"vault": store.name, "id": id_, "site": depot.site.settings.site}))
    depot.ledger.append("vault.made", {"store": store.name, "id": id_, "path": str(store.path)})
