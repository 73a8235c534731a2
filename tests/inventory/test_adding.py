from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from inventory import adding, site
from inventory.ansible_inventory import Ansible
from inventory.errors import RefusedError, UsageError
from inventory.lines import SiteError
from inventory.site import Site
from tests.cli import district

WIKI = "wiki:\n  hosts: {wiki-1: {ansible_host: 192.0.2.30}}\n  vars: {system: {name: Wiki, depends_on: [sso]}}\n"


@pytest.fixture
def read(tmp_path: Path) -> Site:
    root = district.make(tmp_path / "site")
    (root / "inventory" / "group_vars").mkdir()
    (root / "inventory" / "group_vars" / "wiki.yml").write_text("ansible_user: ops\n")
    return site.load(root)


def test_a_new_system_has_a_file_of_its_own(read: Site) -> None:
    assert adding.target(read, "wiki") == read.inventory / "wiki.yml"


@pytest.mark.parametrize("key", ["", "../wiki", "Wiki", "all", "a b", "wiki.yml", "-x"])
def test_what_is_no_key_becomes_no_file(read: Site, key: str) -> None:
    with pytest.raises(UsageError, match="not a system's key"):
        adding.target(read, key)


def test_neither_a_system_nor_a_file_is_overwritten(read: Site) -> None:
    with pytest.raises(RefusedError, match="a system of this site already"):
        adding.target(read, "sso")
    (read.inventory / "wiki.yml").write_text("")
    (read.inventory / "hook.yml").symlink_to("nowhere")
    for key in ("wiki", "hook"):
        with pytest.raises(RefusedError, match="is there already"):
            adding.target(read, key)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ([("sso-1", {"ansible_host": "192.0.2.9"})], "is in this site already"),
        ([("a", {}), ("a", {})], "named twice"),
        ([], "has no host"),
    ],
)
def test_hosts_that_would_change_others_or_are_missing_are_refused(read: Site, given: Any, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        adding.hosts(read, "wiki", given)


def test_a_host_of_the_site_may_carry_one_more(read: Site) -> None:
    assert adding.hosts(read, "wiki", [("sso-1", {}), ("new", {"ansible_host": "192.0.2.9"})]) == {
        "sso-1": {},
        "new": {"ansible_host": "192.0.2.9"},
    }


def test_trying_a_file_out_shows_the_whole_site_with_it_and_writes_nothing(read: Site) -> None:
    before = sorted(read.inventory.iterdir())
    tried = adding.tried(read, read.inventory / "wiki.yml", WIKI, Ansible())
    assert sorted(tried.systems) == ["edoc", "lgsp", "sso", "wiki"]
    assert tried.hosts["wiki-1"].user == "ops"
    assert sorted(read.inventory.iterdir()) == before


def test_a_file_that_would_spoil_the_site_is_named_where_it_would_have_been(read: Site) -> None:
    text = WIKI.replace("[sso]", "[ghost]")
    with pytest.raises(SiteError) as caught:
        adding.tried(read, read.inventory / "wiki.yml", text, Ansible())
    (problem,) = caught.value.problems
    assert problem.file == read.inventory / "wiki.yml"
    assert "ghost" in problem.what
    assert "nothing was written" in (caught.value.hint or "")
