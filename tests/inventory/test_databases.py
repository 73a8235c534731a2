"""Queries on a real PostgreSQL server and on SQLite files, here and over SSH."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from inventory import databases, probe
from inventory.databases import NoAnswerError
from inventory.system import Canary, CommandCheck, Host, SqlCheck
from tests import tools
from tests.fakes.clock import FakeClock
from tests.inventory.sshd import SshHost

HERE = Host(name="here", connection="local")
ROWS = """
create table dossier (at timestamptz, n numeric);
insert into dossier values ('2026-11-23T03:10:00Z', 12.5);
create function written() returns numeric language sql as 'insert into dossier values (now(), 1) returning n';
"""


@pytest.fixture(scope="module")
def server(one_ssh_host: SshHost) -> Iterator[Path]:
    """A server without passwords; its socket lies where the small SSH host looks for one. Needs root."""
    programs = tools.require("postgresql")
    data, sockets = one_ssh_host.where / "pg", one_ssh_host.where / "sockets"
    data.mkdir()
    for folder in (data, sockets):
        shutil.chown(folder, "postgres")

    def program(name: str, *arguments: str) -> None:
        argv = ["runuser", "-u", "postgres", "--", str(programs / name), *arguments]
        subprocess.run(argv, cwd="/", check=True, stdout=subprocess.DEVNULL)

    program("initdb", "-D", str(data), "-A", "trust", "-N", "-E", "UTF8", "--locale=C.UTF-8")
    settings = f"-k {sockets} -c listen_addresses='' -c fsync=off"
    program("pg_ctl", "-D", str(data), "-w", "-l", str(data / "log"), "-o", settings, "start")
    try:
        for statement in ("create role operator login", "create database land", "create database mirror"):
            program("psql", "-h", str(sockets), "-q", "-c", statement)
        program("psql", "-h", str(sockets), "-q", "-d", "land", "-c", ROWS)
        yield sockets
    finally:
        program("pg_ctl", "-D", str(data), "-m", "immediate", "stop")


def test_psql_is_called_for_one_row_of_json_in_a_transaction_that_cannot_write() -> None:
    command = databases.psql("land", "select count(*) from dossier;", 10)
    assert command.argv[-2:] == (
        "-c",
        "select row_to_json(holdfast) from (\nselect count(*) from dossier\n) as holdfast limit 1",
    )
    assert command.env["PGOPTIONS"] == "-c default_transaction_read_only=on -c statement_timeout=10000"
    assert command.argv[-4:-2] == ("-d", "land")


@pytest.mark.ssh
@pytest.mark.postgresql
@pytest.mark.parametrize("where", ["here", "root", "operator"])
class TestPostgresql:
    @pytest.fixture
    def ask(self, where: str, server: Path, ssh_host: SshHost, monkeypatch: pytest.MonkeyPatch) -> probe.Hosts:
        if where == "here":
            monkeypatch.setenv("PGHOST", str(server))
            return {"db": HERE}
        return {"db": ssh_host.host(where)}

    def value(self, hosts: probe.Hosts, ssh_host: SshHost, query: str, seconds: float = 10) -> object:
        return databases.postgresql("land", query, hosts["db"], ssh_host.ssh(), seconds)

    def test_the_first_value_comes_back(self, ask: probe.Hosts, ssh_host: SshHost, where: str) -> None:
        user = "operator" if where == "operator" else "postgres"
        assert self.value(ask, ssh_host, "select current_user as x, 1 as x -- who") == user
        assert self.value(ask, ssh_host, "select 'a\n;\"b' as one, 2 as two;") == 'a\n;"b'
        assert self.value(ask, ssh_host, "select null") is None
        assert self.value(ask, ssh_host, "select 1 where false") is None

    def test_nothing_can_be_written(self, ask: probe.Hosts, ssh_host: SshHost, where: str) -> None:
        for query, said in (
            ("delete from dossier returning 1", "syntax error"),
            (
                "select 1) as holdfast; create table pwned (); select row_to_json(y) from (select 1",
                "read-only transaction",
            ),
            ("select written()", "read-only transaction|permission denied"),
            ("\\! touch /tmp/pwned", "syntax error"),
        ):
            with pytest.raises(NoAnswerError, match=said):
                self.value(ask, ssh_host, query)

    def test_a_query_without_end_meets_the_limit(self, ask: probe.Hosts, ssh_host: SshHost, where: str) -> None:
        with pytest.raises(TimeoutError):
            self.value(ask, ssh_host, "select pg_sleep(60)", 0.5)

    def test_a_missing_table_or_database_is_named(self, ask: probe.Hosts, ssh_host: SshHost, where: str) -> None:
        with pytest.raises(NoAnswerError, match='relation "ghost" does not exist'):
            self.value(ask, ssh_host, "select * from ghost")
        with pytest.raises(NoAnswerError, match='database "ghost" does not exist'):
            databases.postgresql("ghost", "select 1", ask["db"], ssh_host.ssh(), 10)

    def test_a_systems_own_checks_ask_it(self, ask: probe.Hosts, ssh_host: SshHost, where: str) -> None:
        if where == "operator":
            pytest.skip("that role may not read the table")
        check = SqlCheck(sql="land", host="db", query="select n from dossier", at_least=12.5)
        result = probe.probe(check, ask, FakeClock(), ssh_host.ssh())
        assert (result.passed, result.found) == (True, "12.5")
        newest = Canary(sql="land", host="db", query="select max(at) from dossier")
        moment = probe.canary(newest, ask, ssh_host.ssh())
        assert moment is not None
        assert moment.isoformat() == "2026-11-23T03:10:00+00:00"


@pytest.mark.ssh
def test_a_file_of_another_host_is_asked_there(ssh_host: SshHost) -> None:
    with closing(sqlite3.connect(ssh_host.where / "root/x.db")) as connection:
        connection.execute("create table dossier (n)")
        connection.execute("insert into dossier values (3)")
        connection.commit()
    hosts = {"db": ssh_host.host()}

    def ask(query: str, file: str = "/root/x.db") -> tuple[bool, str]:
        check = SqlCheck(sql=file, host="db", query=query, at_least=3)
        result = probe.probe(check, hosts, FakeClock(), ssh_host.ssh())
        return result.passed, result.found

    assert ask("select n from dossier") == (True, "3")
    assert ask("select n - 1 from dossier") == (False, "2")
    assert ask("select null") == (False, "no value")
    assert ask("select n from ghost") == (False, "no such table: ghost")
    assert ask("select 1", "/root/gone.db") == (False, "No such file or directory")
    (ssh_host.where / "root/x.db").unlink()


@pytest.mark.ssh
def test_a_command_check_runs_on_the_host_and_a_host_that_is_off_fails_it(ssh_host: SshHost) -> None:
    hosts = {"db": ssh_host.host()}

    def ask(*words: str) -> tuple[bool, str]:
        check = CommandCheck(command=list(words), host="db")
        result = probe.probe(check, hosts, FakeClock(), ssh_host.ssh())
        return result.passed, result.found

    assert ask("sh", "-c", 'test "$HOLDFAST_ROOT" = "$PWD" && echo well') == (True, "ended with 0: well")
    assert ask("sh", "-c", "echo broken >&2; exit 3") == (False, "ended with 3: broken")
    assert ask("no-such-program") == (False, "no-such-program is not installed on db-1 or may not be run")
    ssh_host.cut()
    passed, found = ask("true")
    assert not passed
    assert "db-1 cannot be reached" in found
