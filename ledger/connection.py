"""One transaction's connection: statements in, rows out, the same for SQLite and PostgreSQL."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from itertools import count
from typing import Any, ClassVar

_AT_ONCE = 500
_cursors = count()

Row = tuple[Any, ...]


class Connection(ABC):
    """Plain SQL with `?` where a value goes."""

    number: ClassVar[str]
    """The column type of a whole number of 64 bits."""
    binary: ClassVar[str]
    """The column type of bytes."""
    text: ClassVar[str]
    """The column type of text that is compared byte by byte."""
    added: ClassVar[str]
    """The hidden column that tells in which order rows were added."""
    holds: ClassVar[str]
    """A condition: the bytes of `payload` hold those of the one value given."""
    locked: ClassVar[str]
    """What a query ends with that locks its rows until the transaction ends."""

    def __init__(self, raw: Any) -> None:
        self.raw = raw

    @abstractmethod
    def run(self, statement: str, values: Sequence[Any] = ()) -> int:
        """Run one statement; return how many rows it changed."""

    @abstractmethod
    def many(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run one statement for each row of values."""

    @abstractmethod
    def all(self, query: str, values: Sequence[Any] = ()) -> list[Row]:
        """Return every row."""

    @abstractmethod
    def one(self, query: str, values: Sequence[Any] = ()) -> Row | None:
        """Return the first row, or None."""

    @abstractmethod
    def each(self, query: str, values: Sequence[Any] = ()) -> Iterator[Row]:
        """Yield rows as they are read: a million of them never lie in memory together."""

    @abstractmethod
    def has_table(self, name: str) -> bool:
        """Tell whether a table is there."""

    @abstractmethod
    def alone(self) -> None:
        """Wait until nobody else begins or migrates this ledger, and keep others from it until the transaction ends."""


class SqliteConnection(Connection):
    """The driver of the standard library. A writing transaction holds the file's one write lock from its start."""

    number, binary, added, locked = "INTEGER", "BLOB", "rowid", ""
    text = "TEXT"
    holds = "instr(CAST(payload AS BLOB), ?) > 0"

    def run(self, statement: str, values: Sequence[Any] = ()) -> int:
        """Run one statement; return how many rows it changed."""
        return int(self.raw.execute(statement, values).rowcount)

    def many(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run one statement for each row of values."""
        self.raw.executemany(statement, rows)

    def all(self, query: str, values: Sequence[Any] = ()) -> list[Row]:
        """Return every row."""
        return list(self.raw.execute(query, values).fetchall())

    def one(self, query: str, values: Sequence[Any] = ()) -> Row | None:
        """Return the first row, or None."""
        found: Row | None = self.raw.execute(query, values).fetchone()
        return found

    def each(self, query: str, values: Sequence[Any] = ()) -> Iterator[Row]:
        """Yield rows as they are read."""
        with closing(self.raw.cursor()) as cursor:
            cursor.execute(query, values)
            while rows := cursor.fetchmany(_AT_ONCE):
                yield from rows

    def has_table(self, name: str) -> bool:
        """Tell whether a table is there."""
        return self.one("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (name,)) is not None

    def alone(self) -> None:
        """Do nothing: BEGIN IMMEDIATE took the file's one write lock."""


class PostgresConnection(Connection):
    """psycopg 3."""

    number, binary, added, locked = "BIGINT", "BYTEA", "ctid", " FOR UPDATE"
    text = 'TEXT COLLATE "C"'
    holds = "position(?::bytea IN payload) > 0"
    _ALONE = 0x686F6C64  # any number, as long as every Holdfast takes the same

    def run(self, statement: str, values: Sequence[Any] = ()) -> int:
        """Run one statement; return how many rows it changed."""
        return int(self.raw.execute(_marked(statement), values).rowcount)

    def many(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run one statement for each row of values."""
        with self.raw.cursor() as cursor:
            cursor.executemany(_marked(statement), list(rows))

    def all(self, query: str, values: Sequence[Any] = ()) -> list[Row]:
        """Return every row."""
        return list(self.raw.execute(_marked(query), values).fetchall())

    def one(self, query: str, values: Sequence[Any] = ()) -> Row | None:
        """Return the first row, or None."""
        found: Row | None = self.raw.execute(_marked(query), values).fetchone()
        return found

    def each(self, query: str, values: Sequence[Any] = ()) -> Iterator[Row]:
        """Yield rows as the server sends them."""
        with self.raw.cursor(name=f"each_{next(_cursors)}") as cursor:
            cursor.execute(_marked(query), values)
            while rows := cursor.fetchmany(_AT_ONCE):
                yield from rows

    def has_table(self, name: str) -> bool:
        """Tell whether a table is there."""
        # asked of the catalogue itself: to_regclass answers from a cache that may be older than this transaction
        query = "SELECT 1 FROM pg_tables WHERE tablename = ? AND schemaname = ANY (current_schemas(false))"
        return self.one(query, (name,)) is not None

    def alone(self) -> None:
        """Take a lock of this database that needs no table."""
        self.raw.execute("SELECT pg_advisory_xact_lock(%s)", (self._ALONE,))


def _marked(statement: str) -> str:
    return statement.replace("%", "%%").replace("?", "%s")
