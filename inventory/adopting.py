"""A site around an Ansible inventory that is there already: adopted by reference, its files never touched."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from inventory import draft, groups, starter, systems
from inventory.draft import Draft
from inventory.errors import UsageError
from inventory.groups import Ask, Groups
from inventory.lines import SiteError, near
from inventory.system import System
from inventory.tree import ALL, UNGROUPED

SYSTEMS_FILE = "inventory/systems.yml"

_INVENTORIES = """
# Ansible inventories that are there already. They are read before inventory/ and never written to.
inventories: [{path}]
"""
_HEAD = (
    "What Holdfast needs to know about the systems in the adopted inventory: one block for each group chosen.",
    "Who belongs to a group and how hosts are reached stays where it is.",
    f"Whatever is marked {draft.MARK} is a guess: nobody has said it yet. Change it and take the mark away.",
)


@dataclass(frozen=True)
class Offer:
    """What an inventory offers for adoption.

    `groups` may become systems (hosts by group); `written` are systems already, `parents` only hold other groups,
    `unfit` have hosts and a name that is no system's key. `remarks` are what Ansible lets pass and deserves a look.
    """

    path: Path
    groups: Mapping[str, tuple[str, ...]]
    written: tuple[str, ...]
    parents: tuple[str, ...]
    unfit: tuple[str, ...]
    hosts: tuple[str, ...]
    systems: Mapping[str, System]
    members: Mapping[str, tuple[str, ...]]
    remarks: tuple[str, ...]


def look(path: Path, ask: Ask) -> Offer:
    """Read an inventory (a file or a directory, whatever Ansible reads); nothing is changed.

    Raises:
        UsageError: it is not there.
        SiteError: every fault found.
        HoldfastError: Ansible had to be asked and could not be.
    """
    if not path.exists():
        raise UsageError(f"no inventory at {path}", hint="give the file or directory that ansible-inventory -i takes")
    with tempfile.TemporaryDirectory() as ours:  # the last inventory is ours, and Ansible wants something in each
        (Path(ours) / "none.yml").write_text("all: {}\n")
        found = groups.read(path.resolve(), Path(ours), ask=ask)
    if found.problems:
        raise SiteError(found.problems, hint="mend the lines named in the inventory, then run init again")
    return _offer(path, found)


def _offer(path: Path, found: Groups) -> Offer:
    with_hosts = [name for name, hosts in found.members.items() if hosts and name not in (ALL, UNGROUPED)]
    parents = [name for name in with_hosts if any(found.members[child] for child in found.tree.groups[name].children)]
    own = [name for name in with_hosts if name not in parents and name not in found.systems]
    return Offer(
        path=path,
        groups={name: found.members[name] for name in own if systems.is_key(name)},
        written=tuple(found.systems),
        parents=tuple(name for name in parents if name not in found.systems),
        unfit=tuple(name for name in own if not systems.is_key(name)),
        hosts=tuple(found.hosts),
        systems=found.systems,
        members=found.members,
        remarks=tuple(str(remark) for remark in found.remarks),
    )


def choose(offer: Offer, wanted: Sequence[str]) -> tuple[str, ...]:
    """Return the groups that become systems: those wanted, or every one on offer.

    Raises:
        UsageError: there is none, or one wanted has no hosts, is no group, or is a system already.
    """
    for name in wanted:
        if name in offer.written:
            raise UsageError(
                f"{name} is a system in the inventory already", hint="leave it out: it is adopted as it is"
            )
        if name in offer.unfit or (name in offer.members and not systems.is_key(name)):
            raise UsageError(
                f"{name} cannot be a system's key", hint="a key has a-z, 0-9, - and _; make a group of such a name"
            )
        if not offer.members.get(name):
            raise UsageError(f"no group {name!r} with hosts in {offer.path}", hint=near(name, offer.groups, "groups"))
    chosen = tuple(dict.fromkeys(wanted)) or tuple(offer.groups)
    if not chosen and not offer.written:
        raise UsageError(
            f"{offer.path} has no group with hosts that could be a system",
            hint="put the hosts of each system into a group named with a-z, 0-9, - and _",
        )
    return chosen


def drafts(chosen: Sequence[str]) -> list[Draft]:
    """Return a block for each group: nothing in it is known, so every value is marked as a guess."""
    guesses = {
        "unit": "",
        "accountable": "",
        "level": 1,
        "rto": "24h",
        "rpo": "24h",
        "depends_on": [],
        "data": [],
        "copies": [{"vault": "main", "every": "24h"}],
        "logs": [],
        "runbook": "generic",
        "normal_when": [],
    }
    return [Draft(key, {}, {"name": key} | guesses, frozenset({"name", *guesses})) for key in chosen]


def loose(offer: Offer, chosen: Sequence[str]) -> list[str]:
    """Return the hosts that would belong to no system."""
    taken = {host for key in (*chosen, *offer.written) for host in offer.members.get(key, ())}
    return [host for host in offer.hosts if host not in taken]


def make(directory: Path, offer: Offer, chosen: Sequence[str], *, name: str, login: str) -> list[Path]:
    """Write a site around the inventory into a new or empty directory and return its files.

    Raises:
        RefusedError: something is there already.
        HoldfastError: it cannot be written.
    """
    files = starter.texts(directory, name=name, login=login)
    del files["inventory/example.yml"]
    path = json.dumps(_reference(directory, offer.path), ensure_ascii=False)
    files["holdfast.yml"] += _INVENTORIES.format(path=path)
    files[SYSTEMS_FILE] = draft.text(drafts(chosen), _HEAD) + ("" if chosen else "\nall: {}\n")
    return starter.write(directory, files)


def _reference(directory: Path, inventory: Path) -> str:
    """Return how the site names the inventory: absolute if it was given so, else from the site's directory."""
    if inventory.is_absolute():
        return str(inventory)
    return os.path.relpath(inventory.resolve(), directory.resolve())
