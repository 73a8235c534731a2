from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from inventory import places, probe, reach, site, starter
from inventory.errors import HoldfastError, RefusedError
from tests.fakes.clock import FakeClock


@pytest.mark.parametrize("name", ["An Giang", "Tỉnh: An Giang # 'x' \"y\" $z {w}", "1", "", "no"])
def test_the_starter_site_loads_whatever_its_name(tmp_path: Path, name: str) -> None:
    starter.make(tmp_path / "site", name=name, login="minh")
    read = site.load(tmp_path / "site")
    assert read.settings.site.startswith("site-")
    assert read.settings.name == name
    assert read.people.people[0].roles == ["security", "operator", "responder", "approver"]
    assert list(read.systems) == ["example"]


def test_the_example_system_is_normal_on_this_machine(tmp_path: Path) -> None:
    starter.make(tmp_path / "site", name="x", login="minh")
    read = site.load(tmp_path / "site")
    assert all(probe.probe(check, read.hosts, FakeClock()).passed for check in read.systems["example"].normal_when)


@pytest.mark.ansible
def test_the_starter_is_an_inventory_that_ansible_reads_the_same_way(tmp_path: Path) -> None:
    starter.make(tmp_path / "site", name="x", login="minh")
    program = str(Path(sys.executable).parent / "ansible-inventory")
    listed = reach.run(reach.Command((program, "-i", str(tmp_path / "site" / "inventory"), "--list"), limit=60))
    groups = json.loads(listed.stdout)
    assert groups["example"]["hosts"] == ["this-machine"]
    variables = groups["_meta"]["hostvars"]["this-machine"]
    assert variables["ansible_connection"] == "local"
    assert variables["system"]["rto"] == "24h"


def test_an_empty_directory_is_used(tmp_path: Path) -> None:
    assert tmp_path / "holdfast.yml" in starter.make(tmp_path, name="x", login="minh")
    assert (tmp_path / ".gitignore").read_text().startswith("/vault/")


def test_a_directory_that_holds_something_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("x")
    with pytest.raises(RefusedError, match="not empty"):
        starter.make(tmp_path, name="x", login="minh")
    with pytest.raises(RefusedError):
        starter.make(tmp_path / "precious", name="x", login="minh")
    assert [file.name for file in tmp_path.iterdir()] == ["precious"]


def test_a_place_that_cannot_be_written_is_an_error_with_a_hint(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(HoldfastError, match="cannot be written") as caught:
        starter.make(tmp_path / "file" / "site", name="x", login="minh")
    assert caught.value.hint


@pytest.mark.parametrize(
    ("name", "expected"), [("An Giang 2026", "an-giang-2026"), ("__", "site"), ("x" * 80, "x" * 50), ("Tỉnh", "t-nh")]
)
def test_the_id_is_made_from_the_directory(name: str, expected: str) -> None:
    name_part, _, digits = starter.site_id(Path(os.sep) / name).rpartition("-")
    assert name_part == expected
    assert len(bytes.fromhex(digits)) == 3


def test_two_sites_of_one_name_do_not_share_a_state_directory(tmp_path: Path) -> None:
    for place in ("a", "b"):
        starter.make(tmp_path / place / "site", name="x", login="minh")
    states = {places.state_directory(site.load(tmp_path / place / "site"), {"HOME": "/h"}) for place in ("a", "b")}
    assert len(states) == 2
