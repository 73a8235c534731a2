"""A real PostgreSQL server of one's own: its data in a new directory, reached by a socket there, ended by its id."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg

from tests import tools

PASSWORD = "not-a-secret"
_USER = "postgres" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name
_AS_USER: dict[str, Any] = {"user": _USER, "group": _USER, "extra_groups": []} if os.getuid() == 0 else {}


class Server:
    """A server that can be killed and started again; every database in it is new."""

    def __init__(self, directory: Path, programs: Path, *, durable: bool) -> None:
        self.directory = directory
        self.data = directory / "data"
        self._programs = programs
        self._durable = durable
        self._databases = 0
        self.process: subprocess.Popen[bytes] | None = None
        password = directory / "password"
        password.write_text(PASSWORD)
        shutil.chown(password, _USER)
        password.chmod(0o600)
        options = ["-D", str(self.data), "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "-N"]
        self._run("initdb", *options, "--auth=scram-sha-256", f"--pwfile={password}")

    def start(self) -> None:
        """Start it and wait until it answers."""
        sync = "on" if self._durable else "off"
        arguments = ["-D", str(self.data), "-k", str(self.directory), "-h", ""]
        settings = (f"fsync={sync}", "shared_buffers=16MB", "max_connections=60", "log_min_messages=fatal")
        for setting in settings:
            arguments += ["-c", setting]
        log = (self.directory / "log").open("ab")
        self.process = subprocess.Popen(
            [self._programs / "postgres", *arguments], stdout=log, stderr=log, cwd=self.directory, **_AS_USER
        )
        log.close()
        for _ in range(300):
            with suppress(psycopg.OperationalError):
                self.connect().close()
                return
            assert self.process.poll() is None, (self.directory / "log").read_text(errors="replace")
            time.sleep(0.05)
        raise AssertionError((self.directory / "log").read_text(errors="replace"))

    def kill(self) -> None:
        """End the server and all its workers at once, as a power cut would."""
        assert self.process is not None
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        for pid in (self.process.pid, *map(int, children)):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()
        for pid in children:  # the shared memory of dead workers must be free before the next start
            while Path(f"/proc/{pid}").exists() and "State:\tZ" not in _status(pid):
                time.sleep(0.01)

    def stop(self) -> None:
        """End it in order."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(timeout=60)

    def connect(self, database: str = "postgres") -> psycopg.Connection[Any]:
        """Return a connection of the database's administrator."""
        return psycopg.connect(
            host=str(self.directory), user="postgres", password=PASSWORD, dbname=database, autocommit=True
        )

    def new_database(self) -> str:
        """Return the ledger URL of a new, empty database."""
        self._databases += 1
        name = f"ledger{self._databases}"
        with self.connect() as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        return f"postgresql://postgres@/{name}?host={self.directory}"

    @property
    def password_file(self) -> Path:
        """Return a file with the password, private to who runs the tests."""
        file = self.directory / "mine"
        if not file.exists():
            file.touch(mode=0o600)
            file.write_text(PASSWORD + "\n")
        return file

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [self._programs / program, *arguments],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=self.directory,
            **_AS_USER,
        )


def _status(pid: str) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/status").read_text()
    return "State:\tZ"


@contextmanager
def server(*, durable: bool, place: Path | None = None) -> Iterator[Server]:
    """Run a server while the block runs; `durable`: its commits are really on disk."""
    programs = tools.require("postgresql")
    directory = Path(tempfile.mkdtemp(prefix="pg-", dir=place))  # short: a socket's path has at most 107 bytes
    try:
        shutil.chown(directory, _USER)
        directory.chmod(0o755)
        running = Server(directory, programs, durable=durable)
        running.start()
        try:
            yield running
        finally:
            running.stop()
    finally:
        shutil.rmtree(directory, ignore_errors=True)
