"""The door to PostgreSQL's own programs on a host: a session that stays open, and one program's output to another.

Where we are root they run as the user postgres; else as we do. None of them sees restic's variables.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import IO, Any

from backup.errors import SourceError

MAINTENANCE = "postgres"
"""The database one is connected to for what is about the server."""

USER = "postgres"
_LEAVE_SECONDS = 5.0
_DONE = "holdfast: done"
_LIMITS = "-c statement_timeout=0 -c idle_in_transaction_session_timeout=0 -c client_min_messages=warning"


def environment() -> dict[str, str]:
    """Return what PostgreSQL's programs see: nothing of restic's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RESTIC_")}
    own = {"PGCLIENTENCODING": "UTF8", "PGAPPNAME": "holdfast", "PGCONNECT_TIMEOUT": "10", "PGOPTIONS": _LIMITS}
    return {**kept, **own, **({"HOME": "/"} if os.geteuid() == 0 else {})}


def start(
    argv: Sequence[str], said: IO[bytes], *, out: IO[bytes] | int | None = None, into: IO[bytes] | int | None = None
) -> subprocess.Popen[bytes]:
    """Start one of PostgreSQL's programs as the user who may, its complaints in `said`.

    Raises:
        SourceError: it is not there, or there is no such user.
    """
    who: dict[str, Any] = {"user": USER, "group": USER, "extra_groups": []} if os.geteuid() == 0 else {}
    stdin = subprocess.DEVNULL if into is None else into
    try:
        return subprocess.Popen(argv, stdin=stdin, stdout=out, stderr=said, env=environment(), cwd="/", **who)
    except (OSError, LookupError, ValueError) as error:
        raise SourceError(f"{argv[0]} could not be started: {error}", hint="is PostgreSQL installed there?") from error


def restic(argv: Sequence[str], said: IO[bytes], secrets: Sequence[int]) -> subprocess.Popen[bytes]:
    """Start restic with all we were given, its output to be read; `secrets` are the open files it reads once.

    Raises:
        SourceError: it is not there.
    """
    try:
        return subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said, pass_fds=tuple(secrets), cwd="/"
        )
    except OSError as error:
        raise SourceError(f"{argv[0]} could not be started: {error.strerror}", hint="prepare the host again") from error


def identifier(name: str) -> str:
    """Return a name as SQL wants it."""
    return '"' + _whole(name).replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return a text as SQL wants it, whatever `standard_conforming_strings` says."""
    quoted = "'" + _whole(text).replace("'", "''") + "'"
    return " E" + quoted.replace("\\", "\\\\") if "\\" in text else quoted


def _whole(text: str) -> str:
    if "\0" in text:
        raise SourceError("a name in PostgreSQL has no zero bytes")
    return text


class Session:
    """One psql that stays connected to a database: statements in, lines out."""

    def __init__(self, database: str) -> None:
        self._database = database
        self._said = tempfile.TemporaryFile()  # noqa: SIM115  (as long as the session)
        options = ("-X", "-q", "-A", "-t", "-w", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=terse", "-d", database)
        self._psql = start(("psql", *options), self._said, out=subprocess.PIPE, into=subprocess.PIPE)

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None and self._psql.stdin is not None:
            with suppress(OSError):
                self._psql.stdin.close()  # it takes its leave, so that its server process ends too
            with suppress(subprocess.TimeoutExpired):
                self._psql.wait(_LEAVE_SECONDS)
        self._psql.kill()
        self._psql.wait()
        for end in (self._psql.stdin, self._psql.stdout):
            if end is not None:
                with suppress(OSError):
                    end.close()
        self._said.close()

    def ask(self, statement: str) -> list[str]:
        """Run one statement and return its lines.

        Raises:
            SourceError: PostgreSQL says no, or does not answer.
        """
        assert self._psql.stdin is not None
        assert self._psql.stdout is not None
        lines: list[str] = []
        with suppress(OSError):  # it has ended: what it said is told below
            self._psql.stdin.write(f"{statement}\n;\n\\echo {_DONE}\n".encode("utf-8", "surrogateescape"))
            self._psql.stdin.flush()
        for said in self._psql.stdout:
            line = said.decode("utf-8", "surrogateescape").rstrip("\n")
            if line == _DONE:
                return lines
            if line.strip():
                lines.append(line)
        self._psql.wait()
        raise SourceError(
            f"PostgreSQL ({self._database}): {tail(self._said) or 'no answer'}",
            hint="look at the server: is it running, and may the user postgres do this?",
        )


def tail(said: IO[bytes]) -> str:
    """Return the last lines a program complained of, as one."""
    said.seek(0)
    lines = [line.strip() for line in said.read()[-4000:].decode(errors="replace").splitlines()]
    return "; ".join([line for line in lines if line][-3:])
