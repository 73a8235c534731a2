"""A PostgreSQL server that is killed, full, shut or closed to us: told, and nothing claimed that is not there."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from inventory.errors import ExitCode, UsageError
from inventory.secret import SecretError
from ledger.errors import InDoubtError, LedgerError
from ledger.ledger import Ledger
from tests.fakes.clock import FakeClock
from tests.ledger import postgres
from tests.ledger.fixtures import Place, place_on
from tests.ledger.postgres import Server
from tests.ledger.test_migration import fill_with_version_1
from tests.ledger.test_store import CHECKOUT, acknowledged_until_end, appending, assert_nothing_lost

pytestmark = pytest.mark.postgresql


@pytest.fixture
def shared(state: Path, request: pytest.FixtureRequest) -> Place:
    """A ledger's place on a server that does not wait for the disk."""
    return place_on("postgresql", state, request)


@pytest.fixture
def durable(state: Path, request: pytest.FixtureRequest) -> Place:
    """A ledger's place on a server that may be killed."""
    return place_on("postgresql", state, request, "durable_pg_server")


@pytest.mark.parametrize(
    "rounds", [5, pytest.param(200, marks=[pytest.mark.slow, pytest.mark.timeout(7200)])], ids=["ordinary", "slow"]
)
def test_nothing_acknowledged_is_lost_when_the_server_is_killed(
    durable: Place, durable_pg_server: Server, rounds: int
) -> None:
    chance = random.Random(20261124)
    acknowledged: list[str] = []
    for _ in range(rounds):
        with appending(durable) as process:
            assert process.stdout is not None
            first = process.stdout.readline()
            time.sleep(chance.uniform(0, 0.1))
            durable_pg_server.kill()
            acknowledged += acknowledged_until_end(process, first)
        durable_pg_server.start()
    assert_nothing_lost(durable, acknowledged, rounds)


def test_nothing_acknowledged_is_lost_when_its_own_worker_process_is_killed(
    durable: Place, durable_pg_server: Server
) -> None:
    acknowledged: list[str] = []
    for wait in (0.0, 0.02, 0.05):
        with appending(durable) as process:
            assert process.stdout is not None
            first = process.stdout.readline()
            time.sleep(wait)
            with durable_pg_server.connect() as connection:
                query = "SELECT pid FROM pg_stat_activity WHERE application_name = 'holdfast'"
                for (pid,) in connection.execute(query).fetchall():
                    os.kill(pid, 9)
            acknowledged += acknowledged_until_end(process, first)
        for _ in range(200):  # the server ends every worker and recovers
            with suppress(Exception):
                durable_pg_server.connect().close()
                break
            time.sleep(0.05)
    assert_nothing_lost(durable, acknowledged, 3)


def test_a_server_that_is_gone_is_told_and_found_again_when_it_is_back(
    durable: Place, durable_pg_server: Server
) -> None:
    ledger = durable.open("minh")
    first = ledger.append("test", {})
    durable_pg_server.kill()
    for _ in range(2):
        with pytest.raises(LedgerError, match="cannot be used") as caught:
            ledger.append("test", {})
        assert caught.value.exit_code == ExitCode.UNFINISHED
        assert "see that the PostgreSQL server of the ledger runs" in caught.value.hint
    with pytest.raises(LedgerError, match="cannot be used"):
        durable.open()
    durable_pg_server.start()
    with suppress(LedgerError):  # the broken connection is let go
        ledger.append("test", {"lost": True})
    ledger.append("test", {})
    assert next(ledger.read()) == first
    assert ledger.verify().whole
    ledger.close()


def test_a_connection_lost_in_the_moment_of_the_commit_is_in_doubt_not_claimed(
    shared: Place, pg_server: Server
) -> None:
    ledger = shared.open("minh")
    with pytest.raises(InDoubtError, match="lost in the moment of writing") as caught, ledger.store.write():
        with pg_server.connect() as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (_database(shared),)
            )
        time.sleep(0.2)
    assert "may or may not be recorded" in caught.value.hint
    assert ledger.append("test", {}).seq == 1
    ledger.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 60 MB of its own, for a server's data."""
    place, mount, umount = Path(f"/run/holdfast-test-{os.getpid()}"), shutil.which("mount"), shutil.which("umount")
    if os.getuid() != 0 or mount is None or umount is None:
        pytest.skip("mounting a small file system needs root")
    place.mkdir()
    try:
        if subprocess.run([mount, "-t", "tmpfs", "-o", "size=60m", "none", str(place)], check=False).returncode != 0:
            pytest.skip("this machine lets nobody mount a small file system")
        place.chmod(0o755)
        yield place
        subprocess.run([umount, str(place)], check=True)
    finally:
        place.rmdir()


def test_a_server_whose_disk_is_full_is_told_and_nothing_is_claimed(small_disk: Path, state: Path) -> None:
    with postgres.server(durable=True, place=small_disk) as server:
        place = Place(state, server.new_database(), server.password_file)
        ledger = place.open("minh")
        acknowledged = [ledger.append("test", {"n": 0}).hash]
        with (small_disk / "filler").open("wb") as filler, suppress(OSError):
            while True:
                filler.write(b"x" * 65536)
        with pytest.raises(LedgerError) as caught:
            for _ in range(20_000):
                acknowledged.append(ledger.append("test", {"text": os.urandom(4000).hex()}).hash)
        assert caught.value.exit_code == ExitCode.UNFINISHED
        assert "No space left" in caught.value.message or "connection" in caught.value.message
        (small_disk / "filler").unlink()
        for _ in range(200):  # a server that could not write its log ends and recovers
            with suppress(Exception):
                server.connect().close()
                break
            if server.process is not None and server.process.poll() is not None:
                server.start()
            time.sleep(0.05)
        again = place.open("minh")
        held = [record.hash for record in again.read()]
        assert held[: len(acknowledged)] == acknowledged
        assert again.verify().whole
        again.append("test", {})
        again.close()
        ledger.close()


def test_a_database_that_may_only_be_read_is_told(shared: Place, pg_server: Server) -> None:
    shared.open().close()
    with pg_server.connect() as connection:
        connection.execute(f"ALTER DATABASE {_database(shared)} SET default_transaction_read_only = on")
    ledger = shared.open()
    with pytest.raises(LedgerError, match="read-only") as caught:
        ledger.append("test", {})
    assert "nothing was recorded" in caught.value.hint
    assert list(ledger.read()) == []
    ledger.close()


def test_a_wrong_password_and_a_missing_database_are_told_with_where_to_look(
    shared: Place, pg_server: Server, tmp_path: Path
) -> None:
    (tmp_path / "wrong").touch(mode=0o600)
    (tmp_path / "wrong").write_text("guess")
    with pytest.raises(LedgerError, match="password authentication failed") as caught:
        Place(shared.state, shared.url, tmp_path / "wrong").open()
    assert "docs/ledger.md" in caught.value.hint
    assert "guess" not in caught.value.message
    with pytest.raises(LedgerError, match="does not exist"):
        Place(
            shared.state, f"postgresql://postgres@/nowhere?host={pg_server.directory}", pg_server.password_file
        ).open()


def test_a_password_file_that_others_may_read_is_refused(shared: Place, tmp_path: Path) -> None:
    (tmp_path / "open").write_text("secret")
    (tmp_path / "open").chmod(0o644)
    with pytest.raises(SecretError, match="others may read"):
        Place(shared.state, shared.url, tmp_path / "open").open()
    with pytest.raises(SecretError, match="No such file"):
        Place(shared.state, shared.url, tmp_path / "none").open()


@pytest.mark.parametrize("url", ["postgresql://minh:secret@db/ledger", "postgresql://db/ledger?password=secret"])
def test_a_password_in_the_url_is_refused_and_not_shown(state: Path, url: str) -> None:
    with pytest.raises(UsageError, match="carries a password") as caught:
        Ledger.open(state, FakeClock(), "minh", url=url)
    assert "secret" not in caught.value.message + caught.value.hint


def test_who_waits_too_long_for_another_writer_is_told(shared: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    first = shared.open()
    monkeypatch.setattr("ledger.database.BUSY_SECONDS", 1)
    second = shared.open()
    with first.store.write(), pytest.raises(LedgerError, match="lock timeout") as caught:
        second.append("test", {})
    assert "another Holdfast is writing" in caught.value.hint
    assert second.append("test", {}).seq == 1
    first.close()
    second.close()


def test_two_processes_that_begin_the_same_ledger_begin_it_once(shared: Place) -> None:
    opened: list[Ledger] = []
    threads = [threading.Thread(target=lambda: opened.append(shared.open())) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [ledger.append("test", {}).seq for ledger in opened] == [1, 2, 3, 4, 5, 6]
    for ledger in opened:
        ledger.close()


def test_a_commit_waits_for_the_disk_whatever_the_server_is_set_to(shared: Place, pg_server: Server) -> None:
    with pg_server.connect() as connection:
        connection.execute(f"ALTER DATABASE {_database(shared)} SET synchronous_commit = off")
    ledger = shared.open()
    with ledger.store.reading() as reading:
        assert reading.one("SHOW synchronous_commit") == ("on",)
    ledger.close()


def test_the_rights_that_the_documentation_gives_are_enough_and_no_more(
    state: Path, pg_server: Server, request: pytest.FixtureRequest
) -> None:
    other = place_on("postgresql", state, request)
    other.open().close()
    block = (CHECKOUT / "docs" / "ledger.md").read_text().partition("```sql\n")[2].partition("```")[0]
    with pg_server.connect() as connection:
        connection.execute(f"REVOKE ALL ON DATABASE {_database(other)} FROM PUBLIC")
        for statement in filter(str.strip, block.replace("'…'", f"'{postgres.PASSWORD}'").split(";")):
            connection.execute(statement)
        rights = connection.execute(
            "SELECT rolsuper, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = 'holdfast'"
        )
        assert rights.fetchone() == (False, False, False)
    url = f"postgresql://holdfast@/holdfast?host={pg_server.directory}"
    fill_with_version_1(url)
    mine = Place(state, url, pg_server.password_file)
    ledger = mine.open()
    assert ledger.append("test", {}).seq == 12
    assert ledger.verify().whole
    ledger.close()
    with pytest.raises(LedgerError, match="permission denied"):
        Place(state, url.replace("/holdfast?", f"/{_database(other)}?"), pg_server.password_file).open()


def _database(place: Place) -> str:
    return place.url.partition("@/")[2].partition("?")[0]
