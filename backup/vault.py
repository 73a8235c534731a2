"""Vaults: places that hold one repository per system, and the marker by which one is known again."""

from __future__ import annotations

import secrets

from backup import errors, lost, marks
from backup.depot import Depot, Store
from backup.restic_command import Repository
from inventory.errors import RefusedError, UsageError


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
    marks.require(store.name, store.holder, depot.copies().vault_id(store.name))


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
    if not look(depot, store) and not lost.ruined(store.name, store.holder, depot.copies()):
        raise RefusedError(f"the vault {store.name} is there and is ours; it is not given up", hint="use it")
    record = depot.ledger.append("vault.retired", {"store": store.name, "reason": reason})
    keys = depot.key_file(store, "any").parent
    if keys.is_dir():
        keys.rename(keys.with_name(f"{store.name}.retired-{record.seq}"))


def look(depot: Depot, store: Store) -> str:
    """Return what stands against reading from a vault, in words (nothing: it can be read)."""
    return lost.look(store.name, store.holder, depot.copies())


def _begin(depot: Depot, store: Store) -> None:
    """Mark an empty place as this vault; a marker with nothing beside it is one we had no time to record."""
    if others := store.holder.strangers():
        raise errors.WrongVaultError(
            f"{store.holder} is not empty ({', '.join(others[:3])}) and the ledger does not know it as a vault",
            hint="give the vault an empty directory of its own",
        )
    found = marks.marker_id(store.holder)
    id_ = found or secrets.token_hex(16)
    if found is None:
        store.holder.begin(marks.marker(store.name, id_, depot.site.settings.site))
    depot.ledger.append("vault.made", {"store": store.name, "id": id_, "path": str(store.holder)})
