from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from inventory import adopting, site
from inventory.ansible_inventory import Ansible
from inventory.draft import MARK
from inventory.errors import RefusedError, UsageError
from inventory.lines import SiteError

INI = """[apis]
apis-db ansible_host=192.0.2.7
apis-web ansible_host=192.0.2.8 ansible_port=2222

[edoc]
docs[1:3]

[Web.Servers]
apis-web

[province:children]
apis
edoc

[empty]

[ungrouped]
stray
"""
YAML = """
province:
  children:
    apis: {hosts: {apis-db: {ansible_host: 192.0.2.7}}}
    edoc: {hosts: {"docs[1:3]": }}
"""
SCRIPT = """#!/bin/sh
echo '{"apis": {"hosts": ["apis-db"]}, "_meta": {"hostvars": {"apis-db": {"ansible_host": "192.0.2.7"}}}}'
"""
WITH_A_SYSTEM = "system: {name: Sign-on, level: 3}\n"

INVENTORIES: Mapping[str, tuple[str, Mapping[str, str], list[str]]] = {
    "an INI file with variables beside it": (
        "ansible/hosts.ini",
        {"ansible/hosts.ini": INI, "ansible/group_vars/all.yml": "ansible_user: ops\n", "ansible/README.md": "x"},
        ["apis", "edoc"],
    ),
    "a directory of YAML": (
        "ansible",
        {"ansible/a.yml": YAML, "ansible/b.yml": "pki: {hosts: {pki-1: }}\n"},
        ["apis", "edoc", "pki"],
    ),
    "a program": ("ansible/inventory.sh", {"ansible/inventory.sh": SCRIPT}, ["apis"]),
}


def place(root: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(0o755 if text.startswith("#!") else 0o640)


def pictured(folder: Path) -> dict[str, tuple[str, int, int]]:
    return {
        str(path.relative_to(folder)): (
            hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "",
            path.stat().st_mode,
            path.stat().st_mtime_ns,
        )
        for path in sorted(folder.rglob("*"))
    }


@pytest.mark.ansible
@pytest.mark.parametrize("kind", INVENTORIES)
def test_an_inventory_is_adopted_and_not_a_byte_of_it_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    path, files, groups = INVENTORIES[kind]
    place(tmp_path, files)
    before = pictured(tmp_path / "ansible")
    monkeypatch.chdir(tmp_path)
    offer = adopting.look(Path(path), Ansible())
    adopting.make(Path("site"), offer, adopting.choose(offer, []), name="Province", login="minh")
    assert pictured(tmp_path / "ansible") == before
    read = site.load(tmp_path / "site", ansible=Ansible())
    assert list(read.systems) == groups
    assert read.settings.inventories == [f"../{path}"]
    assert read.hosts["apis-db"].address == "192.0.2.7"
    assert "apis-db" in read.members["apis"]


@pytest.mark.ansible
def test_groups_of_groups_and_groups_of_odd_names_are_left_out_and_named(tmp_path: Path) -> None:
    place(tmp_path, {"hosts.ini": INI})
    offer = adopting.look(tmp_path / "hosts.ini", Ansible())
    assert offer.parents == ("province",)
    assert offer.unfit == ("Web.Servers",)
    assert list(offer.groups) == ["apis", "edoc"]
    assert adopting.loose(offer, ["apis"]) == ["docs1", "docs2", "docs3", "stray"]
    assert adopting.choose(offer, ["province"]) == ("province",)


def offered(root: Path, files: Mapping[str, str] | None = None) -> adopting.Offer:
    place(root, files or {"ansible/a.yml": YAML})
    return adopting.look(root / "ansible", Ansible())


def test_every_value_nobody_stated_is_marked(tmp_path: Path) -> None:
    offer = offered(tmp_path)
    adopting.make(tmp_path / "site", offer, ["apis"], name="x", login="minh")
    text = (tmp_path / "site" / adopting.SYSTEMS_FILE).read_text()
    block = yaml.safe_load(text)["apis"]["vars"]["system"]
    (draft,) = adopting.drafts(["apis"])
    assert draft.open == list(block)
    assert text.count(f"# {MARK}: ") == len(block)


def test_a_group_that_is_a_system_already_is_adopted_as_it_is(tmp_path: Path) -> None:
    offer = offered(tmp_path, {"ansible/a.yml": YAML, "ansible/group_vars/apis.yml": WITH_A_SYSTEM})
    assert offer.written == ("apis",)
    assert list(offer.groups) == ["edoc"]
    with pytest.raises(UsageError, match=r"a system in .* already"):
        adopting.choose(offer, ["apis"])


def test_where_everything_is_a_system_already_nothing_is_drafted(tmp_path: Path) -> None:
    files = {"ansible/a.yml": "apis: {hosts: {apis-db: }}\n", "ansible/group_vars/apis.yml": WITH_A_SYSTEM}
    offer = offered(tmp_path, files)
    adopting.make(tmp_path / "site", offer, adopting.choose(offer, []), name="x", login="minh")
    assert list(site.load(tmp_path / "site").systems) == ["apis"]


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ("apsi", "no group 'apsi' with hosts"),
        ("all", "cannot be a system|no group 'all'"),
        ("Big.One", "cannot be a system's key"),
    ],
)
def test_a_group_that_cannot_be_a_system_is_refused(tmp_path: Path, wanted: str, says: str) -> None:
    offer = offered(tmp_path, {"ansible/a.yml": f"{YAML}Big.One: {{hosts: {{big: }}}}\n"})
    with pytest.raises(UsageError, match=says) as caught:
        adopting.choose(offer, [wanted])
    assert caught.value.hint


def test_an_inventory_without_a_group_to_choose_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no group with hosts"):
        adopting.choose(offered(tmp_path, {"ansible/a.yml": "all: {hosts: {stray: }}\n"}), [])


def test_an_inventory_that_is_not_there_or_at_fault_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no inventory at"):
        adopting.look(tmp_path / "nowhere", Ansible())
    with pytest.raises(SiteError, match=r"a\.yml:1"):
        offered(tmp_path, {"ansible/a.yml": "apis: [1]\n"})


def test_a_directory_that_holds_something_is_refused_and_left_alone(tmp_path: Path) -> None:
    offer = offered(tmp_path)
    with pytest.raises(RefusedError, match="not empty"):
        adopting.make(tmp_path / "ansible", offer, ["apis"], name="x", login="minh")
    assert [path.name for path in (tmp_path / "ansible").iterdir()] == ["a.yml"]


@pytest.mark.parametrize("absolute", [True, False])
def test_the_inventory_is_named_as_it_was_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, absolute: bool
) -> None:
    place(tmp_path, {"ops/my inventory é/a.yml": YAML})
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    given = Path("../ops/my inventory é")
    offer = adopting.look(given.resolve() if absolute else given, Ansible())
    adopting.make(Path("site"), offer, ["apis"], name="x", login="minh")
    (named,) = site.load(Path("site")).settings.inventories
    assert named == (str(given.resolve()) if absolute else "../../ops/my inventory é")
