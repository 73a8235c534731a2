"""Where our reading of an inventory and Ansible's are not the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from inventory import connection
from inventory.ansible_inventory import Answer
from inventory.system import Host

_MOST_NAMED = 5
_NOWHERE = Path("ansible-inventory")


@dataclass(frozen=True)
class Difference:
    """One thing that is read differently: a group's hosts, or how one host is reached."""

    what: str
    ours: str
    ansible: str

    def __str__(self) -> str:
        return f"{self.what}: we read {self.ours}, Ansible {self.ansible}"

    def to_json(self) -> dict[str, str]:
        """Return one row of `differences` in `holdfast inventory validate --json`."""
        return {"what": self.what, "ours": self.ours, "ansible": self.ansible}


def differences(
    members: Mapping[str, tuple[str, ...]], hosts: Mapping[str, Host], answer: Answer
) -> tuple[Difference, ...]:
    """Compare who belongs where, and every host's connection, with what Ansible says."""
    tree = answer.tree(_NOWHERE)
    tree.settle()
    theirs = tree.members()
    found = [*_groups(members, theirs)]
    for name in sorted(hosts.keys() & tree.hosts.keys()):
        other, _ = connection.host(name, tree.hosts[name])
        found += _connections(hosts[name], other)
    return tuple(found)


def _groups(ours: Mapping[str, tuple[str, ...]], theirs: Mapping[str, tuple[str, ...]]) -> Iterator[Difference]:
    for name in sorted(ours.keys() | theirs.keys()):
        left, right = set(ours.get(name, ())), set(theirs.get(name, ()))
        if left != right:
            yield Difference(f"hosts of group {name}", _names(left - right), _names(right - left))


def _names(names: Iterable[str]) -> str:
    ordered = sorted(names)
    more = f" and {len(ordered) - _MOST_NAMED} more" if len(ordered) > _MOST_NAMED else ""
    return f"also {', '.join(ordered[:_MOST_NAMED])}{more}" if ordered else "no others"


def _connections(ours: Host, theirs: Host) -> Iterator[Difference]:
    for field in connection.FIELDS:
        left, right = getattr(ours, field), getattr(theirs, field)
        if left != right:
            yield Difference(f"{connection.TITLES[field]} of host {ours.name}", repr(left), repr(right))
    if bool(ours.unclear) != bool(theirs.unclear):
        yield Difference(f"what is unclear about host {ours.name}", _unclear(ours), _unclear(theirs))


def _unclear(host: Host) -> str:
    return "; ".join(host.unclear) or "nothing"
