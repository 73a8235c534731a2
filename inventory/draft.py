"""A system's part of an inventory, written for people to go on with: every line explained, every guess marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

MARK = "TO FILL IN"
"""What stands beside every value that nobody stated."""

_COMMENTS: Mapping[str, str] = {
    "name": "what people call it",
    "name_local": "its name in the local language",
    "unit": "who runs it",
    "accountable": "who answers for it",
    "level": "1..5: how much harm its loss does",
    "rto": "how soon it must be back; above 24h needs rto_reason and rto_approver",
    "rto_reason": "",
    "rto_approver": "",
    "rpo": "how much work may be lost",
    "depends_on": "keys of systems that must be back before it",
    "external": "run by others: no hosts, no copies",
    "serves": "whom or what it serves",
    "data": "what must come back; none named: nothing is copied",
    "copies": "where copies are kept; none named: it is lost with its hosts",
    "logs": "what is watched; none named: nobody looks",
    "runbook": "the steps that bring it back",
    "normal_when": "how one knows that it works; none named: nobody can tell that it is back",
}
_COLUMN = 42


@dataclass(frozen=True)
class Draft:
    """A system to be written: its hosts with Ansible's variables, its values by key, and which of these are guesses."""

    key: str
    hosts: Mapping[str, Mapping[str, Any]]
    system: Mapping[str, Any]
    guessed: frozenset[str] = frozenset()

    @property
    def open(self) -> list[str]:
        """Return the keys that are still to be filled in, in the order they are written."""
        return [key for key in _COMMENTS if key in self.guessed and key in self.system]


def text(drafts: Sequence[Draft], head: Sequence[str]) -> str:
    """Return drafts as one inventory file; `head` are the lines of its first comment."""
    lines = [f"# {' '.join(line.split())}" for line in head]
    for draft in drafts:
        lines += ["", *_group(draft)]
    return "\n".join(lines) + "\n"


def _group(draft: Draft) -> list[str]:
    lines = [f"{_flow(draft.key)}:"]
    if draft.hosts:
        lines.append("  hosts:")
        lines += [f"    {_flow(name)}: {_flow(dict(variables))}" for name, variables in draft.hosts.items()]
    lines += ["  vars:", "    system:"]
    for key in _COMMENTS:
        if key in draft.system:
            lines += _value(key, draft.system[key], guessed=key in draft.guessed)
    return lines


def _value(key: str, value: Any, *, guessed: bool) -> list[str]:
    comment = ": ".join(part for part in (MARK if guessed else "", _COMMENTS[key]) if part)
    beside = f"  # {comment}" if comment else ""
    if isinstance(value, list) and any(isinstance(item, dict) for item in value):
        return [
            f"      {key}:".ljust(_COLUMN if beside else 0) + beside,
            *(f"        - {_flow(item)}" for item in value),
        ]
    return [f"      {key}: {_flow(value)}".ljust(_COLUMN if beside else 0) + beside]


class _Dumper(yaml.SafeDumper):
    """Plain YAML; text with line breaks or hidden letters in it goes into quotes that escape them."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=None if value.isprintable() else '"')


_Dumper.add_representer(str, _text)


def _flow(value: Any) -> str:
    """Return a value as YAML on one line."""
    dumped: str = yaml.dump(
        value, Dumper=_Dumper, default_flow_style=True, allow_unicode=True, sort_keys=False, width=float("inf")
    )
    return dumped.removesuffix("\n").removesuffix("\n...")
