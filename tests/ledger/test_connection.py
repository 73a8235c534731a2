from __future__ import annotations

import pytest

from ledger.ledger import Ledger


def test_the_same_statements_mean_the_same_on_both_databases(both: Ledger) -> None:
    with both.store.write() as connection:
        connection.run(f"CREATE TABLE things (n {connection.number} PRIMARY KEY, bytes {connection.binary})")
        connection.many("INSERT INTO things VALUES (?, ?)", [(2**40, b"\x00\xff"), (2, b"")])
        assert connection.run("UPDATE things SET bytes = ? WHERE n > ?", (b"?%s", 5)) == 1
    with both.store.reading() as connection:
        assert connection.all("SELECT n, bytes FROM things ORDER BY n") == [(2, b""), (2**40, b"?%s")]
        assert connection.one("SELECT bytes FROM things WHERE n = ?", (2**40,)) == (b"?%s",)
        assert list(connection.each("SELECT n FROM things ORDER BY n")) == [(2,), (2**40,)]
        assert connection.one("SELECT n FROM things WHERE n = 0") is None
        assert connection.has_table("things")
        assert not connection.has_table("nothing")


def test_rows_can_be_read_in_the_order_they_were_added(both: Ledger) -> None:
    with both.store.write() as connection:
        connection.run("CREATE TABLE things (name TEXT PRIMARY KEY)")
        connection.many("INSERT INTO things VALUES (?)", [("z",), ("a",), ("m",)])
        assert connection.all(f"SELECT name FROM things ORDER BY {connection.added}") == [("z",), ("a",), ("m",)]


def test_a_reader_may_not_write_on_postgresql(both: Ledger) -> None:
    if both.store.database.path is not None:
        pytest.skip("SQLite has no transactions that only read")
    with pytest.raises(Exception, match="read-only"), both.store.reading() as connection:
        connection.run("DELETE FROM head")
