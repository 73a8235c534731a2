from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from inventory import kept
from tests.test_layout import ROOT

LATER = datetime.now(UTC) + timedelta(hours=1)
"""By then every file of these tests is old enough."""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    root = tmp_path / "site"
    (root / "inventory" / "group_vars").mkdir(parents=True)
    (root / "runbooks").mkdir()
    for name in ("holdfast.yml", "people.yml", "inventory/sso.yml", "inventory/group_vars/all", "runbooks/own.yml"):
        (root / name).write_text(f"name: {name}\n")
    return root


def mark(site: Path, now: datetime = LATER) -> str:
    return kept.fingerprint(site, now, ROOT)


def test_what_was_kept_is_read_back_while_nothing_changes(site: Path, tmp_path: Path) -> None:
    file = kept.file_of(site, {"XDG_CACHE_HOME": str(tmp_path / "cache")})
    kept.write(file, mark(site), {"a": [1, None]})
    assert kept.read(file, mark(site)) == {"a": [1, None]}
    assert file.stat().st_mode & 0o777 == 0o600
    assert kept.read(file, "another") is None


def rewrite(site: Path) -> None:
    """The same size, and the time put back: only the moment of the change itself tells."""
    file = site / "inventory" / "sso.yml"
    before = file.stat()
    file.write_text(file.read_text().replace("sso", "oss"))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def replaced(site: Path) -> None:
    shutil.copy2(site / "inventory" / "sso.yml", site / "new")
    (site / "new").replace(site / "inventory" / "sso.yml")


CHANGES: list[Callable[[Path], object]] = [
    lambda site: (site / "inventory" / "edoc.yml").write_text("x: 1\n"),
    lambda site: (site / "inventory" / "sso.yml").unlink(),
    lambda site: (site / "inventory" / "sso.yml").rename(site / "inventory" / "renamed.yml"),
    lambda site: (site / "inventory" / "group_vars" / "all").write_text("x: 2\n"),
    lambda site: (site / "holdfast.yml").write_text("site: other\n"),
    lambda site: (site / "people.yml").unlink(),
    lambda site: (site / "runbooks" / "another.yml").write_text("x: 1\n"),
    lambda site: (site / "runbooks" / "own.yml").chmod(0o640),
    rewrite,
    replaced,
]


@pytest.mark.parametrize("change", CHANGES)
def test_any_change_of_any_file_of_the_site_is_seen(site: Path, change: Callable[[Path], object]) -> None:
    before = mark(site)
    change(site)
    assert before
    assert mark(site) != before


def test_a_file_just_written_is_believed_no_earlier_than_it_could_be_told_from_its_next_state(site: Path) -> None:
    assert mark(site, datetime.now(UTC)) == ""
    assert mark(site, datetime.now(UTC) + timedelta(seconds=3)) == mark(site)


@pytest.mark.parametrize(
    "odd",
    [
        lambda site: (site / "inventory" / "link.yml").symlink_to(site / "holdfast.yml"),
        lambda site: (site / "inventory" / "more").symlink_to(site / "runbooks"),
        lambda site: (site / "inventory" / "hosts.ini").write_text("[sso]\n"),
        lambda site: (site / "inventory" / "sso.yml").chmod(0o755),
        lambda site: (site / "other.yml").symlink_to("/etc/hostname"),
    ],
)
def test_nothing_is_kept_for_a_site_whose_files_do_not_tell_all(site: Path, odd: Callable[[Path], object]) -> None:
    odd(site)
    assert mark(site) == ""


def test_without_a_fingerprint_nothing_is_written_or_read(tmp_path: Path) -> None:
    kept.write(tmp_path / "kept.json", "", {"a": 1})
    assert not (tmp_path / "kept.json").exists()
    kept.write(tmp_path / "kept.json", "x", {"a": 1})
    assert kept.read(tmp_path / "kept.json", "") is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"mark": "x"}', '{"content": 1}', "\0"])
def test_a_broken_file_is_as_good_as_none(tmp_path: Path, text: str) -> None:
    file = tmp_path / "kept.json"
    file.write_text(text)
    file.chmod(0o600)
    assert kept.read(file, "x") is None


def test_a_file_that_others_may_write_to_is_not_believed(tmp_path: Path) -> None:
    file = tmp_path / "kept.json"
    kept.write(file, "x", 1)
    assert kept.read(file, "x") == 1
    file.chmod(0o620)
    assert kept.read(file, "x") is None


def test_a_cache_that_cannot_be_written_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    kept.write(tmp_path / "file" / "kept.json", "x", 1)
