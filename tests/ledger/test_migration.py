"""A ledger of an older version is copied, then brought up in one step, whatever happens meanwhile."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from ledger import alerts, checkpoint, durable, migration, tables
from ledger.connection import Connection
from ledger.database import Database
from ledger.errors import LedgerError
from ledger.ledger import LEDGER_FILE, Ledger
from ledger.projection import Projection
from tests.ledger.fixtures import BOTH, Place, place_on
from tests.ledger.postgres import PASSWORD

OLD = Path(__file__).parent / "data" / "version1"
OLD_TABLES = ("meta", "records", "projections", "leases", "alerts")


def old_rows(table: str, file: Path = OLD / LEDGER_FILE) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(f"{file.as_uri()}?immutable=1", uri=True)) as database:
        return database.execute(f"SELECT * FROM {table} ORDER BY rowid").fetchall()


@pytest.fixture(params=BOTH)
def old(request: pytest.FixtureRequest, state: Path) -> Place:
    """The ledger of version 1, on each database in turn."""
    return old_place(request.param, state, request)


def old_place(kind: str, state: Path, request: pytest.FixtureRequest) -> Place:
    place = place_on(kind, state, request)
    if not place.url:
        shutil.copy(OLD / LEDGER_FILE, state / LEDGER_FILE)
        (state / LEDGER_FILE).chmod(0o600)
        return place
    fill_with_version_1(place.url)
    return place


def fill_with_version_1(url: str) -> None:
    """Put the ledger of version 1 into a PostgreSQL database."""
    database = Database(url, lambda: PASSWORD)
    with closing(sqlite3.connect(f"{(OLD / LEDGER_FILE).as_uri()}?immutable=1", uri=True)) as source:
        made = [text for (text,) in source.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")]
    with database.write() as connection:
        for statement in made:
            connection.run(statement.replace("BLOB", "BYTEA"))
        for table in OLD_TABLES:
            rows = old_rows(table)
            connection.many(f"INSERT INTO {table} VALUES ({', '.join('?' * len(rows[0]))})", rows)
    database.close()


def version_of(place: Place) -> int | None:
    database = Database(place.url or f"sqlite:///{place.state / LEDGER_FILE}", lambda: PASSWORD)
    with database.read() as connection:
        found = tables.version(connection)
        assert connection.has_table("head") == connection.has_table("outbox") == (found == 2)
        assert connection.has_table("projections") == (found == 1)
    database.close()
    return found


def assert_migrated(ledger: Ledger) -> None:
    assert [(record.seq, record.payload, record.hash) for record in ledger.read()] == [
        (row[0], row[3], row[4]) for row in old_rows("records")
    ]
    public = checkpoint.read_public(OLD / "checkpoint.pub")
    verdict = ledger.verify([checkpoint.read_and_check(OLD / "checkpoint.json", public, site="district").anchor])
    assert (verdict.whole, verdict.records) == (True, len(old_rows("records")))
    assert verdict.anchored > 0
    found = {row.id: (row.state, row.incident) for row in alerts.listed(ledger)}
    assert found == {str(row[0]): (row[5], row[6]) for row in old_rows("alerts")}


def test_a_ledger_of_the_first_version_keeps_every_record_alert_and_epoch(old: Place) -> None:
    for _ in range(2):
        ledger = old.open()
        assert_migrated(ledger)
        kinds = Projection("kinds", 1, lambda state, record: state.update({record.kind: record.seq}))
        assert ledger.project(kinds)["after"] == 11
        ledger.close()
    assert ledger.own("recovery").epoch == 2
    assert ledger.append("new", {}).seq == len(old_rows("records")) + 1
    assert ledger.verify().whole
    ledger.close()


def test_alerts_learn_which_record_holds_their_digest(old: Place) -> None:
    ledger = old.open()
    with ledger.store.reading() as connection:
        found = connection.all("SELECT seq, place, id FROM alerts ORDER BY seq, place")
    assert [(seq, place, int(name[-1], 16)) for seq, place, name in found] == [
        (3, 0, 7),
        (3, 1, 3),
        (3, 2, 5),
        (4, 0, 9),
        (4, 1, 1),
        (5, 0, 15),
    ]
    ledger.close()


def test_the_copy_made_before_is_the_old_ledger_whole_and_private(state: Path) -> None:
    shutil.copy(OLD / LEDGER_FILE, state / LEDGER_FILE)
    Place(state).open().close()
    copy = migration.copy_file(state / LEDGER_FILE, 1)
    assert copy.name == "ledger-schema1.db"
    assert copy.stat().st_mode & 0o777 == 0o600
    assert [old_rows(table, copy) for table in OLD_TABLES] == [old_rows(table) for table in OLD_TABLES]
    made = copy.stat().st_mtime_ns
    Place(state).open().close()
    assert copy.stat().st_mtime_ns == made
    assert not [file for file in state.iterdir() if file.name.startswith(".")]


@pytest.mark.postgresql
def test_the_copy_on_postgresql_is_a_schema_beside(state: Path, request: pytest.FixtureRequest) -> None:
    ledger = old_place("postgresql", state, request).open()
    with ledger.store.reading() as connection:
        for table in ("meta", "records", "alerts", "leases"):
            kept = connection.all(f"SELECT * FROM {migration.copy_schema(1)}.{table}")
            assert sorted(map(str, kept)) == sorted(map(str, old_rows(table)))
    ledger.close()


def killed_at(place: Place, moment: int) -> bool:
    """Open the ledger in another process that is killed at its nth step; tell whether it lived to the end."""
    pid = os.fork()
    if pid == 0:
        try:
            left = [moment]
            for owner, name in ((durable, "sync_file"), (durable, "sync_directory"), (Path, "replace")):
                _count_down(owner, name, left)
            for kind in Connection.__subclasses__():
                for name in ("run", "many", "one", "all"):
                    _count_down(kind, name, left)
            place.open()
            os._exit(0)
        finally:
            os._exit(1)
    status = os.waitpid(pid, 0)[1]
    assert status in (0, signal.SIGKILL)
    return status == 0


def _count_down(owner: object, name: str, left: list[int]) -> None:
    real: Callable[..., object] = getattr(owner, name)

    def counted(*arguments: object, **named: object) -> object:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*arguments, **named)

    setattr(owner, name, counted)


def test_a_kill_at_any_step_leaves_the_old_ledger_or_the_new_one(old: Place) -> None:
    moment, seen = 1, set()
    while not killed_at(old, moment):
        seen.add(version_of(old))
        moment += 1
    assert moment > 15
    assert seen == {1}
    ledger = old.open()
    assert_migrated(ledger)
    ledger.close()


def test_two_that_open_an_old_ledger_at_once_migrate_it_once(old: Place) -> None:
    pids: list[int] = []
    for _ in range(4):
        pids.append(os.fork())
        if pids[-1] == 0:
            code = 1
            try:
                old.open()
                code = 0
            finally:
                os._exit(code)
    assert [os.waitpid(pid, 0)[1] for pid in pids] == [0] * 4
    ledger = old.open()
    assert_migrated(ledger)
    ledger.close()


def test_where_the_copy_cannot_be_made_nothing_is_changed(state: Path) -> None:
    shutil.copy(OLD / LEDGER_FILE, state / LEDGER_FILE)
    (migration.copy_file(state / LEDGER_FILE, 1) / "in the way").mkdir(parents=True)
    with pytest.raises(LedgerError, match="cannot be used"):
        Place(state).open()
    assert version_of(Place(state)) == 1
    assert [old_rows(table, state / LEDGER_FILE) for table in OLD_TABLES] == [old_rows(table) for table in OLD_TABLES]
