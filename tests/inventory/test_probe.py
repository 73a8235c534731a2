from __future__ import annotations

import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from inventory import probe
from inventory.probe import ProbeResult
from inventory.system import Canary, CommandCheck, Host, HttpCheck, NormalCheck, PortCheck, SqlCheck
from tests.fakes.clock import FakeClock


class Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/drip":
            return self._drip()
        if self.path == "/elsewhere":
            self.send_response(302)
            self.send_header("Location", "http://192.0.2.1/secret")
            self.end_headers()
            return None
        self.send_response(200 if self.path.startswith("/health") else 500)
        self.end_headers()
        self.wfile.write(b"all well at " + self.headers["Host"].encode())
        return None

    def _drip(self) -> None:
        self.wfile.write(b"HTTP/1.0 200 OK\r\nX: ")
        with suppress(OSError):
            for _ in range(600):
                self.wfile.write(b"x")
                time.sleep(0.05)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


@pytest.fixture
def hosts(tmp_path: Path) -> dict[str, Host]:
    return {
        "here": Host(name="here", connection="local", root=str(tmp_path)),
        "far": Host(name="far", connection="ssh", address="192.0.2.1"),
    }


@pytest.fixture
def database(tmp_path: Path) -> Path:
    (tmp_path / "srv").mkdir()
    file = tmp_path / "srv" / "x.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("create table dossier (at text)")
        connection.executemany("insert into dossier values (?)", [("2026-11-23T03:10:00Z",), ("2026-11-22T00:00:00Z",)])
        connection.commit()
    return file


def ask(check: NormalCheck, hosts: dict[str, Host]) -> ProbeResult:
    return probe.probe(check, hosts, FakeClock())


def free_port() -> int:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def test_a_good_answer_passes(port: int, hosts: dict[str, Host]) -> None:
    result = ask(HttpCheck(http=f"http://127.0.0.1:{port}/health?x=1", contains="all well"), hosts)
    assert result == ProbeResult(
        True, "answers 200", f"http://127.0.0.1:{port}/health?x=1 answers 200 holding 'all well'", 0.0
    )


def test_another_status_or_another_text_fails_and_says_what_was_found(port: int, hosts: dict[str, Host]) -> None:
    assert ask(HttpCheck(http=f"http://127.0.0.1:{port}/broken"), hosts).found == "answers 500"
    assert ask(HttpCheck(http=f"http://127.0.0.1:{port}/broken", status=500), hosts).passed
    result = ask(HttpCheck(http=f"http://127.0.0.1:{port}/health", contains="closed"), hosts)
    assert (result.passed, result.found) == (False, "answers 200 without 'closed'")


def test_a_redirect_is_an_answer_and_is_not_followed(port: int, hosts: dict[str, Host]) -> None:
    assert ask(HttpCheck(http=f"http://127.0.0.1:{port}/elsewhere"), hosts).found == "answers 302"


def test_a_proxy_of_the_environment_is_not_used(
    port: int, hosts: dict[str, Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://192.0.2.1:1")
    assert ask(HttpCheck(http=f"http://127.0.0.1:{port}/health"), hosts).passed


def test_a_service_that_keeps_talking_without_answering_meets_the_limit(
    port: int, hosts: dict[str, Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe, "HTTP_SECONDS", 0.5)
    started = time.monotonic()
    result = ask(HttpCheck(http=f"http://127.0.0.1:{port}/drip"), hosts)
    assert (result.passed, result.found) == (False, "no answer in time")
    assert time.monotonic() - started < 3


def test_a_name_of_the_inventory_leads_to_the_host_that_takes_its_place(port: int) -> None:
    target = {"web": Host(name="spare-1", connection="local", address="127.0.0.1")}
    result = ask(HttpCheck(http=f"http://web:{port}/health", contains=f"at web:{port}"), target)
    assert (result.passed, result.found) == (True, "answers 200")


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:{closed}/", "https://127.0.0.1:{open}/", "http://no-such-host.invalid/", "http://x:y/"]
)
def test_a_service_that_is_not_there_fails_without_an_error(url: str, port: int, hosts: dict[str, Host]) -> None:
    result = ask(HttpCheck(http=url.format(closed=free_port(), open=port)), hosts)
    assert not result.passed
    assert result.found


def test_a_query_passes_when_its_first_value_is_enough(database: Path, hosts: dict[str, Host]) -> None:
    query = "select count(*) from dossier"
    enough = ask(SqlCheck(sql="/srv/x.db", host="here", query=query, at_least=2), hosts)
    assert (enough.passed, enough.found) == (True, "2")
    short = ask(SqlCheck(sql="/srv/x.db", host="here", query=query, at_least=3), hosts)
    assert (short.passed, short.found) == (False, "2")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("select count(*) from ghost", "no such table: ghost"),
        ("select null", "no value"),
        ("select 1 where 0", "no value"),
        ("select 'text'", "could not convert"),
        ("delete from dossier", "readonly"),
    ],
)
def test_a_query_that_cannot_be_answered_fails_and_says_why(
    query: str, found: str, database: Path, hosts: dict[str, Host]
) -> None:
    before = database.read_bytes()
    result = ask(SqlCheck(sql="/srv/x.db", host="here", query=query), hosts)
    assert not result.passed
    assert found in result.found
    assert database.read_bytes() == before


def test_a_query_without_end_meets_the_limit(
    database: Path, hosts: dict[str, Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe, "SQL_SECONDS", 0.2)
    query = "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n"
    assert ask(SqlCheck(sql="/srv/x.db", host="here", query=query), hosts).found == "no answer in time"


def test_a_missing_database_fails_and_is_not_made(tmp_path: Path, hosts: dict[str, Host]) -> None:
    assert not ask(SqlCheck(sql="/gone.db", host="here", query="select 1"), hosts).passed
    assert not (tmp_path / "gone.db").exists()


@pytest.mark.parametrize("open_elsewhere", [True, False])
def test_asking_a_database_with_a_write_ahead_log_makes_no_file_beside_it(
    open_elsewhere: bool, database: Path, hosts: dict[str, Host]
) -> None:
    service = sqlite3.connect(database)
    service.execute("pragma journal_mode=wal")
    service.execute("insert into dossier values ('2026-11-24T00:00:00Z')")
    service.commit()
    if not open_elsewhere:
        service.close()
    before = sorted(database.parent.iterdir())
    result = ask(SqlCheck(sql="/srv/x.db", host="here", query="select count(*) from dossier", at_least=3), hosts)
    assert (result.passed, result.found) == (True, "3")
    assert sorted(database.parent.iterdir()) == before
    service.close()


def test_an_overwritten_database_fails(database: Path, hosts: dict[str, Host]) -> None:
    database.write_bytes(b"encrypted " * 1000)
    result = ask(SqlCheck(sql="/srv/x.db", host="here", query="select count(*) from dossier"), hosts)
    assert (result.passed, result.found) == (False, "file is not a database")


def test_a_port_passes_when_it_accepts_connections(port: int, hosts: dict[str, Host]) -> None:
    assert ask(PortCheck(port=port, host="here"), hosts).found == "connected"
    assert ask(PortCheck(port=free_port(), host="here"), hosts).found == "Connection refused"


def test_a_command_runs_in_the_root_of_its_host(tmp_path: Path, hosts: dict[str, Host]) -> None:
    (tmp_path / "there").touch()
    assert ask(CommandCheck(command=["test", "-f", "there"], host="here"), hosts).passed
    result = ask(CommandCheck(command=["sh", "-c", "echo broken >&2; exit 3"], host="here"), hosts)
    assert (result.passed, result.found) == (False, "ended with 3: broken")
    assert ask(CommandCheck(command=["sh", "-c", 'test "$HOLDFAST_ROOT" = "$PWD"'], host="here"), hosts).passed


@pytest.mark.parametrize(
    ("check", "found"),
    [
        (CommandCheck(command=["no-such-program"], host="here"), "no-such-program is not installed"),
        (CommandCheck(command=["true"], host="far"), "far is reached over ssh, and no known_hosts was given"),
        (CommandCheck(command=["true"], host="ghost"), "no host ghost"),
        (SqlCheck(sql="/x", host="far", query="q"), "far is reached over ssh, and no known_hosts was given"),
        (PortCheck(port=1, host="ghost"), "no host ghost"),
    ],
)
def test_a_check_that_cannot_be_run_fails_and_says_why(check: NormalCheck, found: str, hosts: dict[str, Host]) -> None:
    result = ask(check, hosts)
    assert not result.passed
    assert found in result.found


def test_a_command_that_does_not_end_meets_the_limit(hosts: dict[str, Host], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "COMMAND_SECONDS", 0.3)
    assert "longer than 0.3 seconds" in ask(CommandCheck(command=["sleep", "60"], host="here"), hosts).found


def test_the_canary_is_the_newest_time_really_in_the_data(database: Path, hosts: dict[str, Host]) -> None:
    canary = Canary(sql="/srv/x.db", host="here", query="select max(at) from dossier")
    assert probe.canary(canary, hosts) == datetime(2026, 11, 23, 3, 10, tzinfo=UTC)


@pytest.mark.parametrize("query", ["select null", "select 'yesterday'", "select '2026-11-23T03:10:00'", "nonsense"])
def test_a_canary_that_tells_no_moment_is_none(query: str, database: Path, hosts: dict[str, Host]) -> None:
    assert probe.canary(Canary(sql="/srv/x.db", host="here", query=query), hosts) is None


def test_a_canary_of_lost_data_is_none(hosts: dict[str, Host]) -> None:
    assert probe.canary(Canary(sql="/gone.db", host="here", query="select 1"), hosts) is None
