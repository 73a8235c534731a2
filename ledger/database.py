"""The door to the database: connections, transactions, and the few words in which SQLite and PostgreSQL differ.

Statements are plain SQL that both read, with `?` where a value goes. Nothing is imported that the database in use does
not need: a command that only looks something up must not wait for a library.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

from ledger.connection import Connection, SqliteConnection
from ledger.errors import AlreadyThereError, InDoubtError, LedgerError, next_step

BUSY_SECONDS = 30


class Driver(Protocol):
    """What one kind of database does its own way."""

    name: str
    begin_writing: str
    begin_reading: str
    dialect: type[Connection]
    errors: tuple[type[Exception], ...]
    twice: type[Exception]

    def connect(self) -> Any:
        """Open a connection in which every transaction is begun and ended by hand."""
        ...

    def look(self) -> None:
        """See that the database is still the one that was opened.

        Raises:
            LedgerError: it is not.
        """
        ...

    def lost(self, raw: Any) -> bool:
        """Tell whether a connection is of no use any more."""
        ...


class Database:
    """One database. Connections are kept for the next transaction; any thread may use any of them in turn."""

    def __init__(self, url: str, password: Callable[[], str] | None = None) -> None:
        """Take `sqlite:///PATH` or `postgresql://USER@HOST/DATABASE`; nothing is opened yet.

        `password` is asked at every new connection and kept nowhere.

        Raises:
            LedgerError: the URL names another kind of database.
        """
        kind, _, place = url.partition("://")
        self.path: Path | None = None
        if kind == "sqlite":
            self.path = Path(place.removeprefix("/"))
            self._driver: Driver = Sqlite(self.path)
        elif kind in ("postgresql", "postgres"):
            from ledger.postgresql import Postgresql

            self._driver = Postgresql(url, password, BUSY_SECONDS)
        else:
            raise LedgerError(
                f"{kind[:20]} is not a ledger database this version can use",
                hint="leave `ledger:` away for SQLite, or write postgresql://USER@HOST/DATABASE",
            )
        self._idle: list[Any] = []

    @property
    def name(self) -> str:
        """Return what to call this database in a message."""
        return self._driver.name

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Run one transaction; everything is on disk when this ends, or nothing was done.

        Raises:
            InDoubtError: the connection was lost in the moment of the commit.
            LedgerError: nothing was written.
        """
        with self.told(), self._connection() as raw:
            raw.execute(self._driver.begin_writing)
            try:
                yield self._driver.dialect(raw)
                self._driver.look()
            except BaseException:
                self._roll_back(raw)
                raise
            self._commit(raw)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """See one moment of the database, whatever is written meanwhile."""
        with self.told(), self._connection() as raw:
            raw.execute(self._driver.begin_reading)
            try:
                yield self._driver.dialect(raw)
            finally:
                self._roll_back(raw)

    def close(self) -> None:
        """Let go of every connection that is not in use."""
        while self._idle:
            self._idle.pop().close()

    @contextmanager
    def told(self) -> Iterator[None]:
        """Turn the database's errors into ours, with the next step."""
        try:
            yield
        except self._driver.twice as error:
            raise AlreadyThereError(f"{self.name} holds this already: {first_line(error)}") from error
        except self._driver.errors as error:
            reason = first_line(error)
            raise LedgerError(f"{self.name} cannot be used: {reason}", hint=next_step(reason)) from error
        except OSError as error:
            reason = str(error.strerror)
            raise LedgerError(f"{self.name} cannot be used: {reason}", hint=next_step(reason)) from error

    @contextmanager
    def _connection(self) -> Iterator[Any]:
        self._driver.look()
        raw = self._idle_or_new()
        try:
            yield raw
        except BaseException:
            if self._driver.lost(raw):
                raw.close()
                self.close()  # the others are older still
            else:
                self._idle.append(raw)
            raise
        self._idle.append(raw)

    def _idle_or_new(self) -> Any:
        while self._idle:
            with suppress(IndexError):  # another thread took the last one
                raw = self._idle.pop()
                if not self._driver.lost(raw):
                    return raw
                raw.close()
        return self._driver.connect()

    def _roll_back(self, raw: Any) -> None:
        with suppress(*self._driver.errors):  # the database may have rolled back by itself
            raw.execute("ROLLBACK")

    def _commit(self, raw: Any) -> None:
        try:
            raw.execute("COMMIT")
        except self._driver.errors as error:
            if self.path is None and self._driver.lost(raw):
                raise InDoubtError(
                    f"{self.name} was lost in the moment of writing: {first_line(error)}",
                    hint="it may or may not be recorded: once the database is back, look with holdfast ledger show",
                ) from error
            self._roll_back(raw)
            raise
        self._driver.look()


class Sqlite:
    """A file of SQLite: one writer at a time, on disk after every commit."""

    begin_writing = "BEGIN IMMEDIATE"
    begin_reading = "BEGIN"
    dialect: type[Connection] = SqliteConnection
    errors: tuple[type[Exception], ...] = (sqlite3.Error,)
    twice: type[Exception] = sqlite3.IntegrityError

    def __init__(self, path: Path) -> None:
        self.name = f"the ledger {path}"
        self._path = path
        self._inode: int | None = None

    def connect(self) -> sqlite3.Connection:
        """Open the file, which must be there: a new one must never take the place of one that was lost."""
        raw = sqlite3.connect(
            f"{self._path.absolute().as_uri()}?mode=rw",
            uri=True,
            timeout=BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            for setting in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
                raw.execute(f"PRAGMA {setting}")
        except BaseException:
            raw.close()
            raise
        return raw

    def look(self) -> None:
        """See that the file is the one under its name: a removed file takes writes and keeps nothing."""
        try:
            inode = self._path.stat().st_ino
        except FileNotFoundError:
            inode = -1
        if self._inode is None:
            self._inode = inode
        elif inode != self._inode:
            raise LedgerError(
                f"{self.name} was removed or replaced while it was in use",
                hint="nothing was recorded; bring the file back, then run: holdfast ledger verify",
            )

    def lost(self, raw: sqlite3.Connection) -> bool:
        """Tell whether a transaction could not even be rolled back."""
        return raw.in_transaction


def first_line(error: BaseException) -> str:
    """Return the first line of what a database said."""
    return str(error).strip().partition("\n")[0]
