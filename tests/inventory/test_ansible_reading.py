"""Random inventories, by seed: whatever is written, we read it as Ansible does."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from tests.inventory.test_ansible_inventory import compared

NAMES = ("ansible_user", "ansible_host", "ansible_port", "ansible_ssh_host", "ansible_ssh_user", "holdfast_root")
GROUPS = [f"g{number}" for number in range(10)]
HOSTS = [f"h{number}" for number in range(12)]


class Writer:
    """Write one random inventory of several files and two sources."""

    def __init__(self, seed: int, root: Path) -> None:
        self.random = random.Random(seed)
        self.root = root

    def variables(self, share: float) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name in NAMES:
            if self.random.random() < share:
                value: Any = f"v{self.random.randrange(1000)}"
                value = self.random.randrange(1, 60000) if name == "ansible_port" else value
                found[name] = f"/{value}" if name == "holdfast_root" else value
        if self.random.random() < share / 4:
            found[self.random.choice(NAMES[:5])] = None
        return found

    def group(self, depth: int = 0) -> dict[str, Any]:
        keys = ["hosts", "vars", "children"]
        self.random.shuffle(keys)
        found: dict[str, Any] = {}
        for key in keys:
            if self.random.random() < 0.4:
                continue
            match key:
                case "hosts":
                    names = self.random.sample(
                        [*HOSTS, "r[1:3]", "s[08:11:2]:2222", "t[a:c]x"], self.random.randrange(4)
                    )
                    found[key] = {name: self.variables(0.15) or None for name in names}
                case "vars":
                    found[key] = self.variables(0.3)
                    if self.random.random() < 0.3:
                        found[key]["ansible_group_priority"] = self.random.randrange(1, 4)
                case _ if depth < 3:
                    found[key] = {}
        return found

    def tree(self) -> dict[str, Any]:
        """Return groups by name; a group only contains groups with a higher number, so no circle closes."""
        found: dict[str, Any] = {}
        for number, name in enumerate(GROUPS):
            if self.random.random() < 0.5:
                found[name] = group = self.group()
                if "children" in group:
                    later = GROUPS[number + 1 :]
                    for child in self.random.sample(later, min(len(later), self.random.randrange(3))):
                        group["children"][child] = {} if self.random.random() < 0.5 else self.group(3)
        if self.random.random() < 0.4:
            found["all"] = self.group(3)
        if self.random.random() < 0.3:
            found["ungrouped"] = {"hosts": dict.fromkeys(self.random.sample(HOSTS, 2))}
        items = list(found.items())
        self.random.shuffle(items)
        return dict(items)

    def put(self, name: str, content: Any) -> None:
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        (self.root / name).write_text(json.dumps(content))

    def write(self) -> list[Path]:
        for source in ("one", "two"):
            for file in self.random.sample(["a.yml", "b.json", "c.yaml", "sub/d.yml", "plain"], 3):
                self.put(f"{source}/{file}", self.tree() or {"g0": None})
            for name in self.random.sample([*GROUPS, "all", "ungrouped"], 5):
                ending = self.random.choice(["", ".yml", ".yaml", ".json", "/x.yml", "/deep/y"])
                self.put(f"{source}/group_vars/{name}{ending}", self.variables(0.3))
            for name in self.random.sample([*HOSTS, "r1", "tbx"], 4):
                self.put(f"{source}/host_vars/{name}{self.random.choice(['', '.yml'])}", self.variables(0.3))
        return [self.root / "one", self.root / "two"]


def same(tmp_path: Path, seed: int) -> None:
    places = Writer(seed, tmp_path).write()
    compared(*places)


@pytest.mark.ansible
@pytest.mark.parametrize("seed", range(8))
def test_a_random_inventory_is_read_as_ansible_reads_it(tmp_path: Path, seed: int) -> None:
    same(tmp_path, seed)


@pytest.mark.slow
@pytest.mark.ansible
@pytest.mark.parametrize("seed", range(1000, 1200))
def test_many_random_inventories_are_read_as_ansible_reads_them(tmp_path: Path, seed: int) -> None:
    same(tmp_path, seed)
