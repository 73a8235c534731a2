"""A site of directory hosts."""

from __future__ import annotations

import os
import pwd
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

MakeSite = Callable[..., Path]


@pytest.fixture
def make_site(tmp_path: Path) -> MakeSite:
    """Make a site with one system per call argument: `make_site(edoc={"level": 3, "hosts": {"doc-1": {...}}})`.

    A host whose variables are a path is a directory host. The caller's login is an operator.
    """

    def make(**systems: dict[str, object]) -> Path:
        return write_site(tmp_path, **systems)

    return make


def write_site(folder: Path, **systems: dict[str, object]) -> Path:
    """Write such a site into a folder."""
    root = folder / "site"
    (root / "inventory").mkdir(parents=True)
    (root / "holdfast.yml").write_text("site: try\nstate: ../state\n")
    login = pwd.getpwuid(os.getuid()).pw_name
    (root / "people.yml").write_text(f"people: [{{name: Minh, login: {login}, roles: [operator]}}]\n")
    for key, given in systems.items():
        hosts = given["hosts"]
        assert isinstance(hosts, dict)
        group = {
            "hosts": {name: _variables(value) for name, value in hosts.items()},
            "vars": {"system": {"name": key, "level": given.get("level", 3)}},
        }
        (root / "inventory" / f"{key}.yml").write_text(yaml.safe_dump({key: group}))
    return root


def _variables(value: object) -> object:
    if isinstance(value, Path):
        value.mkdir(parents=True, exist_ok=True)
        return {"ansible_connection": "local", "holdfast_root": str(value)}
    return value
