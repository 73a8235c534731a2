from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.database import Database
from ledger.errors import AlreadyThereError, LedgerError
from tests.ledger.fixtures import BOTH
from tests.ledger.postgres import PASSWORD, Server
from tests.tools import CHECKOUT


@pytest.fixture(params=BOTH)
def database(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Database]:
    """An empty database of each kind in turn."""
    if request.param == "sqlite":
        (tmp_path / "test.db").touch()
        database = Database(f"sqlite:///{tmp_path / 'test.db'}")
    else:
        server: Server = request.getfixturevalue("pg_server")
        database = Database(server.new_database(), lambda: PASSWORD)
    with database.write() as connection:
        connection.run("CREATE TABLE numbers (n INTEGER PRIMARY KEY)")
    yield database
    database.close()


def test_what_a_transaction_wrote_is_there_and_what_failed_in_it_is_not(database: Database) -> None:
    with database.write() as connection:
        connection.many("INSERT INTO numbers VALUES (?)", [(1,), (2,)])
    with pytest.raises(ZeroDivisionError), database.write() as connection:
        connection.run("INSERT INTO numbers VALUES (?)", (3,))
        raise ZeroDivisionError
    with database.read() as connection:
        assert connection.all("SELECT n FROM numbers ORDER BY n") == [(1,), (2,)]
        assert connection.one("SELECT n FROM numbers WHERE n = ?", (9,)) is None
        assert connection.has_table("numbers")
        assert not connection.has_table("letters")


def test_a_reader_sees_one_moment_whatever_is_written_meanwhile(database: Database) -> None:
    with database.read() as reader:
        assert reader.one("SELECT count(*) FROM numbers") == (0,)
        with database.write() as writer:
            writer.run("INSERT INTO numbers VALUES (1)")
        assert reader.one("SELECT count(*) FROM numbers") == (0,)
    with database.read() as reader:
        assert reader.one("SELECT count(*) FROM numbers") == (1,)


def test_a_reader_that_stops_halfway_leaves_its_connection_to_the_next(database: Database) -> None:
    with database.write() as connection:
        connection.many("INSERT INTO numbers VALUES (?)", ((number,) for number in range(2000)))
    for _ in range(3):
        with database.read() as connection:
            assert next(connection.each("SELECT n FROM numbers ORDER BY n")) == (0,)
    assert len(database._idle) == 1
    database.close()
    assert database._idle == []


def test_many_rows_are_yielded_in_order(database: Database) -> None:
    with database.write() as connection:
        connection.many("INSERT INTO numbers VALUES (?)", ((number,) for number in range(2000)))
    with database.read() as connection:
        assert [n for (n,) in connection.each("SELECT n FROM numbers ORDER BY n")] == list(range(2000))


def test_the_same_key_twice_is_told_apart_from_other_failures(database: Database) -> None:
    with pytest.raises(AlreadyThereError, match="holds this already"), database.write() as connection:
        connection.many("INSERT INTO numbers VALUES (?)", [(1,), (1,)])
    with pytest.raises(LedgerError, match="letters") as caught, database.read() as connection:
        connection.all("SELECT * FROM letters")
    assert not isinstance(caught.value, AlreadyThereError)


def test_a_statement_says_how_many_rows_it_changed(database: Database) -> None:
    with database.write() as connection:
        connection.many("INSERT INTO numbers VALUES (?)", [(1,), (2,), (3,)])
        assert connection.run("DELETE FROM numbers WHERE n > ?", (1,)) == 2


def test_two_streams_of_one_transaction_do_not_meet(database: Database) -> None:
    with database.write() as connection:
        connection.many("INSERT INTO numbers VALUES (?)", ((number,) for number in range(1200)))
    with database.read() as connection:
        streams = [connection.each("SELECT n FROM numbers ORDER BY n") for _ in range(2)]
        assert list(zip(*streams, strict=True)) == [((n,), (n,)) for n in range(1200)]


def test_what_the_database_says_comes_with_the_next_step(database: Database) -> None:
    with pytest.raises(LedgerError, match="cannot be used: database is locked") as caught, database.told():
        raise database._driver.errors[0]("database is locked")
    assert caught.value.hint == "another Holdfast is writing; try again"


def test_a_file_that_was_lost_is_not_begun_anew(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'gone.db'}")
    with pytest.raises(LedgerError, match="unable to open"), database.read():
        pass
    assert not (tmp_path / "gone.db").exists()


def test_another_kind_of_database_is_refused() -> None:
    with pytest.raises(LedgerError, match="oracle is not a ledger database"):
        Database("oracle://host/ledger")


def test_nothing_that_sqlite_does_not_need_is_imported() -> None:
    code = "import sys, ledger.ledger; print('psycopg' in sys.modules)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=CHECKOUT)
    assert ended.stdout == "False\n"
