"""The door to the database: connections, transactions, and the few words in which databases differ.

Statements are plain SQL that SQLite and PostgreSQL both read, with `?` where a value goes. Nothing is imported that the
database in use does not need: a command that only looks something up must not wait for a library.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from ledger.errors import AlreadyThereError, LedgerError, next_step

BUSY_SECONDS = 30
_AT_ONCE = 500
_SQLITE = "sqlite:///"

Row = tuple[Any, ...]


class Connection:
    """One transaction's connection."""

    def __init__(self, raw: sqlite3.Connection) -> None:
        self._raw = raw

    def run(self, statement: str, values: Sequence[Any] = ()) -> None:
        """Run one statement."""
        self._raw.execute(statement, values)

    def many(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run one statement for each row of values."""
        self._raw.executemany(statement, rows)

    def all(self, query: str, values: Sequence[Any] = ()) -> list[Row]:
        """Return every row."""
        return self._raw.execute(query, values).fetchall()

    def one(self, query: str, values: Sequence[Any] = ()) -> Row | None:
        """Return the first row, or None."""
        found: Row | None = self._raw.execute(query, values).fetchone()
        return found

    def each(self, query: str, values: Sequence[Any] = ()) -> Iterator[Row]:
        """Yield rows as they are read: a million of them never lie in memory together."""
        with closing(self._raw.cursor()) as cursor:
            cursor.execute(query, values)
            while rows := cursor.fetchmany(_AT_ONCE):
                yield from rows

    def has_table(self, name: str) -> bool:
        """Tell whether a table is there."""
        return self.one("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (name,)) is not None


class Database:
    """One database file. Connections are kept for the next transaction; any thread may use any of them in turn."""

    def __init__(self, url: str) -> None:
        """Take `sqlite:///PATH`; nothing is opened yet.

        Raises:
            LedgerError: the URL names another kind of database.
        """
        if not url.startswith(_SQLITE):
            raise LedgerError(f"{url.partition(':')[0]} is not a ledger database this version can use")
        self.path = Path(url.removeprefix(_SQLITE))
        self._idle: list[sqlite3.Connection] = []

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Be the only writer from the start on; everything is on disk when this ends, or nothing was done."""
        with told("the ledger"), self._connection() as raw:
            raw.execute("BEGIN IMMEDIATE")
            try:
                yield Connection(raw)
            except BaseException:
                with suppress(sqlite3.Error):  # the database may have rolled back by itself
                    raw.execute("ROLLBACK")
                raise
            raw.execute("COMMIT")

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """See one moment of the database, whatever is written meanwhile."""
        with told("the ledger"), self._connection() as raw:
            raw.execute("BEGIN")
            try:
                yield Connection(raw)
            finally:
                with suppress(sqlite3.Error):
                    raw.execute("ROLLBACK")

    def close(self) -> None:
        """Let go of every connection that is not in use."""
        while self._idle:
            self._idle.pop().close()

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        try:
            raw = self._idle.pop()
        except IndexError:
            raw = _connected(self.path)
        try:
            yield raw
        except BaseException:
            if raw.in_transaction:
                raw.close()
                raise
            self._idle.append(raw)
            raise
        self._idle.append(raw)


def _connected(path: Path) -> sqlite3.Connection:
    raw = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        for setting in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            raw.execute(f"PRAGMA {setting}")
    except BaseException:
        raw.close()
        raise
    return raw


@contextmanager
def told(what: str) -> Iterator[None]:
    """Turn the database's errors into ours, with the next step."""
    try:
        yield
    except sqlite3.IntegrityError as error:
        raise AlreadyThereError(f"{what} holds this already: {error}") from error
    except sqlite3.Error as error:
        raise LedgerError(f"{what} cannot be used: {error}", hint=next_step(str(error))) from error
    except OSError as error:
        raise LedgerError(f"{what} cannot be used: {error.strerror}", hint=next_step(str(error.strerror))) from error
