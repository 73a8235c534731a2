"""PostgreSQL there and back on a real server: here by a call, and on a host over SSH."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from backup import media, restore, take, transfer
from backup.candidates import candidates, find
from backup.depot import Depot
from backup.errors import RepositoryMissingError, TargetInUseError
from inventory.settings import Disk, RotationSet
from inventory.system import Canary, Host, PostgresqlSource, SqliteSource
from tests.backup import away, postgres
from tests.backup.postgres import psql
from tests.backup.test_bringing import kill_midway
from tests.backup.world import World
from tests.inventory.sshd import SshHost

pytestmark = [pytest.mark.restic, pytest.mark.ssh, pytest.mark.postgresql]

OUTSIDE = """
select datdba::regrole, datconnlimit, one::text from pg_database, unnest(datacl) one
where datname = 'land' order by 3
"""
INSIDE = "select count(*), md5(string_agg(note, '' order by id)) from dossier; show search_path; select * from newest"
NEWEST = datetime(2026, 11, 23, 3, 0, tzinfo=UTC) + timedelta(seconds=500)


@pytest.fixture(params=["this machine", "a host"])
def land(request: pytest.FixtureRequest, far: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[World, Path]]:
    """A system of files and a PostgreSQL database, and where its server listens."""
    ssh_host: SshHost = request.getfixturevalue("ssh_host")
    local = request.param == "this machine"
    system = far.site.system(away.SYSTEM)
    data = [source for source in system.data if not isinstance(source, SqliteSource)]
    canary = Canary(sql="land", host="db-1", query=postgres.CANARY)
    update = {"data": [*data, PostgresqlSource(postgresql="land", host="db-1")], "canary": canary}
    hosts = dict(far.site.hosts)
    if local:
        hosts = {name: host.model_copy(update={"connection": "local"}) for name, host in hosts.items()}
    systems = {**far.site.systems, away.SYSTEM: system.model_copy(update=update)}
    far.depot = Depot(replace(far.site, systems=systems, hosts=hosts), far.state, far.ledger)
    with postgres.server(None if local else ssh_host.where / "sockets") as where:
        if local:
            monkeypatch.setenv("PGHOST", str(where))
        psql(where, postgres.ROWS)
        yield far, where


here_only = pytest.mark.parametrize("land", ["this machine"], indirect=True)


def spare(world: World) -> dict[str, Host]:
    return {"db-1": world.depot.site.host("spare-1")}


def test_a_database_comes_back_with_its_rows_roles_owner_rights_and_settings(land: tuple[World, Path]) -> None:
    world, where = land
    report = take.back_up(world.depot, away.SYSTEM)
    assert (report.status, report.problems) == ("complete", ())
    (candidate,) = candidates(world.depot, away.SYSTEM)
    assert candidate.data_time == NEWEST
    before, inside = psql(where, OUTSIDE), psql(where, INSIDE, "land")
    document = restore.read_manifest(world.depot, restore.open_copy(world.depot, candidate), candidate)
    database = next(source for source in document.sources if source.kind == "postgresql")
    assert database.tables == {"public.dossier": 500, 'extra.odd "name': 0, "(large objects)": 1}

    targets = spare(world)
    with pytest.raises(TargetInUseError, match="databases with data already on spare-1: land"):
        restore.restore_system(world.depot, candidate, targets)
    assert not (world.root / "spare-1/srv").exists(), "nothing was written anywhere"
    psql(where, "drop database land; drop role clerk; drop role office")
    done = restore.restore_system(world.depot, candidate, targets, run_name="recover-1")
    assert (done.verified, done.problems, done.measured, done.data_time) == (True, (), True, NEWEST)
    assert (world.root / "spare-1/srv/far/files/secret").stat().st_uid == 1234
    assert psql(where, OUTSIDE) == before
    assert psql(where, INSIDE, "land") == inside
    assert inside.startswith("500|")
    assert (
        psql(where, "select pg_has_role('clerk', 'office', 'member'), rolcanlogin from pg_roles where rolname='clerk'")
        == "t|t\n"
    )
    assert psql(where, "select tableowner from pg_tables where tablename = 'dossier'", "land") == "office\n"
    assert psql(where, "select datname from pg_database where datname like '%holdfast%'") == ""
    again = restore.restore_system(world.depot, candidate, targets, run_name="recover-2")
    assert (again.verified, again.measured) == (True, False)

    psql(where, "delete from dossier where id > 490", "land")
    replaced = restore.restore_system(world.depot, candidate, targets, overwrite=True)
    assert replaced.verified
    assert psql(where, "select count(*) from dossier", "land_holdfast_replaced_1") == "490\n"
    assert psql(where, "select count(*) from dossier", "land") == "500\n"


@pytest.mark.parametrize("land", ["a host"], indirect=True)
def test_a_load_whose_holdfast_was_killed_is_followed_and_not_begun_again(
    land: tuple[World, Path], ssh_host: SshHost
) -> None:
    world, where = land
    assert take.back_up(world.depot, away.SYSTEM).status == "complete"
    psql(where, "drop database land")
    kill_midway(world, ssh_host, "/land.dump", "recover-8")
    threading.Timer(1.0, (world.root / "go").touch).start()
    (candidate,) = candidates(world.depot, away.SYSTEM)
    report = restore.restore_system(world.depot, candidate, spare(world), run_name="recover-8")
    assert (report.verified, report.data_time) == (True, NEWEST)
    assert (world.root / "begun").read_text().count("begun") == 1
    assert psql(where, "select count(*) from dossier", "land") == "500\n"


@here_only
def test_a_dump_comes_back_as_a_file_and_into_no_server(land: tuple[World, Path], tmp_path: Path) -> None:
    world, where = land
    assert take.back_up(world.depot, away.SYSTEM).status == "complete"
    psql(where, "drop database land")
    (candidate,) = candidates(world.depot, away.SYSTEM)
    report = restore.restore_files(world.depot, candidate, [], tmp_path / "out")
    assert report.verified, report.problems
    assert (tmp_path / "out/db-1/postgresql/land.dump").read_bytes().startswith(b"PGDMP")
    assert "CREATE ROLE clerk" in (tmp_path / "out/db-1/postgresql/roles.sql").read_text()
    assert psql(where, "select datname from pg_database where datname like 'land%'") == ""


@here_only
def test_a_database_that_is_gone_fails_the_backup_and_says_why(land: tuple[World, Path]) -> None:
    world, where = land
    psql(where, "drop database land")
    report = take.back_up(world.depot, away.SYSTEM)
    assert report.status == "failed"
    assert 'database "land" does not exist' in report.problems[0]
    assert candidates(world.depot, away.SYSTEM) == []


@here_only
def test_a_medium_carries_a_backup_with_all_its_parts_or_not_at_all(land: tuple[World, Path], tmp_path: Path) -> None:
    world, where = land
    label, disk = "weekly-a", Disk(directory=str(tmp_path / "shelf"), attach=str(tmp_path / "attached"))
    settings = world.depot.site.settings.model_copy(update={"media": {"weekly": RotationSet(disks={label: disk})}})
    depot = Depot(replace(world.depot.site, settings=settings), world.state, world.ledger)
    assert take.back_up(depot, away.SYSTEM).status == "complete"
    media.prepare(depot, label)
    media.attach(depot, label)
    (report,) = transfer.copy_to(depot, label, [away.SYSTEM])
    assert (report.status, len(report.arrived)) == ("complete", 1)
    psql(where, "drop database land")
    candidate = find(depot, away.SYSTEM, store=label)
    assert restore.restore_system(depot, candidate, spare(world)).verified
    assert psql(where, "select count(*) from dossier", "land") == "500\n"

    (record,) = world.ledger.read(kinds=("backup.finished",))
    for part in record.body["parts"]:
        (world.root / "vault" / away.SYSTEM / "snapshots" / part).unlink()
    (report,) = transfer.copy_to(depot, label, [away.SYSTEM])
    assert "no recorded snapshot of far is left" in report.problems[0]
    with pytest.raises(RepositoryMissingError, match="no longer holds 2 of the 2 parts"):
        restore.restore_system(depot, find(depot, away.SYSTEM, store="main"), spare(world))
