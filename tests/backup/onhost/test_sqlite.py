from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from backup.errors import SourceError
from backup.onhost import sqlite


def make(file: Path, *, wal: bool = True) -> Path:
    with closing(sqlite3.connect(file)) as connection:
        if wal:
            connection.execute("pragma journal_mode=wal")
        connection.execute("create table account (id integer primary key, amount integer)")
        connection.execute('create table "odd ""name""" (a)')
        connection.executemany("insert into account values (?, 100)", [(number,) for number in range(50)])
        connection.commit()
    return file


@pytest.mark.parametrize("wal", [True, False])
def test_a_copy_taken_while_others_write_is_of_one_moment(tmp_path: Path, wal: bool) -> None:
    """Every transaction moves money from one account to another: a copy with another sum was torn."""
    database = make(tmp_path / "live.db", wal=wal)
    stop = threading.Event()

    def write() -> None:
        with closing(sqlite3.connect(database, timeout=30)) as connection:
            number = 0
            while not stop.is_set():
                number += 1
                with connection:
                    connection.execute("update account set amount = amount - 7 where id = ?", (number % 50,))
                    connection.execute("update account set amount = amount + 7 where id = ?", ((number + 1) % 50,))
                stop.wait(0.002)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for attempt in range(20):
            copy = tmp_path / f"copy-{attempt}.db"
            sqlite.copy_live(database, copy)
            with closing(sqlite3.connect(copy)) as connection:
                assert connection.execute("select sum(amount), count(*) from account").fetchone() == (5000, 50)
    finally:
        stop.set()
        writer.join()


def test_a_database_locked_for_too_long_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "_PATIENCE_SECONDS", 0.1)
    database = make(tmp_path / "live.db", wal=False)
    with closing(sqlite3.connect(database)) as other:
        other.execute("begin exclusive")
        with pytest.raises(SourceError, match="locked"):
            sqlite.copy_live(database, tmp_path / "copy.db")


def test_the_copy_has_the_mode_of_the_original_and_nothing_beside_it(tmp_path: Path) -> None:
    database = make(tmp_path / "live.db")
    database.chmod(0o640)
    sqlite.copy_live(database, tmp_path / "staged" / "live.db")
    assert [file.name for file in (tmp_path / "staged").iterdir()] == ["live.db"]
    assert (tmp_path / "staged" / "live.db").stat().st_mode & 0o777 == 0o640


def test_rows_are_counted_whatever_the_table_is_called(tmp_path: Path) -> None:
    assert sqlite.row_counts(make(tmp_path / "a.db", wal=False)) == {"account": 50, 'odd "name"': 0}


def test_what_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("this is an encrypted ransom note, not a database" * 100)
    with pytest.raises(SourceError, match=r"text\.db"):
        sqlite.copy_live(tmp_path / "text.db", tmp_path / "copy.db")
    assert sqlite.faults_of(tmp_path / "text.db")
    with pytest.raises(SourceError):
        sqlite.row_counts(tmp_path / "text.db")


def test_a_damaged_page_is_found(tmp_path: Path) -> None:
    database = make(tmp_path / "a.db", wal=False)
    content = bytearray(database.read_bytes())
    content[4096 + 8 : 4096 + 60] = b"\xff" * 52
    database.write_bytes(content)
    with pytest.raises(SourceError, match=r"damaged|malformed"):
        sqlite.copy_live(database, tmp_path / "copy.db")


@pytest.mark.parametrize(
    ("answer", "text"), [("'2026-11-23T03:10:00Z'", "2026-11-23T03:10:00Z"), ("null", None), ("17", "17")]
)
def test_the_newest_record_is_what_the_query_answers(tmp_path: Path, answer: str, text: str | None) -> None:
    assert sqlite.newest(make(tmp_path / "a.db", wal=False), f"select {answer}") == text


def test_a_canary_query_that_does_not_work_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="canary"):
        sqlite.newest(make(tmp_path / "a.db", wal=False), "select nothing from nowhere")
