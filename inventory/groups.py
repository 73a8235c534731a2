"""The Ansible inventory directory, read for what is ours: groups with a `system:` block and their hosts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from inventory import lines
from inventory.lines import Document, Location, Problem, SiteError
from inventory.system import Host, System

_IGNORED = ("group_vars", "host_vars")


@dataclass
class Groups:
    """What an inventory directory holds; `documents` says which file each system was written in."""

    systems: dict[str, System] = field(default_factory=dict)
    hosts: dict[str, Host] = field(default_factory=dict)
    members: dict[str, tuple[str, ...]] = field(default_factory=dict)
    documents: dict[str, Document] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def read(directory: Path) -> Groups:
    """Read every YAML file of an inventory directory; faults are collected, never raised."""
    found = Groups()
    if not directory.is_dir():
        found.problems.append(Problem(directory, 1, "", "is missing", "make one file per system in it"))
        return found
    for file in sorted(directory.iterdir()):
        if file.is_dir() or file.name.startswith(".") or file.name in _IGNORED:
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
    return found


def _read_document(document: Document, found: Groups) -> None:
    if document.data is None:
        return
    if not isinstance(document.data, dict):
        found.problems.append(document.problem((), "must be a mapping of groups", "see `holdfast init`"))
        return
    for key, group in document.data.items():
        _read_group(document, (str(key),), group or {}, found)


def _read_group(document: Document, place: Location, group: Any, found: Groups) -> tuple[str, ...]:
    if not isinstance(group, dict):
        found.problems.append(document.problem(place, "must be a mapping with hosts, vars or children"))
        return ()
    variables = group.get("vars") or {}
    names = list(_read_hosts(document, (*place, "hosts"), group.get("hosts") or {}, variables, found))
    for child, inner in (group.get("children") or {}).items():
        names += _read_group(document, (*place, "children", str(child)), inner or {}, found)
    key = str(place[-1])
    members = tuple(dict.fromkeys((*found.members.get(key, ()), *names)))
    found.members[key] = members
    if isinstance(variables, dict) and "system" in variables:
        _read_system(document, place, key, variables["system"], found)
    return members


def _read_hosts(document: Document, place: Location, hosts: Any, group_variables: Any, found: Groups) -> Iterable[str]:
    if not isinstance(hosts, dict):
        found.problems.append(document.problem(place, "must be a mapping of host names"))
        return
    for name, own in hosts.items():
        if "[" in str(name):
            found.problems.append(document.problem((*place, name), "host ranges are not read so far"))
            continue
        variables = {**(group_variables if isinstance(group_variables, dict) else {}), **(own or {})}
        try:
            host = Host(
                name=str(name),
                connection=str(variables.get("ansible_connection", "ssh")),
                address=str(variables.get("ansible_host", name)),
                user=str(variables.get("ansible_user", "")),
                root=variables.get("holdfast_root", "/"),
            )
        except ValidationError as error:
            found.problems.append(document.problem((*place, name), error.errors()[0]["msg"]))
            continue
        if own or name not in found.hosts:
            found.hosts[str(name)] = host
        yield str(name)


def _read_system(document: Document, place: Location, key: str, block: Any, found: Groups) -> None:
    where = (*place, "vars", "system")
    if key in found.systems:
        other = found.documents[key]
        found.problems.append(document.problem(where, f"system {key!r} is already written in {other.file}"))
        return
    found.documents[key] = document
    try:
        found.systems[key] = lines.validate(document, System, where, block)
    except SiteError as error:
        found.problems += error.problems
