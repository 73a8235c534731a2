"""Ansible inventories, read for what is ours: groups with a `system:` block, their hosts, how these are reached.

YAML is read here, with the lines of everything; whatever else Ansible reads (INI, programs, plugins) is asked from
Ansible, and then it says who belongs where.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from inventory import connection, lines, ranges, sources, systems
from inventory.ansible_inventory import Answer
from inventory.errors import HoldfastError
from inventory.lines import Document, Location, Problem, Remark, SiteError
from inventory.sources import Source
from inventory.system import Host, System
from inventory.tree import Layers, Reach, Setting, Tree, Variables

_GROUP_KEYS = ("hosts", "vars", "children")
_HOST_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,252}")

Ask = Callable[[Sequence[Path], Sequence[Source]], Answer]
"""Ask Ansible what it makes of inventories; the second is which of their files only it can read."""


@dataclass
class Groups:
    """What inventories hold; `documents` and `places` say where each system was written.

    `faulty` is what can be read of systems that have faults: enough to look up the names they speak of.
    """

    systems: dict[str, System] = field(default_factory=dict)
    faulty: dict[str, System] = field(default_factory=dict)
    hosts: dict[str, Host] = field(default_factory=dict)
    members: dict[str, tuple[str, ...]] = field(default_factory=dict)
    documents: dict[str, Document] = field(default_factory=dict)
    places: dict[str, Location] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    tree: Tree = field(default_factory=Tree)
    foreign: list[Source] = field(default_factory=list)


def read(*inventories: Path, ask: Ask | None = None) -> Groups:
    """Read inventories as one, the later ones over the earlier; faults are collected, not raised.

    The last is ours, where an unknown key is a fault; in the others, which only Ansible knew so far, it is a remark.

    Raises:
        HoldfastError: Ansible could not be asked (only if the YAML itself is without fault).
    """
    found = Groups()
    for inventory in inventories:
        if not inventory.exists():
            found.problems.append(Problem(inventory, 1, "", "is missing", "make one file per system in it"))
            continue
        for source in sources.files(inventory):
            _read_source(source, found, strict=inventory == inventories[-1])
    found.tree.settle()
    answer = _ask(inventories, found, ask) if found.foreign else None
    group_files = _beside(inventories, "group_vars", list(found.tree.groups), found)
    host_files = _beside(inventories, "host_vars", list(found.tree.hosts), found)
    _resolve(found, ([], []) if found.foreign else (group_files, host_files))
    if answer is not None:
        _hidden_systems(answer, found)
    return found


def _ask(inventories: Sequence[Path], found: Groups, ask: Ask | None) -> Answer | None:
    if ask is None:
        found.problems += [
            Problem(source.file, 1, "", "is no YAML inventory", "write it as .yml") for source in found.foreign
        ]
        return None
    try:
        answer = ask(inventories, found.foreign)
    except SiteError as error:
        found.problems += error.problems
        return None
    except HoldfastError:
        if not found.problems:
            raise
        return None
    file = found.foreign[0].file
    found.tree = answer.tree(file)
    found.tree.settle()
    found.problems += [
        Problem(file, 1, name, f"{name!r} is not a host name Holdfast can use")
        for name in found.tree.hosts
        if not _HOST_NAME.fullmatch(name)
    ]
    return answer


def _hidden_systems(answer: Answer, found: Groups) -> None:
    """Tell of systems that are written where only Ansible can read them: no line could ever be named in them."""
    carriers = {host for key in found.documents for host in found.members.get(key, ())}
    if hidden := sorted(answer.with_system - carriers):
        what = f"{', '.join(hidden[:3])} have a `system` variable that is not in a YAML file of their group"
        hint = "write it into group_vars/GROUP.yml"
        found.problems.append(Problem(found.foreign[0].file, 1, "", what, hint))


def _resolve(found: Groups, files: tuple[Layers, Layers]) -> None:
    """Work out who belongs where and how each host is reached."""
    found.members = found.tree.members()
    reach = Reach(found.tree, *files)
    for name in found.tree.hosts:
        if not _HOST_NAME.fullmatch(name):
            continue  # told where it was read
        found.hosts[name], problems = connection.host(name, reach.variables(name))
        found.problems += problems
    for name in found.hosts.keys() & found.tree.groups.keys():
        text = f"{name} is both a group and a host: Ansible takes the host's variables for the group's"
        document, place = found.documents.get(name), found.places.get(name, ())
        if document is not None:
            found.remarks.append(document.remark("same_name", place, text))


def _read_source(source: Source, found: Groups, *, strict: bool) -> None:
    if source.kind in ("static", "dynamic"):
        found.foreign.append(source)
        return
    try:
        document = lines.read(source.file, found.problems)
    except SiteError as error:
        if source.kind == "maybe" and "not valid YAML" in error.message:
            found.foreign.append(Source(source.file, "static"))
        else:
            found.problems += error.problems
        return
    data = document.data
    if data is None:
        return
    if isinstance(data, dict) and data.get("plugin"):
        found.foreign.append(Source(source.file, "dynamic"))
    elif isinstance(data, dict):
        reading = _Reading(document, found, strict)
        for name, group in data.items():
            reading.group((str(name),), name, group)
    elif source.kind == "maybe":
        found.foreign.append(Source(source.file, "static"))
    else:
        found.problems.append(document.problem((), "must be a mapping of groups", "see `holdfast init`"))


@dataclass(frozen=True)
class _Reading:
    """One YAML file on its way into the tree, in the order in which Ansible would take its keys."""

    document: Document
    found: Groups
    strict: bool

    def group(self, place: Location, name: Any, content: Any) -> bool:
        """Read one group; tell whether it is one."""
        if not isinstance(name, str) or not name:
            self._problem(place, "a group's name must be text", "write it in quotes")
            return False
        if content is not None and not isinstance(content, dict):
            self._problem(place, "must be a mapping with hosts, vars or children")
            return False
        self.found.tree.group(name)
        for key, value in (content or {}).items():
            match key:
                case "hosts":
                    self._hosts(place, name, self._mapping((*place, "hosts"), value, or_name=True))
                case "vars":
                    self._variables(place, name, self._mapping((*place, "vars"), value))
                case "children":
                    self._children(place, name, self._mapping((*place, "children"), value, or_name=True))
                case _:
                    self._unknown((*place, str(key)))
        return True

    def _problem(self, place: Location, what: str, hint: str = "") -> None:
        self.found.problems.append(self.document.problem(place, what, hint))

    def _unknown(self, place: Location) -> None:
        known = f"a group has {', '.join(_GROUP_KEYS)}"
        if self.strict:
            self._problem(place, "unknown key", known)
        else:
            text = f"{place[-1]} is no part of a group and Ansible skips it; {known}"
            self.found.remarks.append(self.document.remark("skipped_key", place, text))

    def _mapping(self, place: Location, value: Any, *, or_name: bool = False) -> dict[Any, Any]:
        """Return a mapping; where Ansible takes a single name for one, so do we; anything else is a problem."""
        if or_name and isinstance(value, str):
            return {value: None}
        if value is not None and not isinstance(value, dict):
            self._problem(place, "must be a mapping", "write it as `name: {}` lines")
        return value if isinstance(value, dict) else {}

    def _children(self, place: Location, name: str, children: dict[Any, Any]) -> None:
        for child, content in children.items():
            here = (*place, "children", str(child))
            if not self.group(here, child, content):
                continue
            if circle := self.found.tree.add_child(name, child):
                self._problem(here, f"a group inside itself: {' → '.join(circle)}", "Ansible refuses this too")

    def _variables(self, place: Location, name: str, variables: dict[Any, Any]) -> None:
        group = self.found.tree.groups[name]
        for key, value in variables.items():
            here = (*place, "vars", str(key))
            if key == "system":
                systems.read(self.document, here, name, value, self.found)
            elif key == "ansible_group_priority":
                try:
                    group.priority = int(value)
                except (TypeError, ValueError):
                    self._problem(here, "must be a number")
            elif key in connection.NAMES:
                group.own[key] = Setting(value, self.document, here)

    def _hosts(self, place: Location, group: str, hosts: dict[Any, Any]) -> None:
        for pattern, content in hosts.items():
            here = (*place, "hosts", str(pattern))
            try:
                names, port = self._names(pattern)
            except ValueError as error:
                self._problem(here, str(error))
                continue
            variables = self._mapping(here, content)
            own = {
                key: Setting(value, self.document, (*here, key))
                for key, value in variables.items()
                if key in connection.NAMES
            }
            for name in names:
                self._host(here, group, name, port, own)

    def _names(self, pattern: Any) -> tuple[list[str], int | None]:
        if not isinstance(pattern, str):
            raise ValueError("a host's name must be text; write it in quotes")  # noqa: TRY004
        names, port = ranges.expand(pattern)
        if bad := next((name for name in names if not _HOST_NAME.fullmatch(name)), None):
            hint = "give it a name of letters, digits, . - _ and put its address into ansible_host"
            raise ValueError(f"{bad!r} is not a host name Holdfast can use; {hint}")
        return names, port

    def _host(self, place: Location, group: str, name: str, port: int | None, own: Variables) -> None:
        tree = self.found.tree
        if tree.add_host(group, name) and port is not None:
            tree.hosts[name]["ansible_port"] = Setting(port, self.document, place)
        target = tree.groups[name].own if name in tree.groups else tree.hosts[name]
        target.update(own)


def _beside(
    inventories: Sequence[Path], directory: sources.VarsDirectory, names: Sequence[str], found: Groups
) -> list[dict[str, Variables]]:
    """Read the variables written beside the inventories for groups or hosts, one layer per inventory."""
    beside = sources.Beside(inventories, directory)
    layers: list[dict[str, Variables]] = [{} for _ in inventories]
    written = beside.names()
    for name in names if written else ():
        for layer, files in zip(layers, beside.files(name), strict=True):
            variables: Variables = {}
            for document in _documents(files, found):
                variables |= {
                    key: Setting(value, document, (key,))
                    for key, value in document.data.items()
                    if key in connection.NAMES
                }
                if directory == "group_vars" and "system" in document.data:
                    systems.read(document, ("system",), name, document.data["system"], found)
            if variables:
                layer[name] = variables
    for name in sorted(written.keys() - set(names)):
        kind = directory.removesuffix("_vars")
        text = f"no {kind} {name!r} in the inventory; {lines.near(name, names, f'{kind}s')}"
        found.remarks.append(Remark("unused_variables", written[name], 1, "", text))
    return layers


def _documents(files: Sequence[Path], found: Groups) -> Iterator[Document]:
    for file in files:
        try:
            document = lines.read(file, found.problems)
        except SiteError as error:
            if "is encrypted as a whole" in error.message:
                text = "is encrypted as a whole: what it says about connections is not known"
                found.remarks.append(Remark("encrypted_file", file, 1, "", text))
            else:
                found.problems += error.problems
            continue
        if isinstance(document.data, dict):
            yield document
        elif document.data is not None:
            found.problems.append(document.problem((), "must be a mapping of variables"))
