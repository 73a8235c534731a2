"""How a host is reached, as the inventory's variables say it: Ansible's names and their older spellings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from inventory.lines import Problem
from inventory.parse import Unsafe, Vaulted
from inventory.system import Host
from inventory.tree import Setting, Variables

_NAMES = {
    "connection": ("ansible_connection",),
    "address": ("ansible_host", "ansible_ssh_host"),
    "port": ("ansible_port", "ansible_ssh_port"),
    "user": ("ansible_user", "ansible_ssh_user"),
    "key_file": ("ansible_private_key_file", "ansible_ssh_private_key_file"),
    "root": ("holdfast_root",),
}
"""What a Host's fields are called in an inventory; of several names that are set the last one counts, as in Ansible."""

NAMES = frozenset(name for names in _NAMES.values() for name in names)
FIELDS = tuple(_NAMES)
TITLES = {field: names[0] for field, names in _NAMES.items()}


def is_template(value: Any) -> bool:
    """Tell whether Ansible would evaluate a value before using it."""
    if not isinstance(value, str) or "{" not in value or isinstance(value, Unsafe):
        return False
    return any(mark in value for mark in ("{{", "{%", "{#"))


def host(name: str, variables: Variables) -> tuple[Host, list[Problem]]:
    """Return a host and every fault of its variables; a faulty one has its default then.

    What is encrypted or a template is no fault: the host's `unclear` says that Holdfast cannot know it.
    """
    chosen = dict(_chosen(variables))
    unclear: tuple[str, ...] = ()
    values: dict[str, Any] = {"name": name, "address": name}
    for field, (setting, key) in chosen.items():
        if _hidden(setting.value):
            unclear += (_unclear(key, setting),) if field != "root" else ()
        else:
            values[field] = setting.value if field in ("port", "root") else str(setting.value)
    problems = list(_hidden_root(chosen))
    try:
        return Host(**values, unclear=unclear), problems
    except ValidationError as error:
        for fault in error.errors():
            field = str(fault["loc"][0])
            setting, _ = chosen[field]
            what = fault["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
            problems.append(setting.document.problem(setting.place, what))
            values.pop(field, None)
    return Host(**values, unclear=unclear), problems


def _hidden_root(chosen: Mapping[str, tuple[Setting, str]]) -> Iterator[Problem]:
    """Tell of a root nobody can know: `/` in its place would be another machine's files."""
    if "root" in chosen and _hidden((setting := chosen["root"][0]).value):
        what = "is a template or encrypted; where a host's files are must be plain"
        yield setting.document.problem(setting.place, what, "write the directory itself")


def _chosen(variables: Variables) -> Iterator[tuple[str, tuple[Setting, str]]]:
    for field, names in _NAMES.items():
        for name in names:
            if name in variables and variables[name].value is not None:
                yield field, (variables[name], name)


def _hidden(value: Any) -> bool:
    return isinstance(value, Vaulted) or is_template(value)


def _unclear(key: str, setting: Setting) -> str:
    why = "is encrypted" if isinstance(setting.value, Vaulted) else "is a template"
    document = setting.document
    return f"{key} {why} ({document.file.name}:{document.line(setting.place)})"
