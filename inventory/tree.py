"""Groups, their hosts and the variables that reach them, by Ansible's rules; pure data, wherever it was read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from inventory.lines import Document, Location

ALL, UNGROUPED = "all", "ungrouped"


class Setting(NamedTuple):
    """One variable's value and where it was written."""

    value: Any
    document: Document
    place: Location


Variables = dict[str, Setting]
Layers = Sequence[dict[str, Variables]]
"""For each source, the variables written beside it: by group or by host."""


@dataclass
class Group:
    """One group: the hosts and groups directly in it, in order, and the variables written in the inventory itself."""

    hosts: dict[str, None] = field(default_factory=dict)
    children: dict[str, None] = field(default_factory=dict)
    own: Variables = field(default_factory=dict)
    priority: int = 1


@dataclass
class Tree:
    """Every group and host of an inventory; `hosts` holds what is written for each host in the inventory itself."""

    groups: dict[str, Group] = field(default_factory=lambda: {ALL: Group(), UNGROUPED: Group()})
    hosts: dict[str, Variables] = field(default_factory=dict)

    def group(self, name: str) -> Group:
        """Return a group, made if it is new."""
        if name not in self.groups:
            self.groups[name] = Group()
        return self.groups[name]

    def add_host(self, group: str, host: str) -> bool:
        """Put a host into a group; tell whether the host is new."""
        self.groups[group].hosts[host] = None
        if host in self.hosts:
            return False
        self.hosts[host] = {}
        return True

    def add_child(self, group: str, child: str) -> tuple[str, ...]:
        """Put a group into another; return the circle that would close (nothing was done then), or nothing."""
        if child == ALL:
            return (ALL, group, ALL) if group != ALL else (ALL, ALL)
        if way := self._way(child, group):
            return (group, *way)
        self.groups[group].children[child] = None
        return ()

    def _way(self, start: str, end: str) -> tuple[str, ...]:
        """Return how `end` is reached from `start` through children, or nothing."""
        if start == end:
            return (start,)
        waiting: list[tuple[str, ...]] = [(start,)]
        seen = {start}
        while waiting:
            way = waiting.pop()
            for child in self.groups[way[-1]].children:
                if child == end:
                    return (*way, child)
                if child not in seen:
                    seen.add(child)
                    waiting.append((*way, child))
        return ()

    def settle(self) -> None:
        """Finish what was read: every group belongs to `all`, every host without a group to `ungrouped`."""
        inside = {child for group in self.groups.values() for child in group.children}
        for name in self.groups:
            if name != ALL and name not in inside:
                self.groups[ALL].children[name] = None
        loose = (ALL, UNGROUPED)
        placed = {host for name, group in self.groups.items() if name not in loose for host in group.hosts}
        wanted = (*self.groups[UNGROUPED].hosts, *self.groups[ALL].hosts, *self.hosts)
        self.groups[UNGROUPED].hosts = {host: None for host in wanted if host not in placed}

    def members(self) -> dict[str, tuple[str, ...]]:
        """Return every group's hosts with those of its children, each once; needs `settle`."""
        found: dict[str, tuple[str, ...]] = {}
        for name in self._children_first():
            group = self.groups[name]
            if group.children:
                names = dict(group.hosts)
                for child in group.children:
                    names.update(dict.fromkeys(found[child]))
                found[name] = tuple(names)
            else:
                found[name] = tuple(group.hosts)
        return {name: found[name] for name in self.groups}

    def _children_first(self) -> list[str]:
        order: dict[str, None] = {}
        waiting = [(name, False) for name in reversed(self.groups)]
        while waiting:
            name, entered = waiting.pop()
            if name in order:
                continue
            if entered:
                order[name] = None
                continue
            waiting.append((name, True))
            waiting += [(child, False) for child in self.groups[name].children if child not in order]
        return list(order)


class Reach:
    """Which variables reach a host: from `all`, from its groups (outer before inner, then by priority and name),
    from itself, each in the inventory first and then in the files beside it. Needs a settled tree.
    """

    def __init__(self, tree: Tree, group_files: Layers, host_files: Layers) -> None:
        self._tree = tree
        self._group_files = [layer for layer in group_files if layer]
        self._host_files = [layer for layer in host_files if layer]
        order = tree._children_first()
        self._above: dict[str, set[str]] = {name: set() for name in order}
        depth = dict.fromkeys(order, 0)
        for name in reversed(order):
            for child in tree.groups[name].children:
                self._above[child] |= {name, *self._above[name]}
                depth[child] = max(depth[child], depth[name] + 1)
        self._rank = {name: (depth[name], group.priority, name) for name, group in tree.groups.items()}
        self._direct: dict[str, list[str]] = {}
        for name, group in tree.groups.items():
            for host in group.hosts:
                self._direct.setdefault(host, []).append(name)
        self._common: dict[tuple[str, ...], Variables] = {}

    def variables(self, host: str) -> Variables:
        """Return the variables of a host."""
        groups = tuple(self._direct.get(host, ()))
        if groups not in self._common:
            self._common[groups] = self._of_groups(groups)
        own = self._tree.hosts[host]
        files = [layer[host] for layer in self._host_files if host in layer]
        return _joined([self._common[groups], own, *files]) if own or files else self._common[groups]

    def _of_groups(self, direct: Iterable[str]) -> Variables:
        names = {above for name in direct for above in (name, *self._above[name])} - {ALL}
        ordered = sorted(names, key=self._rank.__getitem__)
        layers = [self._tree.groups[name].own for name in (ALL, *ordered)]
        layers += [layer[ALL] for layer in self._group_files if ALL in layer]
        layers += [layer[name] for layer in self._group_files for name in ordered if name in layer]
        return _joined(layers)


def _joined(layers: Iterable[Variables]) -> Variables:
    found: Variables = {}
    for layer in layers:
        found.update(layer)
    return found
