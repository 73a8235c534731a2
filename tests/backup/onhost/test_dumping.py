"""The program's own ends of a dump: what fails is never taken for a whole one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from backup import onhost
from backup.onhost import dumping
from backup.onhost.databases import Database
from tests.backup import postgres
from tests.backup.postgres import psql

pytestmark = pytest.mark.postgresql


@pytest.fixture(scope="module")
def server() -> Iterator[Path]:
    with postgres.server() as where:
        psql(where, postgres.ROWS)
        yield where


@pytest.fixture
def program(tmp_path: Path) -> Path:
    file = tmp_path / "copies"
    file.write_bytes(onhost.program())
    return file


def run(program: Path, server: Path, *argv: str, said: str = "") -> subprocess.CompletedProcess[bytes]:
    env = {**os.environ, "PGHOST": str(server), "RESTIC_REST_PASSWORD": "Kanarie-77"}
    call = [sys.executable, "-I", str(program), *argv]
    return subprocess.run(call, env=env, input=said.encode(), capture_output=True, check=False)


def load(program: Path, server: Path, one: Database, dump: str) -> subprocess.CompletedProcess[bytes]:
    return run(program, server, "load", "0", "/bin/cat", dump, said=json.dumps({"database": asdict(one)}))


def test_rows_are_counted_in_the_very_moment_that_is_dumped(program: Path, server: Path, tmp_path: Path) -> None:
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            psql(server, "insert into dossier select max(id) + 1, now(), 'late' from dossier", "land")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(3):
            done = run(program, server, "dump", "land", postgres.CANARY)
            assert done.returncode == 0
            said = dumping.told(done.stderr.decode().splitlines())
            dump = tmp_path / f"dump-{number}"
            dump.write_bytes(done.stdout)
            one = Database("db-1", f"back{number}", "abcd1234", str(tmp_path), said["tables"], said["about"])
            loaded = load(program, server, one, str(dump))
            assert json.loads(loaded.stdout) == {"answer": {"reader": 0, "said": "", "differences": []}}
            name = one.beside
            assert psql(server, postgres.CANARY, name).strip()[:19] == said["newest"][:19].replace("T", " ")
    finally:
        stop.set()
        writer.join()


def test_what_cannot_be_dumped_or_loaded_ends_with_a_failure(program: Path, server: Path, tmp_path: Path) -> None:
    for argv in (("nothing", ""), ("land", "select nothing from nowhere"), ("land", "select 1 \\! true")):
        done = run(program, server, "dump", *argv)
        assert done.returncode == 1
        with pytest.raises(ValueError, match="Expecting value"):
            dumping.told(done.stderr.decode().splitlines())
    (tmp_path / "torn").write_bytes(b"PGDMP torn")
    about = dumping.told(run(program, server, "dump", "land", "").stderr.decode().splitlines())["about"]
    torn = Database("db-1", "torn", "abcd1234", str(tmp_path), about=about)
    loaded = load(program, server, torn, str(tmp_path / "torn"))
    assert loaded.returncode == 1
    assert "pg_restore into torn_holdfast_abcd1234 ended with 1" in json.loads(loaded.stdout)["error"]["message"]
    gone = load(program, server, torn, str(tmp_path / "gone"))
    assert json.loads(gone.stdout)["answer"]["reader"] == 1
