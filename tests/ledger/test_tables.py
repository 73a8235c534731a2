from __future__ import annotations

from ledger import tables
from ledger.ledger import Ledger


def test_tables_can_be_made_twice_and_keep_what_they_hold(both: Ledger) -> None:
    both.append("test", {})
    with both.store.write() as connection:
        tables.create(connection)
        assert tables.version(connection) == tables.SCHEMA_VERSION
        assert all(connection.has_table(name) for name in tables.NAMES)
    assert both.verify().records == 1


def test_a_database_in_which_no_ledger_was_begun_has_no_version(both: Ledger) -> None:
    with both.store.write() as connection:
        connection.run("DELETE FROM meta")
        assert tables.version(connection) is None
        connection.run("DROP TABLE meta")
        assert tables.version(connection) is None
