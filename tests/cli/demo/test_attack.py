from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from cli.demo import attack


def test_every_file_is_changed_in_place_keeping_its_name_and_size_and_a_note_is_left(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("minutes of the meeting")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "b.txt").write_text("budget")
    assert attack.encrypt_in_place(tmp_path) == 2
    assert (tmp_path / "a.txt").read_bytes() != b"minutes of the meeting"
    assert (tmp_path / "a.txt").stat().st_size == len("minutes of the meeting")
    assert (tmp_path / "READ_ME_TO_DECRYPT.txt").is_file()


def test_an_overwritten_database_cannot_be_read_any_more(tmp_path: Path) -> None:
    database = tmp_path / "x.db"
    with sqlite3.connect(database) as connection:
        connection.execute("CREATE TABLE t (x)")
    connection.close()
    attack.overwrite(database)
    with pytest.raises(sqlite3.DatabaseError):
        sqlite3.connect(database).execute("SELECT * FROM t")


def test_it_kills_nothing_that_does_not_carry_the_demos_mark(tmp_path: Path) -> None:
    assert attack.kill_services(["sso"], {"sso": 1}, tmp_path) == 0
