"""Databases beside their place: what a killed restore left, and what is refused."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from backup.errors import ManifestError, StorageError, TargetInUseError
from backup.onhost import databases, postgresql
from backup.onhost.databases import Database
from backup.onhost.psql import Session
from tests.backup import postgres
from tests.backup.postgres import psql


@pytest.fixture(scope="module")
def server() -> Iterator[Path]:
    with postgres.server() as where:
        psql(where, "create database full_one")
        psql(where, "create table t (a int)", "full_one")
        yield where


def about(where: Path) -> dict[str, object]:
    with Session("template1") as session:
        return {**postgresql.about(session), "rights": None}


def one(tmp_path: Path, name: str = "land", **more: object) -> Database:
    return replace(Database("db-1", name, "abcd1234", str(tmp_path)), **more)  # type: ignore[arg-type]


@pytest.mark.postgresql
def test_what_was_left_beside_is_replaced_and_what_was_put_in_place_is_known_again(
    tmp_path: Path, server: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGHOST", str(server))
    land = one(tmp_path, about=about(server), tables={"public.t": 2})
    databases.make_ready([land], overwrite=False)
    psql(server, f"create database {land.beside}")
    psql(server, "create database made")
    psql(server, "create table half (a int)", land.beside)
    dump, script = tmp_path / "dump", tmp_path / "roles.sql"
    script.write_text("CREATE ROLE reader;")
    for rows, expected in (("(1)", ["db-1:postgresql:land: table public.t has 1 rows, expected 2"]), ("(1), (2)", [])):
        psql(server, f"drop table if exists t; create table t (a int); insert into t values {rows}", "made")
        dump.write_bytes(dumped(server, "made"))
        said = databases.load(land, ["/bin/cat", str(script)], ["/bin/cat", str(dump)])
        assert said == {"reader": 0, "said": "", "differences": expected}
    assert psql(server, "select rolname from pg_roles where rolname = 'reader'") == "reader\n"
    assert not databases.is_in_place(land)
    databases.put([land])
    assert databases.is_in_place(land)
    assert not databases.is_in_place(replace(land, mark="00000000")), "another backup's"
    psql(server, "insert into t values (3)", "land")
    assert not databases.is_in_place(land)


def dumped(server: Path, name: str) -> bytes:
    as_user = ["runuser", "-u", postgres.USER, "--"] if os.geteuid() == 0 else []
    argv = [*as_user, "pg_dump", "-h", str(server), "-Fc", name]
    return subprocess.run(argv, check=True, capture_output=True, cwd="/").stdout


@pytest.mark.postgresql
def test_databases_with_data_and_disks_without_room_are_refused(
    tmp_path: Path, server: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGHOST", str(server))
    full = one(tmp_path, "full_one")
    with pytest.raises(TargetInUseError, match="data already on db-1: full_one"):
        databases.make_ready([full], overwrite=False)
    databases.make_ready([full], overwrite=True)
    with (
        Session("full_one") as busy,
        pytest.raises(TargetInUseError, match="somebody is connected to full_one on db-1"),
    ):
        busy.ask("select 1")
        databases.make_ready([full], overwrite=True)
    with pytest.raises(StorageError, match="free; "):
        databases.make_ready([one(tmp_path, "new_one", about={"size": 1 << 60})], overwrite=False)


@pytest.mark.parametrize("name", ["../x", "a b", "", "x" * 64, "a;b"])
def test_what_is_no_name_is_never_used_for_a_path_or_a_database(tmp_path: Path, name: str) -> None:
    with pytest.raises(ManifestError):
        one(tmp_path, name)
