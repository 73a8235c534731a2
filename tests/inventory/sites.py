"""A small site in a folder, for tests of what lies beside its inventory."""

from __future__ import annotations

from pathlib import Path

from inventory import site
from inventory.lines import SiteError
from inventory.site import Site

PEOPLE = """people:
- {name: Hoa, login: hoa, roles: [approver]}
- {name: Lan, login: lan, roles: [operator]}
- {name: Minh, login: minh, roles: [head], until: 2026-12-31}
"""
SYSTEM = "edoc:\n  hosts: {documents-1: {ansible_connection: local}}\n  vars: {system: {name: Documents, level: 3}}\n"


def make(root: Path, **files: str) -> Path:
    """Write a site with one system of level 3 and three people; `registers__roster` names registers/roster.yml."""
    (root / "inventory").mkdir(parents=True)
    (root / "registers").mkdir()
    (root / "holdfast.yml").write_text("site: x\ntimezone: Asia/Ho_Chi_Minh\npolicies: [baseline, vn-2026]\n")
    (root / "people.yml").write_text(PEOPLE)
    (root / "inventory" / "edoc.yml").write_text(SYSTEM)
    for name, text in files.items():
        (root / f"{name.replace('__', '/')}.yml").write_text(text)
    return root


def read(root: Path, **files: str) -> Site:
    return site.load(make(root, **files))


def faults(root: Path, **files: str) -> list[str]:
    """Return the problems of a site, without its path."""
    try:
        read(root, **files)
    except SiteError as error:
        return [str(problem).removeprefix(f"{root}/") for problem in error.problems]
    return []
