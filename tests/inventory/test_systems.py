from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from inventory import groups, systems
from inventory.lines import Document
from inventory.parse import Unsafe, Vaulted

HERE = Document(Path("sso.yml"), {})
PLACE = ("sso", "vars", "system")


def told(block: Any, group: str = "sso") -> list[tuple[str, str]]:
    found = groups.Groups()
    systems.read(HERE, PLACE, group, block, found)
    return [(problem.key, problem.what) for problem in found.problems]


def test_a_block_is_a_system() -> None:
    found = groups.Groups()
    systems.read(HERE, PLACE, "sso", {"name": "Sign-on"}, found)
    assert found.systems["sso"].name == "Sign-on"
    assert (found.documents["sso"], found.places["sso"]) == (HERE, PLACE)


@pytest.mark.parametrize("group", ["all", "ungrouped", "Upper", "a b"])
def test_some_groups_cannot_be_a_system(group: str) -> None:
    assert told({"name": "X"}, group) == [("sso", "is not a system's key")]


def test_every_template_and_secret_inside_is_named() -> None:
    block = {"name": "{{ x }}", "unit": Vaulted("x"), "start": ["a", "{% if %}"], "serves": Unsafe("{{ y }}")}
    assert [key for key, _ in told(block)] == [
        "sso.vars.system.name",
        "sso.vars.system.unit",
        "sso.vars.system.start.1",
    ]


def test_one_file_read_for_two_inventories_is_one_system() -> None:
    found = groups.Groups()
    for _ in range(2):
        systems.read(HERE, PLACE, "sso", {"name": "X"}, found)
    assert found.problems == []
    systems.read(HERE, ("other", "vars", "system"), "sso", {"name": "X"}, found)
    assert "already written in sso.yml" in found.problems[0].what
