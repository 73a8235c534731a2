from __future__ import annotations

import os
from pathlib import Path

import pytest

from inventory import sources


def put(root: Path, *names: str, text: str = "", mode: int = 0o644) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
        (root / name).chmod(mode)


def test_a_directory_is_read_as_ansible_reads_it(tmp_path: Path) -> None:
    put(tmp_path, "b.yml", "a.yaml", "hosts", "x.ini", "sub/c.json", "group_vars/all.yml", "host_vars/h", ".d.yml")
    put(tmp_path, "b.yml~", "b.yml.orig", "notes.md", "ansible.cfg", "c.bak", "vars_plugins/x.py")
    put(tmp_path, "ask.py", text="#!/bin/sh\n", mode=0o755)
    put(tmp_path, "mounted.yml", text="a:\n", mode=0o755)
    found = [(str(source.file.relative_to(tmp_path)), source.kind) for source in sources.files(tmp_path)]
    assert found == [
        ("a.yaml", "yaml"),
        ("ask.py", "dynamic"),
        ("b.yml", "yaml"),
        ("hosts", "maybe"),
        ("mounted.yml", "yaml"),
        ("sub/c.json", "yaml"),
        ("x.ini", "static"),
    ]


def test_variables_are_found_by_the_first_of_their_names(tmp_path: Path) -> None:
    put(tmp_path, "group_vars/web/b.yml", "group_vars/web/a", "group_vars/web/.x", "group_vars/web/c.txt")
    put(tmp_path, "group_vars/web/deep/d.json", "group_vars/web.yml", "group_vars/db.yaml", "group_vars/db.json")
    (tmp_path / "none").mkdir()
    beside = sources.Beside([tmp_path, tmp_path / "none"], "group_vars")
    web, none = beside.files("web")
    assert [str(file.relative_to(tmp_path / "group_vars/web")) for file in web] == ["a", "b.yml", "deep/d.json"]
    assert none == []
    assert beside.files("db")[0] == [tmp_path / "group_vars/db.yaml"]
    assert beside.files("other") == [[], []]
    assert set(beside.names()) == {"web", "db"}


def test_variables_lie_beside_a_file_and_inside_a_directory(tmp_path: Path) -> None:
    put(tmp_path, "hosts.yml", "host_vars/h.yml")
    for source in (tmp_path, tmp_path / "hosts.yml"):
        assert sources.Beside([source], "host_vars").files("h") == [[tmp_path / "host_vars/h.yml"]]


@pytest.mark.parametrize("change", ["content", "name", "mode", "vars", "new"])
def test_the_digest_changes_with_everything_that_can_matter(tmp_path: Path, change: str) -> None:
    put(tmp_path, "hosts.ini", "group_vars/all.yml", text="a")
    places = [tmp_path / "hosts.ini"]
    before = sources.digest(places)
    assert sources.digest(places) == before
    match change:
        case "content":
            put(tmp_path, "hosts.ini", text="b")
        case "name":
            places = [(tmp_path / "hosts.ini").rename(tmp_path / "other.ini")]
        case "mode":
            (tmp_path / "hosts.ini").chmod(0o755)
        case "vars":
            put(tmp_path, "group_vars/all.yml", text="b")
        case _:
            put(tmp_path, "host_vars/h.yml")
    assert sources.digest(places) != before


def test_the_digest_depends_on_the_salt_and_survives_what_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "dangling.yml").symlink_to(tmp_path / "gone")
    assert sources.digest([tmp_path], ["1"]) != sources.digest([tmp_path], ["2"])


def test_what_lies_behind_a_link_can_matter_too_and_links_in_a_circle_end(tmp_path: Path) -> None:
    put(tmp_path, "i/hosts.ini", "elsewhere/all.yml", text="a")
    (tmp_path / "i/group_vars").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere/round").symlink_to(tmp_path / "i")
    before = sources.digest([tmp_path / "i"])
    put(tmp_path, "elsewhere/all.yml", text="b")
    assert sources.digest([tmp_path / "i"]) != before


def test_a_link_back_into_the_inventory_is_not_followed_without_end(tmp_path: Path) -> None:
    put(tmp_path, "a.yml", "sub/b.yml")
    for name in ("round", "sub/up", "sub/again"):
        (tmp_path / name).symlink_to(tmp_path)
    assert [source.file.name for source in sources.files(tmp_path)] == ["a.yml", "b.yml"]


@pytest.mark.timeout(20)
def test_a_pipe_is_never_opened_and_left_to_our_reader(tmp_path: Path) -> None:
    for name in ("hosts", "x.ini", "ask.py", "a.yml"):
        os.mkfifo(tmp_path / name, 0o755)
    assert {source.kind for source in sources.files(tmp_path)} == {"yaml"}
    assert sources.digest([tmp_path])
