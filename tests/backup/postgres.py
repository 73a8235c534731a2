"""A real PostgreSQL server without passwords, for who may: the user postgres, or who runs the tests."""

from __future__ import annotations

import getpass
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests import tools

USER = "postgres" if os.geteuid() == 0 else getpass.getuser()
ROWS = """
create role clerk login password 'not-a-secret';
create role office;
grant office to clerk;
create database land owner office;
alter database land set search_path to "$user", public, extra;
alter database land connection limit 7;
revoke connect on database land from public;
grant connect on database land to clerk;
\\c land
create schema extra;
create table dossier (id int primary key, at timestamptz, note text);
insert into dossier select n, '2026-11-23T03:00:00Z'::timestamptz + n * interval '1 second', md5(n::text)
  from generate_series(1, 500) n;
create table extra."odd ""name" (a int);
create materialized view newest as select max(at) from dossier;
select lo_from_bytea(0, 'an attachment');
alter table dossier owner to office;
grant select on dossier to clerk;
"""
CANARY = "select max(at) from dossier"


@contextmanager
def server(sockets: Path | None = None) -> Iterator[Path]:
    """Run a server while the block runs; yields the directory of its socket, for PGHOST."""
    programs = tools.require("postgresql")
    directory = Path(tempfile.mkdtemp(prefix="pg-"))
    where = directory if sockets is None else sockets
    try:
        directory.chmod(0o755)
        for folder in {directory, where}:
            shutil.chown(folder, USER)
        _run(programs, "initdb", "-D", f"{directory}/data", "-A", "trust", "-N", "-E", "UTF8", "--locale=C.UTF-8")
        settings = f"-k {where} -c listen_addresses='' -c fsync=off"
        _run(programs, "pg_ctl", "-D", f"{directory}/data", "-w", "-l", f"{directory}/log", "-o", settings, "start")
        try:
            yield where
        finally:
            _run(programs, "pg_ctl", "-D", f"{directory}/data", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(directory)


def psql(where: Path, statements: str, database: str = "postgres") -> str:
    """Run statements as the administrator, and return what came."""
    argv = ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", str(where), "-d", database]
    as_user = ["runuser", "-u", USER, "--"] if os.geteuid() == 0 else []
    done = subprocess.run([*as_user, *argv], input=statements, capture_output=True, text=True, check=False, cwd="/")
    assert done.returncode == 0, done.stderr
    return done.stdout


def _run(programs: Path, name: str, *arguments: str) -> None:
    as_user = ["runuser", "-u", USER, "--"] if os.geteuid() == 0 else []
    subprocess.run([*as_user, str(programs / name), *arguments], cwd="/", check=True, stdout=subprocess.DEVNULL)
