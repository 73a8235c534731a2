"""SQLite databases: a consistent copy while they are in use, and proof that a copy is whole."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from backup.errors import SourceError

_BUSY_SECONDS = 0.2
_PATIENCE_SECONDS = 60.0
_LOCKED = (5, 6)  # SQLITE_BUSY, SQLITE_LOCKED: Python has no names for them before 3.11
COMPANIONS = ("-wal", "-shm", "-journal")
"""Files SQLite keeps beside a database; never copied, the copy needs none."""


def copy_live(database: Path, target: Path) -> None:
    """Copy a database that may be in use, as of one moment, with the owner and mode of the original.

    Raises:
        SourceError: it is no database, is damaged, or cannot be read.
    """
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    target.unlink(missing_ok=True)
    try:
        with closing(_open(database)) as source, closing(sqlite3.connect(target)) as copy:
            source.backup(copy, progress=_Patience(database), sleep=0.02)
            copy.execute("pragma journal_mode=delete")
        status = database.stat()
        target.chmod(status.st_mode & 0o7777)
        if os.geteuid() == 0:
            os.chown(target, status.st_uid, status.st_gid)
    except (sqlite3.Error, OSError) as error:
        raise SourceError(
            f"the database {database} cannot be copied: {error}",
            hint="is it the right file, and is there room in the state directory?",
        ) from error
    if faults := faults_of(target):
        raise SourceError(f"the database {database} is damaged: {faults[0]}", hint="restore it from an older copy")


def faults_of(database: Path) -> list[str]:
    """Return what SQLite's own integrity check finds in a database nobody uses (nothing: it is whole)."""
    try:
        with closing(_open(database, immutable=True)) as connection:
            said = [str(row[0]) for row in connection.execute("pragma integrity_check(20)")]
    except sqlite3.Error as error:
        return [str(error)]
    return [] if said == ["ok"] else said


def row_counts(database: Path) -> dict[str, int]:
    """Return the number of rows of every table of a database nobody uses.

    Raises:
        SourceError: it cannot be read.
    """
    query = "select name from sqlite_master where type = 'table' and name not like 'sqlite~_%' escape '~'"
    try:
        with closing(_open(database, immutable=True)) as connection:
            names = [str(row[0]) for row in connection.execute(query)]
            return {name: _count(connection, name) for name in sorted(names)}
    except sqlite3.Error as error:
        raise SourceError(f"the rows of {database} cannot be counted: {error}") from error


def newest(database: Path, query: str) -> str | None:
    """Return what a canary query answers with, as text (None: no answer).

    Raises:
        SourceError: the query does not work on this database.
    """
    try:
        with closing(_open(database, immutable=True)) as connection:
            row = connection.execute(query).fetchone()
    except sqlite3.Error as error:
        raise SourceError(f"the canary query does not work on {database}: {error}", hint="mend `canary:`") from error
    return None if row is None or row[0] is None else str(row[0])


class _Patience:
    """Ends a copy that finds the database locked for too long; SQLite itself would try for ever."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._ends = time.monotonic() + _PATIENCE_SECONDS

    def __call__(self, status: int, _remaining: int, _total: int) -> None:
        if status in _LOCKED and time.monotonic() > self._ends:
            raise SourceError(
                f"the database {self._database} was locked for {_PATIENCE_SECONDS:g} seconds",
                hint="find the program that holds a transaction open, then run the backup again",
            )


def _open(database: Path, *, immutable: bool = False) -> sqlite3.Connection:
    options = "mode=ro&immutable=1" if immutable else "mode=ro"
    connection = sqlite3.connect(f"file:{quote(str(database))}?{options}", uri=True, timeout=_BUSY_SECONDS)
    connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
    return connection


def _count(connection: sqlite3.Connection, table: str) -> int:
    quoted = table.replace('"', '""')
    return int(connection.execute(f'select count(*) from "{quoted}"').fetchone()[0])  # noqa: S608
