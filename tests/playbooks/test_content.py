"""The Ansible content as data: it agrees with the controls."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from playbooks import controls
from playbooks.controls import ROLES


def read(role: str, part: str) -> Any:
    return yaml.safe_load((ROLES / role / part / "main.yml").read_text())


KINDS = read("files", "vars")["files_kinds"]


@pytest.mark.parametrize("most", KINDS)
def test_a_mode_fits_exactly_when_it_gives_no_more_rights(most: str) -> None:
    for mode in range(0o10000):
        fits = re.match(KINDS[most]["fits"], f"{mode:04o}") is not None
        assert fits == (mode & ~int(most, 8) == 0), f"{mode:04o} against {most}"


@pytest.mark.parametrize("most", KINDS)
def test_what_is_taken_away_makes_any_mode_fit_and_nothing_more(most: str) -> None:
    for mode in range(0o2000):  # all rights and the sticky bit
        left = mode
        for clause in KINDS[most]["take"].split(","):
            who, what = clause.split("-")
            shift = {"u": 6, "g": 3, "o": 0}[who]
            for letter in what:
                left &= ~({"r": 4, "w": 2, "x": 1}.get(letter, 0) << shift)
                left &= ~(0o1000 if letter == "t" else 0)
        assert left == mode & int(most, 8)


def test_the_role_takes_away_what_the_controls_ask_for() -> None:
    modes = read("files", "defaults")
    for rule in controls.shipped().values():
        if rule.check.op == "mode_at_most":
            path = rule.check.fact[1]
            assert modes["files_modes"].get(path, modes["files_host_keys"]) == rule.check.value


def test_the_kernel_role_writes_only_values_the_controls_accept_and_covers_each_of_them() -> None:
    settings = read("sysctl", "defaults")["sysctl_settings"]
    rules = {rule.check.fact[1]: rule for rule in controls.shipped().values() if rule.mend.role == "sysctl"}
    assert settings.keys() == rules.keys()
    for name, good in settings.items():
        check = rules[name].check
        assert all(value == check.value if check.op == "equals" else value >= check.value for value in good)


def test_only_modules_of_ansible_core_and_our_own_collector_are_used() -> None:
    files = [*ROLES.rglob("tasks/*.yml"), *ROLES.rglob("handlers/*.yml"), *ROLES.parent.glob("*.yml")]
    dotted = {name for file in files for name in re.findall(r"^\s+(\w+\.\w+\.\w+):", file.read_text(), re.MULTILINE)}
    assert dotted
    assert all(name.startswith("ansible.builtin.") for name in dotted)
