"""One value out of a database on a host: read-only, within a time, in a form a machine can read."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from inventory import reach
from inventory.command import Command, Outcome, TimeLimitError
from inventory.errors import HoldfastError
from inventory.onhost import sqlite_query
from inventory.ssh import Ssh, plain
from inventory.system import Host

_MORE_SECONDS = 5.0  # what starting a program may take beside the query
_AS_POSTGRES = 'if [ "$(id -u)" = 0 ]; then exec runuser -u postgres -- "$@"; fi; exec "$@"'


class NoAnswerError(HoldfastError):
    """A database did not answer a query; the text says why (exit 3)."""


def sqlite(file: str, query: str, host: Host, ssh: Ssh | None, seconds: float) -> Any:
    """Return the first value of a query on an SQLite file of a host, or None without a row.

    Raises:
        TimeoutError: it took longer than `seconds`.
        HoldfastError: the host or the database does not answer.
        sqlite3.Error, OSError: the same, for a file of this machine.
    """
    path = host.path(file)
    if host.connection == "local":
        return sqlite_query.query(path, query, seconds)
    asked = json.dumps({"file": path, "query": query, "seconds": seconds}).encode()
    outcome = _run(Command(("python3", "-I", "-c", _program()), stdin=asked, limit=seconds + _MORE_SECONDS), host, ssh)
    answer = dict(_row(outcome))
    if "error" in answer:
        raise NoAnswerError(plain(str(answer["error"])))
    if "late" in answer:
        raise TimeoutError
    return answer.get("value")


def postgresql(name: str, query: str, host: Host, ssh: Ssh | None, seconds: float) -> Any:
    """Return the first value of a query on a database of a host's PostgreSQL server, or None without a row.

    It runs through psql on the host: as the user postgres where the login is root's, else as the login's user.

    Raises:
        TimeoutError: it took longer than `seconds`.
        HoldfastError: the host or the database does not answer.
    """
    outcome = _run(psql(name, query, seconds), host, ssh)
    if outcome.exit_code != 0:
        if "statement timeout" in outcome.stderr:
            raise TimeoutError
        lines = [line for line in outcome.stderr.splitlines() if "ERROR:" in line or "FATAL:" in line]
        raise NoAnswerError(plain(lines[0] if lines else outcome.stderr) or f"psql ended with {outcome.exit_code}")
    row = _row(outcome) if outcome.stdout.strip() else []
    return row[0][1] if row else None


def psql(name: str, query: str, seconds: float) -> Command:
    """Return the call of psql that asks one query, in a transaction that cannot write; one row of JSON comes back."""
    one = query.strip().rstrip(";")
    wrapped = f"select row_to_json(holdfast) from (\n{one}\n) as holdfast limit 1"  # noqa: S608  (the site's own query)
    options = ("-X", "-q", "-A", "-t", "-w", "-v", "ON_ERROR_STOP=1", "-d", name, "-c", wrapped)
    limits = f"-c default_transaction_read_only=on -c statement_timeout={round(seconds * 1000)}"
    env = {"PGOPTIONS": limits, "PGCONNECT_TIMEOUT": "5", "PGCLIENTENCODING": "UTF8", "PGAPPNAME": "holdfast"}
    argv = ("sh", "-c", _AS_POSTGRES, "sh", "psql", *options)
    return Command(argv, env=env, cwd=Path("/"), limit=seconds + _MORE_SECONDS)


def _run(command: Command, host: Host, ssh: Ssh | None) -> Outcome:
    try:
        return reach.run(command, on=host, ssh=None if ssh is None else ssh.hurried(command.limit or _MORE_SECONDS))
    except TimeLimitError as error:
        raise TimeoutError from error


def _row(outcome: Outcome) -> list[tuple[str, Any]]:
    """Return the names and values of the one object a program wrote; names may come twice."""
    try:
        row = json.loads(outcome.stdout, object_pairs_hook=_Row)
    except ValueError:
        row = None
    if not isinstance(row, _Row):
        raise NoAnswerError(plain(outcome.stderr) or "the answer has another shape")
    return row


class _Row(list[tuple[str, Any]]):
    pass


@cache
def _program() -> str:
    return Path(sqlite_query.__file__).read_text(encoding="utf-8")
