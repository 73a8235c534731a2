from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from inventory import connection
from inventory.lines import Document
from inventory.parse import Unsafe, Vaulted
from inventory.system import Host
from inventory.tree import Setting

HERE = Document(Path("inventory/a.yml"), {})


def host(**values: Any) -> Host:
    found, problems = connection.host("h", {name: Setting(value, HERE, (name,)) for name, value in values.items()})
    assert problems == []
    return found


def test_without_variables_a_host_is_reached_by_its_name_over_ssh() -> None:
    assert host() == Host(name="h", connection="ssh", address="h", port=22)


def test_the_old_spellings_count_and_count_over_the_new_ones() -> None:
    found = host(ansible_host="new", ansible_ssh_host="old", ansible_ssh_port="2222", ansible_ssh_user="op")
    assert (found.address, found.port, found.user) == ("old", 2222, "op")
    assert host(ansible_private_key_file="/a", ansible_ssh_private_key_file="/b").key_file == "/b"


def test_a_variable_set_to_nothing_is_not_set() -> None:
    assert host(ansible_host=None, ansible_user=None).address == "h"


@pytest.mark.parametrize(
    ("value", "why"),
    [("{{ inventory_hostname }}.example", "is a template"), (Vaulted("$ANSIBLE_VAULT;1.1"), "is encrypted")],
)
def test_what_only_ansible_can_know_makes_a_host_unclear_not_faulty(value: str, why: str) -> None:
    found = host(ansible_host=value, ansible_user="op")
    assert (found.address, found.user) == ("h", "op")
    assert found.unclear == (f"ansible_host {why} (a.yml:1)",)


def test_braces_marked_as_no_template_are_taken_as_they_are() -> None:
    assert host(ansible_user=Unsafe("{{x}}")).user == "{{x}}"


def test_every_faulty_variable_is_told_and_has_its_default() -> None:
    values = {"ansible_port": "high", "holdfast_root": "x", "ansible_user": "op"}
    found, problems = connection.host("h", {name: Setting(value, HERE, (name,)) for name, value in values.items()})
    assert [problem.key for problem in problems] == ["ansible_port", "holdfast_root"]
    assert (found.port, found.root, found.user) == (22, "/", "op")


@pytest.mark.parametrize("value", ["{{ base }}/x", Vaulted("$ANSIBLE_VAULT;1.1")])
def test_a_root_nobody_can_know_is_a_fault(value: str) -> None:
    found, (problem,) = connection.host("h", {"holdfast_root": Setting(value, HERE, ("holdfast_root",))})
    assert (problem.key, found.unclear) == ("holdfast_root", ())
    assert "must be plain" in problem.what
