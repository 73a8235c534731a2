"""The door to PostgreSQL, for a ledger that several machines share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import psycopg

from inventory.errors import UsageError
from ledger.connection import Connection, PostgresConnection

_CONNECT_SECONDS = 10


class Postgresql:
    """A database of a PostgreSQL server."""

    begin_writing = "BEGIN ISOLATION LEVEL READ COMMITTED"
    begin_reading = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
    dialect: type[Connection] = PostgresConnection
    errors: tuple[type[Exception], ...] = (psycopg.Error,)
    twice: type[Exception] = psycopg.IntegrityError

    def __init__(self, url: str, password: Callable[[], str] | None, busy_seconds: int) -> None:
        parts = urlsplit(url)
        if parts.password is not None or "password" in parts.query:
            raise UsageError(
                "the URL of the ledger carries a password",
                hint="write the password into a file of mode 0600 and name it with `password_file`",
            )
        self.name = f"the ledger in {parts.path.strip('/') or 'PostgreSQL'} on {parts.hostname or 'this host'}"
        self._url = url
        self._password = password
        self._settings = f"SET synchronous_commit = on; SET lock_timeout = '{int(busy_seconds)}s'"

    def connect(self) -> Any:
        """Open a connection whose commits are on disk when they return."""
        raw = psycopg.connect(
            self._url,
            autocommit=True,
            connect_timeout=_CONNECT_SECONDS,
            application_name="holdfast",
            client_encoding="utf8",
            password=self._password() if self._password is not None else None,
        )
        raw.execute(self._settings)
        return raw

    def look(self) -> None:
        """Do nothing: a server that is gone says so by itself."""

    def lost(self, raw: Any) -> bool:
        """Tell whether the connection broke."""
        return bool(raw.closed)
