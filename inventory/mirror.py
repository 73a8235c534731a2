"""Inventories as they are, but for files of variables that are encrypted as a whole: nobody here has their password."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from inventory import sources

_ENCRYPTED = b"$ANSIBLE_VAULT;"


def without_encrypted(inventories: Sequence[Path], directory: Path) -> list[Path]:
    """Return the inventories themselves, or links in `directory` to all of one but what is encrypted in it."""
    return [
        _linked(inventory, directory / str(number)) if _encrypted_below(inventory) else inventory
        for number, inventory in enumerate(inventories)
    ]


def _encrypted_below(inventory: Path) -> bool:
    base = sources.base(inventory)
    return any(is_encrypted(file) for name in sources.VARS_DIRECTORIES for file in sources.below(base / name))


def is_encrypted(file: Path) -> bool:
    """Tell whether a whole file is encrypted by ansible-vault; one that cannot be read is not known to be."""
    try:
        with file.open("rb") as content:
            return content.read(len(_ENCRYPTED)) == _ENCRYPTED
    except OSError:
        return False


def _linked(inventory: Path, directory: Path) -> Path:
    """Link what belongs to an inventory into a directory of the same name; return the inventory there."""
    base = sources.base(inventory).resolve()
    place = directory / base.name
    place.mkdir(parents=True)
    for entry in base.iterdir():
        if entry.name in sources.VARS_DIRECTORIES:
            _link_clear(entry, place / entry.name)
        elif inventory.is_dir() or entry.name == inventory.name:
            (place / entry.name).symlink_to(entry)
    return place if inventory.is_dir() else place / inventory.name


def _link_clear(entry: Path, place: Path) -> None:
    if entry.is_dir():
        place.mkdir()
        for inner in entry.iterdir():
            _link_clear(inner, place / inner.name)
    elif not is_encrypted(entry):
        place.symlink_to(entry)
