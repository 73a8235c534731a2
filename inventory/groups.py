"""The Ansible inventory directory, read for what is ours: groups with a `system:` block and their hosts."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from inventory import lines
from inventory.lines import Document, Location, Problem, SiteError
from inventory.system import Host, System

_GROUP_KEYS = ("hosts", "vars", "children")
_SYSTEM_KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_HOST_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,252}")


@dataclass
class Groups:
    """What an inventory directory holds; `documents` and `places` say where each system was written."""

    systems: dict[str, System] = field(default_factory=dict)
    hosts: dict[str, Host] = field(default_factory=dict)
    members: dict[str, tuple[str, ...]] = field(default_factory=dict)
    documents: dict[str, Document] = field(default_factory=dict)
    places: dict[str, Location] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    children: dict[str, tuple[str, ...]] = field(default_factory=dict)


def read(directory: Path) -> Groups:
    """Read every YAML file of an inventory directory; faults are collected, never raised."""
    found = Groups()
    if not directory.is_dir():
        found.problems.append(Problem(directory, 1, "", "is missing", "make one file per system in it"))
        return found
    for file in sorted(directory.iterdir()):
        if file.is_dir() or file.name.startswith("."):
            continue
        if file.suffix not in {".yml", ".yaml"}:
            found.problems.append(Problem(file, 1, "", "only YAML inventories are read so far", "write it as .yml"))
            continue
        try:
            document = lines.read(file)
        except SiteError as error:
            found.problems += error.problems
            continue
        _read_document(document, found)
    found.members = {group: _members(group, found, frozenset()) for group in found.members}
    return found


def _members(group: str, found: Groups, above: frozenset[str]) -> tuple[str, ...]:
    """Return a group's hosts and those of its children, wherever the children are written."""
    if group in above:
        return ()
    names = list(found.members.get(group, ()))
    for child in found.children.get(group, ()):
        names += _members(child, found, above | {group})
    return tuple(dict.fromkeys(names))


def _read_document(document: Document, found: Groups) -> None:
    if document.data is None:
        return
    if not isinstance(document.data, dict):
        found.problems.append(document.problem((), "must be a mapping of groups", "see `holdfast init`"))
        return
    for key, group in document.data.items():
        _read_group(document, (str(key),), group or {}, found)


def _read_group(document: Document, place: Location, group: Any, found: Groups) -> None:
    if not isinstance(group, dict):
        found.problems.append(document.problem(place, "must be a mapping with hosts, vars or children"))
        return
    for unknown in [name for name in group if name not in _GROUP_KEYS]:
        found.problems.append(
            document.problem((*place, str(unknown)), "unknown key", f"a group has {', '.join(_GROUP_KEYS)}")
        )
    hosts, variables, children = (_mapping(document, place, group, name, found) for name in _GROUP_KEYS)
    names = _read_hosts(document, (*place, "hosts"), hosts, variables, found)
    for child, inner in children.items():
        _read_group(document, (*place, "children", str(child)), inner or {}, found)
    key = str(place[-1])
    found.children[key] = (*found.children.get(key, ()), *map(str, children))
    found.members[key] = (*found.members.get(key, ()), *names)
    if "system" in variables:
        _read_system(document, place, key, variables["system"], found)


def _mapping(document: Document, place: Location, owner: Any, name: str, found: Groups) -> dict[Any, Any]:
    """Return `owner[name]` if it is a mapping; anything else but nothing is a problem."""
    value = owner.get(name)
    if value is not None and not isinstance(value, dict):
        found.problems.append(document.problem((*place, name), "must be a mapping", "write it as `name: {}` lines"))
    return value if isinstance(value, dict) else {}


def _read_hosts(
    document: Document, place: Location, hosts: dict[Any, Any], group_variables: dict[Any, Any], found: Groups
) -> list[str]:
    names = []
    for name in map(str, hosts):
        if not _HOST_NAME.fullmatch(name):
            what = "host ranges are not read so far" if "[" in name else "is not a host name"
            found.problems.append(document.problem((*place, name), what))
            continue
        own = _mapping(document, place, hosts, name, found) if name in hosts else {}
        variables = {**group_variables, **own}
        try:
            host = Host(
                name=name,
                connection=str(variables.get("ansible_connection", "ssh")),
                address=str(variables.get("ansible_host", name)),
                port=variables.get("ansible_port", 22),
                user=str(variables.get("ansible_user", "")),
                key_file=str(variables.get("ansible_ssh_private_key_file", "")),
                root=variables.get("holdfast_root", "/"),
            )
        except ValidationError as error:
            fault = error.errors()[0]
            key = {"root": "holdfast_root", "port": "ansible_port"}.get(str(fault["loc"][0]), "")
            what = fault["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
            found.problems.append(document.problem((*place, name, key), what))
            continue
        if own or name not in found.hosts:
            found.hosts[name] = host
        names.append(name)
    return names


def _read_system(document: Document, place: Location, key: str, block: Any, found: Groups) -> None:
    where = (*place, "vars", "system")
    if not _SYSTEM_KEY.fullmatch(key):
        found.problems.append(document.problem(place, "is not a system's key", "use a-z, 0-9, - and _"))
        return
    if key in found.documents:
        other = found.documents[key]
        found.problems.append(document.problem(where, f"system {key!r} is already written in {other.file}"))
        return
    found.documents[key], found.places[key] = document, where
    try:
        found.systems[key] = lines.validate(document, System, where, block)
    except SiteError as error:
        found.problems += error.problems
