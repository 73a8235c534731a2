"""What holds a vault's repositories: a directory, or a server."""

from __future__ import annotations

from backup.directory import Directory
from backup.holder import Holder
from inventory.vaults import VaultPlace


def of(name: str, place: VaultPlace) -> Holder:
    """Return who holds the repositories of the vault `name`; nothing is asked or read yet."""
    if place.path is not None:
        return Directory(place.path)
    from backup.rest import Server  # whoever has directories only need not load what talks to servers

    return Server(name, place)
