from __future__ import annotations

from pathlib import Path

import pytest

from ledger import durable


def test_a_file_is_put_in_place_whole_with_its_mode(tmp_path: Path) -> None:
    file = tmp_path / "x"
    durable.write(file, b"one", mode=0o600)
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (b"one", 0o600)
    durable.write(file, b"two")
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (b"two", 0o644)
    assert [found.name for found in tmp_path.iterdir()] == ["x"]


def test_a_file_that_must_not_be_replaced_stays(tmp_path: Path) -> None:
    durable.write(tmp_path / "x", b"one", replace=False)
    with pytest.raises(FileExistsError):
        durable.write(tmp_path / "x", b"two", replace=False)
    assert (tmp_path / "x").read_bytes() == b"one"
    assert [found.name for found in tmp_path.iterdir()] == ["x"]


def test_a_failed_write_leaves_what_was_there_and_no_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    durable.write(tmp_path / "x", b"one")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        durable.write(tmp_path / "x", b"two")
    assert (tmp_path / "x").read_bytes() == b"one"
    assert [found.name for found in tmp_path.iterdir()] == ["x"]


def test_a_private_file_is_made_once_and_left_alone_after(tmp_path: Path) -> None:
    file = tmp_path / "state" / "x.db"
    durable.make_private(file)
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    file.write_bytes(b"content")
    durable.make_private(file)
    assert file.read_bytes() == b"content"
