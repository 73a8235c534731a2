"""A new system's file: tried out with the whole site before it is kept, and never over another file."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from inventory import site as sites
from inventory import systems
from inventory.ansible_inventory import Ansible
from inventory.errors import RefusedError, UsageError
from inventory.lines import Problem, SiteError
from inventory.site import Site


def target(site: Site, key: str) -> Path:
    """Return the file a new system goes into.

    Raises:
        UsageError: it is no system's key.
        RefusedError: there is such a system, or such a file.
    """
    if not systems.is_key(key):
        raise UsageError(f"{key!r} is not a system's key", hint="use a-z, 0-9, - and _")
    if key in site.systems:
        raise RefusedError(f"{key} is a system of this site already", hint=f"holdfast inventory show {key}")
    file = site.inventory / f"{key}.yml"
    if file.exists() or file.is_symlink():
        raise RefusedError(f"{file} is there already", hint="nothing was written; move it away or choose another key")
    return file


def hosts(site: Site, key: str, given: Iterable[tuple[str, Mapping[str, Any]]]) -> dict[str, Mapping[str, Any]]:
    """Return the hosts of a new system with what is written for each.

    Raises:
        UsageError: one is named twice, or the site reaches one of that name elsewhere: every system on it would move.
    """
    found: dict[str, Mapping[str, Any]] = {}
    for name, variables in given:
        if name in found:
            raise UsageError(f"host {name} is named twice", hint="name each host once")
        if name in site.hosts and variables:
            address = site.hosts[name].address
            raise UsageError(
                f"host {name} is in this site already, at {address}",
                hint=f"write --host {name} to put the system on it, or give the new host another name",
            )
        found[name] = variables
    if not found and not site.members.get(key):
        raise UsageError(f"{key} has no host", hint="--host NAME=ADDRESS, or --external for what others run")
    return found


def tried(site: Site, file: Path, text: str, ansible: Ansible) -> Site:
    """Return the site as it would be with one more file.

    Raises:
        SiteError: it would not be valid; the file's place is named as if it were there.
    """
    with tempfile.TemporaryDirectory(prefix="holdfast-") as place:
        own = Path(place).resolve()
        for entry in site.inventory.iterdir():
            (own / entry.name).symlink_to(entry.resolve())
        (own / file.name).write_text(text, encoding="utf-8")
        try:
            return sites.load(site.root, ansible=ansible, own=own)
        except SiteError as error:
            problems = [_at_home(problem, own, site.inventory) for problem in error.problems]
            raise SiteError(problems, hint="nothing was written; say it otherwise and try again") from error


def _at_home(problem: Problem, own: Path, inventory: Path) -> Problem:
    inside = problem.file.is_relative_to(own)
    return replace(problem, file=inventory / problem.file.relative_to(own)) if inside else problem
