"""A PostgreSQL database to our output and back: the dump, its row counts and the newest record are of one moment."""

from __future__ import annotations

import base64
import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from backup.errors import SourceError
from backup.onhost import RESTIC, postgresql, roles
from backup.onhost.psql import MAINTENANCE, Session, restic, start, tail

TOLD = "holdfast-told:"
_LINE = 8000  # restic hands on no longer lines than 64 KiB
_LOCK_WAIT = "300s"
"""How long a dump waits for a table that somebody has locked whole."""


def dump(database: str, query: str) -> None:
    """Write a dump of a database to our standard output, and what is in it to our error output, which restic hands on.

    The latter is JSON in short lines of base64 that begin with `TOLD`: rows by table, what the database is, and what
    the canary `query` (may be empty) answers, all as of the very snapshot that is dumped.

    Raises:
        SourceError: PostgreSQL says no; what was written until then is no dump.
    """
    with Session(database) as session, tempfile.TemporaryFile() as said:
        session.ask("begin isolation level repeatable read read only")
        snapshot = session.ask("select pg_catalog.pg_export_snapshot()")[0]
        options = ("-Fc", "-Z0", "-w", f"--snapshot={snapshot}", f"--lock-wait-timeout={_LOCK_WAIT}", "-d", database)
        running = start(("pg_dump", *options), said)  # its output is ours: no byte passes through here
        try:
            found: dict[str, Any] = {"newest": postgresql.newest(session, query) if query else None}
            found |= {"about": postgresql.about(session), "tables": postgresql.row_counts(session)}
            code = running.wait()
        finally:
            _end(running)
        if code != 0:
            raise SourceError(f"pg_dump of {database} ended with {code}: {tail(said)}")
    told = base64.b64encode(json.dumps(found).encode()).decode()
    for at in range(0, len(told), _LINE):
        sys.stderr.write(f"{TOLD}{told[at : at + _LINE]}\n")


def dump_roles() -> None:
    """Write the server's roles to our standard output.

    Raises:
        SourceError: PostgreSQL says no.
    """
    with tempfile.TemporaryFile() as said:
        if code := start(("pg_dumpall", "-w", "--globals-only"), said).wait():
            raise SourceError(f"pg_dumpall ended with {code}: {tail(said)}")


def load(database: str, reader: Sequence[str], ready: Callable[[], bool]) -> dict[str, Any]:
    """Load a dump into an empty database; `reader` is the call of restic that writes it to its output.

    `ready` makes the database while restic opens its repository; False: nothing is loaded. Returns what restic
    complained of: its exit code and last words, 0 if it was well.

    Raises:
        SourceError: PostgreSQL does not take it.
    """
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as complained:
        reading = _read(reader, complained)
        loading = None
        try:
            if not ready():
                return {"reader": 0, "said": ""}
            argv = ("pg_restore", "-w", "--exit-on-error", "--no-tablespaces", "-d", database)
            loading = start(argv, said, into=reading.stdout)
            assert reading.stdout is not None
            reading.stdout.close()  # so that restic is told when pg_restore gives up
            took, read = loading.wait(), reading.wait()
        finally:
            for one in (reading, loading):
                if one is not None:
                    _end(one)
        if read not in (0, -signal.SIGPIPE) and not _broken_pipe(tail(complained)):
            return {"reader": read, "said": tail(complained)}
        if took != 0:
            raise SourceError(f"pg_restore into {database} ended with {took}: {tail(said)}")
    return {"reader": 0, "said": ""}


def load_roles(reader: Sequence[str]) -> dict[str, Any]:
    """Make the roles that the server lacks, as they were dumped; those it has are left as they are.

    Returns what `load` does, and the roles that were made.
    """
    with tempfile.TemporaryFile() as complained:
        reading = _read(reader, complained)
        try:
            text = (reading.communicate()[0] or b"").decode("utf-8", "surrogateescape")
        finally:
            _end(reading)
        if reading.returncode != 0:
            return {"reader": reading.returncode, "said": tail(complained)}
    with Session(MAINTENANCE) as session:
        session.ask("set password_encryption to 'scram-sha-256'")
        there = set(session.ask("select rolname from pg_catalog.pg_roles"))
        for statement in roles.missing(text, there):
            session.ask(statement)
        made = sorted(set(session.ask("select rolname from pg_catalog.pg_roles")) - there)
    return {"reader": 0, "said": "", "made": made}


def _read(reader: Sequence[str], complained: Any) -> subprocess.Popen[bytes]:
    """Start restic; a prepared host's program starts no other."""
    own = Path(RESTIC)
    if reader[0] != RESTIC and Path(__file__).parents[2] == own.with_name("copies"):
        raise SourceError(f"{reader[0]} is not {RESTIC}")
    secrets = [int(word[8:]) for word in reader if word.startswith("/dev/fd/")]
    return restic(reader, complained, secrets)


def _broken_pipe(words: str) -> bool:
    return "broken pipe" in words.lower()


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        with suppress(OSError):
            process.kill()
        process.wait()


def told(lines: Sequence[str]) -> dict[str, Any]:
    """Read what `dump` said of a database, from lines of its error output.

    Raises:
        ValueError: it said nothing, or something else.
    """
    pieces = [line.partition(TOLD)[2] for line in lines if TOLD in line]
    found = json.loads(base64.b64decode("".join(pieces), validate=True))
    if not isinstance(found, dict):
        raise ValueError("it has another shape")  # noqa: TRY004  (the host's fault, not a caller's)
    return found
