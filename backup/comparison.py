"""What is there held against a manifest. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from backup.manifest import Entry


@dataclass(frozen=True)
class Comparison:
    """What was found: entries compared, what differs (then it is not verified), and what is only worth saying."""

    compared: int
    differences: tuple[str, ...]
    notes: tuple[str, ...]


def compare(entries: Sequence[Entry], found: Mapping[tuple[str, str], Entry], *, owners: bool) -> Comparison:
    """Hold entries against what is there, both by (host, path). Pure.

    `owners`: compare user and group too (only root can restore them). What is there and not in the manifest
    appeared while the backup ran: a note.
    """
    differences: list[str] = []
    notes: list[str] = []
    for entry in entries:
        there = found.get((entry.host, entry.path))
        if entry.volatile:
            notes.append(f"{entry.host}:{entry.path}: changed while it was read, not compared")
        elif there is None:
            differences.append(f"{entry.host}:{entry.path}: missing")
        elif wrong := _different(entry, there, owners=owners):
            differences.append(f"{entry.host}:{entry.path}: {wrong}")
    known = {(entry.host, entry.path) for entry in entries}
    notes += [f"{host}:{path}: not in the manifest" for host, path in sorted(found.keys() - known)]
    return Comparison(len(entries), tuple(differences), tuple(notes))


def _different(entry: Entry, there: Entry, *, owners: bool) -> str:
    names = ["type", "size", "sha256", "link"]
    if entry.type != "link":
        names.append("mode")
    if owners:
        names += ["uid", "gid"]
    return ", ".join(
        f"{name} is {_value(name, there)}, expected {_value(name, entry)}"
        for name in names
        if getattr(entry, name) != getattr(there, name)
    )


def _value(name: str, entry: Entry) -> str:
    value = getattr(entry, name)
    return f"{value:04o}" if name == "mode" else str(value)[:16]
