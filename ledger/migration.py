"""Begin a ledger, or bring an older one to this version's schema: after a copy, in one step."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from itertools import islice
from pathlib import Path

from inventory import clock as clocks
from ledger import durable, tables
from ledger import record as records
from ledger.connection import Connection
from ledger.database import Database
from ledger.errors import LedgerError
from ledger.tables import SCHEMA_VERSION

_AT_ONCE = 1000


def bring_up(database: Database) -> None:
    """Make the database one of this version: begin an empty one, migrate an older one after copying it.

    A kill at any moment leaves the old ledger or the new one, never half of each.

    Raises:
        LedgerError: a newer Holdfast wrote it, or copy or migration failed; it is as it was.
    """
    with database.read() as connection:
        found = tables.version(connection)
    if found == SCHEMA_VERSION:
        return
    if found is not None and found > SCHEMA_VERSION:
        raise LedgerError(
            f"the ledger was written by a newer Holdfast (its version {found}, ours {SCHEMA_VERSION})",
            hint="use the newer Holdfast; this one changed nothing",
        )
    with database.write() as connection:
        connection.alone()
        found = tables.version(connection)  # another process may have been first
        if found is None:
            _begin(connection)
        elif found < SCHEMA_VERSION:
            _copy(database, connection, found)
            for step in range(found, SCHEMA_VERSION):
                _STEPS[step](connection)
            connection.run("UPDATE meta SET value = ? WHERE name = 'schema'", (str(SCHEMA_VERSION),))


def copy_file(ledger_file: Path, version: int) -> Path:
    """Return where the copy lies that was made before a SQLite ledger left a schema version."""
    return ledger_file.with_name(f"{ledger_file.stem}-schema{version}{ledger_file.suffix}")


def copy_schema(version: int) -> str:
    """Return the PostgreSQL schema that holds the tables as they were before the ledger left a schema version."""
    return f"holdfast_schema{version}"


def _begin(connection: Connection) -> None:
    tables.create(connection)
    connection.run("INSERT INTO meta (name, value) VALUES ('schema', ?)", (str(SCHEMA_VERSION),))
    connection.run("INSERT INTO head (id, seq, hash) VALUES (1, 0, ?)", (records.GENESIS,))


def _copy(database: Database, connection: Connection, version: int) -> None:
    """Copy everything aside while nobody else can write."""
    if database.path is not None:
        _copy_sqlite(database.path, copy_file(database.path, version))
        return
    schema = copy_schema(version)
    connection.run(f"CREATE SCHEMA {schema}")
    for name in filter(connection.has_table, tables.NAMES):
        connection.run(f"LOCK TABLE {name} IN SHARE MODE")  # older versions know no head row to lock
        connection.run(f"CREATE TABLE {schema}.{name} AS TABLE {name}")


def _copy_sqlite(ledger_file: Path, target: Path) -> None:
    beside = target.with_name(f".{target.name}.new")
    for leftover in ("", "-wal", "-shm", "-journal"):
        beside.with_name(beside.name + leftover).unlink(missing_ok=True)
    durable.make_private(beside)
    count = "SELECT count(*), max(seq) FROM records"
    with closing(sqlite3.connect(ledger_file)) as source, closing(sqlite3.connect(beside)) as copy:
        source.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, whole without another beside it
        whole = copy.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        if not whole or copy.execute(count).fetchone() != source.execute(count).fetchone():
            raise LedgerError(
                f"the copy of {ledger_file} made before its migration is not whole",
                hint="nothing was changed; look at the disk, then run the command again",
            )
    durable.sync_file(beside)
    beside.replace(target)
    durable.sync_directory(target.parent)


def _from_1(connection: Connection) -> None:
    """Version 2 has a head row, an outbox, and knows which record holds the digest of each alert."""
    newest = connection.one("SELECT seq, hash FROM records ORDER BY seq DESC LIMIT 1") or (0, records.GENESIS)
    for column in ("seq", "place"):
        connection.run(f"ALTER TABLE alerts ADD COLUMN {column} {connection.number}")
    connection.run("DROP TABLE IF EXISTS projections")  # another form now, and built anew
    tables.create(connection)
    connection.run("INSERT INTO head (id, seq, hash) VALUES (1, ?, ?)", newest)
    places = _alert_places(connection)
    while part := list(islice(places, _AT_ONCE)):
        connection.many("UPDATE alerts SET seq = ?, place = ? WHERE id = ?", part)


def _alert_places(connection: Connection) -> Iterator[tuple[int, int, str]]:
    """Find for each alert the record it was raised with: rows were added with it, in the order of its digest."""
    rows = iter(connection.all(f"SELECT id, raised_at FROM alerts ORDER BY {connection.added}"))
    row = next(rows, None)
    query = "SELECT payload, hash FROM records WHERE kind = 'alerts.raised' ORDER BY seq"
    for payload, hash_ in connection.all(query):
        with suppress(ValueError, KeyError, TypeError):  # a record that cannot be read is found by `ledger verify`
            record = records.opened(payload, hash_)
            for place in range(int(record.body["count"])):
                if row is None or row[1] != clocks.to_text(record.at):
                    break
                yield record.seq, place, row[0]
                row = next(rows, None)


_STEPS: Mapping[int, Callable[[Connection], None]] = {1: _from_1}
