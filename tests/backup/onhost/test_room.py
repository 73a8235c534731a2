from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from backup.errors import StorageError
from backup.manifest import Entry, Manifest, Source
from backup.onhost import landing, room
from backup.onhost.landing import Place
from inventory.errors import ExitCode


class Usage(NamedTuple):
    total: int
    used: int
    free: int


def place(tmp_path: Path) -> Place:
    source = Source("documents-1", "files", "/srv/edoc", "/backed/up/srv/edoc")
    root = tmp_path / "root"
    return Place(source, "spare-1", str(root), root / "srv", "abcd1234")


def holding(*sizes: int) -> Manifest:
    entries = [
        Entry("documents-1", f"/srv/edoc/{number}", "file", size, 0o600, 0, 0, 0) for number, size in enumerate(sizes)
    ]
    source = Source("documents-1", "files", "/srv/edoc", "/backed/up/srv/edoc")
    return Manifest("district", "edoc", "", "", None, [source], entries)


def test_what_is_needed_is_counted_in_whole_blocks(tmp_path: Path) -> None:
    assert room.needed(place(tmp_path), holding(0, 1, 4096, 4097)) == 5 * 4096


def test_a_disk_without_room_is_refused_with_3_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(9_000_000, 0, 9_000_000))
    room.require([place(tmp_path)], holding(7_000_000))
    with pytest.raises(StorageError, match=r"9\.0 MB free; 9\.0 MB .*needed") as caught:
        room.require([place(tmp_path)], holding(9_000_000))
    assert caught.value.exit_code == ExitCode.UNFINISHED
    assert "make room" in caught.value.hint
    assert list(tmp_path.iterdir()) == []


def test_two_places_on_one_disk_share_its_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(9_000_000, 0, 9_000_000))
    with pytest.raises(StorageError):
        room.require([place(tmp_path), place(tmp_path)], holding(5_000_000))


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS])
def test_a_target_that_takes_no_more_is_told_from_a_bad_copy(tmp_path: Path, number: int) -> None:
    staging = place(tmp_path).staging
    said = [f"/edoc/f2: write {staging}/edoc/f2: {os.strerror(number).lower()}", "Fatal: There were 2 errors"]
    fault = room.fault_of_target(said, staging)
    assert fault is not None
    assert (fault.errno, fault.filename) == (number, str(staging))


def test_what_restic_says_of_the_copy_is_no_fault_of_the_target(tmp_path: Path) -> None:
    staging = place(tmp_path).staging
    said = ["/edoc/f1: decrypting blob failed", "open /vault/data/11/117: input/output error", f"{staging}: odd"]
    assert room.fault_of_target(said, staging) is None


def test_when_it_fills_up_the_partial_data_is_removed_and_that_is_said(tmp_path: Path) -> None:
    one = place(tmp_path)
    landing.begin(one)
    (one.staging / "half").write_text("half")
    with pytest.raises(StorageError, match="partial data was removed") as caught, room.giving_up([one]):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(one.staging))
    assert str(one.staging) in caught.value.message
    assert not one.staging.exists()


def test_any_other_fault_is_left_to_others(tmp_path: Path) -> None:
    with pytest.raises(PermissionError), room.giving_up([place(tmp_path)]):
        raise PermissionError(errno.EACCES, "no", "/x")
