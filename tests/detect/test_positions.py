from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from detect import positions
from detect.positions import Piece
from inventory.errors import HoldfastError


def piece(file: Path, position: int) -> Piece:
    with file.open("rb") as stream:
        return positions.piece(file, stream, position, 1)


def test_what_is_written_is_read_back(state: Path) -> None:
    kept = {"sso signon-1:/var/log/auth.log": [Piece("ab", 2, 77, 10, 3, 4, 2)]}
    positions.write(state, kept)
    assert positions.read(state) == kept
    assert (state / positions.FILE).stat().st_mode & 0o777 == 0o600


def test_without_a_file_nothing_was_read_yet(state: Path) -> None:
    assert positions.read(state) == {}


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"format": 9, "logs": {}}', '{"format": 1, "logs": {"a": [{"x": 1}]}}']
)
def test_a_damaged_file_is_named_with_what_to_do(state: Path, content: str) -> None:
    (state / positions.FILE).write_text(content)
    with pytest.raises(HoldfastError, match="damaged") as failure:
        positions.read(state)
    assert "remove it" in failure.value.hint


def test_positions_that_cannot_be_written_are_told(tmp_path: Path) -> None:
    with pytest.raises(HoldfastError, match="cannot be written"):
        positions.write(tmp_path / "gone", {})


def test_a_file_is_known_while_it_grows_and_not_when_it_is_another_or_was_cut(tmp_path: Path) -> None:
    log = tmp_path / "auth.log"
    log.write_text("one\ntwo\n")
    known = piece(log, 8)
    log.write_text("one\ntwo\nthree\n")
    assert positions.is_same(log, known)
    log.write_text("one\n")
    assert not positions.is_same(log, known)
    log.write_text("ONE\nTWO\nTHREE\n")
    assert not positions.is_same(log, known)
    assert not positions.is_same(tmp_path / "gone", known)


def test_a_rotated_file_is_found_again_also_compressed(tmp_path: Path) -> None:
    log = tmp_path / "auth.log"
    log.write_text("one\ntwo\n")
    known = piece(log, 4)
    (tmp_path / "auth.log.2.gz").write_bytes(gzip.compress(log.read_bytes()))
    log.write_text("three\n")
    assert positions.moved(log, known) == tmp_path / "auth.log.2.gz"
    (tmp_path / "auth.log.2.gz").unlink()
    assert positions.moved(log, known) is None


def test_an_empty_file_is_known_by_where_it_lies(tmp_path: Path) -> None:
    log = tmp_path / "auth.log"
    log.touch()
    known = piece(log, 0)
    log.rename(tmp_path / "auth.log.1")
    log.touch()
    assert not positions.is_same(log, known)
    assert positions.moved(log, known) == tmp_path / "auth.log.1"


def test_files_rotated_away_since_are_found_the_oldest_first(tmp_path: Path) -> None:
    for age, name in enumerate(["auth.log.4", "auth.log.3", "auth.log.2", "auth.log.1"]):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (age, age))
    found = positions.rotated_after(tmp_path / "auth.log", tmp_path / "auth.log.3")
    assert [file.name for file in found] == ["auth.log.2", "auth.log.1"]
