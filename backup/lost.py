"""Which copies that should be in a vault cannot be read now: one look at each vault, one at each repository."""

from __future__ import annotations

from backup import holders, marks
from backup.history import Copies
from backup.holder import Holder
from inventory.errors import HoldfastError
from inventory.outline import SiteFacts


def of_systems(site: SiteFacts, copies: Copies) -> dict[str, dict[str, str]]:
    """Return, for each own system, the vaults that should hold copies of it and cannot be read now, with the reason."""
    places: dict[str, Holder] = {}
    looks: dict[str, str] = {}
    found: dict[str, dict[str, str]] = {}
    for key, system in site.own.items():
        found[key] = {}
        for copy in system.copies:
            name = copy.place
            if copy.kind != "vault" or copies.newest(key, "vault", name) is None:
                continue
            if name not in looks:
                places[name] = holders.of(name, site.vault_places[name])
                looks[name] = look(name, places[name], copies)
            if said := looks[name] or _ruined(key, name, places[name], copies):
                found[key][name] = said
    return found


def look(name: str, place: Holder, copies: Copies) -> str:
    """Return what stands against reading from a vault, in words (nothing: it can be read)."""
    known = copies.vault_id(name)
    if known is None:
        return f"the vault {name} was never used"
    try:
        marks.require(name, place, known)
    except HoldfastError as error:
        return error.message
    except OSError as error:
        return f"{place} cannot be looked at: {error.strerror}"
    return ""


def ruined(name: str, place: Holder, copies: Copies) -> list[str]:
    """Return the systems whose recorded repository is not in the vault any more, or is another one."""
    return [system for system in copies.repositories("vault", name) if _ruined(system, name, place, copies)]


def _ruined(system: str, name: str, place: Holder, copies: Copies) -> str:
    known = copies.repository("vault", name, system)
    try:
        if known is None or place.digest(system) == known.digest:
            return ""
    except HoldfastError as error:
        return error.message
    return f"the repository of {system} is gone, or not the one recorded"
