"""The program's own ends of a dump: what fails is never taken for a whole one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from backup import onhost
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


def run(program: Path, server: Path, *argv: str) -> subprocess.CompletedProcess[bytes]:
    env = {**os.environ, "PGHOST": str(server), "RESTIC_REST_PASSWORD": "Kanarie-77"}
    return subprocess.run([sys.executable, "-I", program, *argv], env=env, capture_output=True, check=False)


def test_rows_are_counted_in_the_very_moment_that_is_dumped(program: Path, server: Path, tmp_path: Path) -> None:
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            psql(server, "insert into dossier select max(id) + 1, now(), 'late' from dossier", "land")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(3):
            side = tmp_path / f"side-{number}"
            done = run(program, server, "dump", "land", str(side), postgres.CANARY)
            assert (done.returncode, done.stderr) == (0, b"")
            said = json.loads(side.read_text())
            assert side.stat().st_mode & 0o777 == 0o600
            name = f"back{number}"
            psql(server, f"create database {name}")
            dump = tmp_path / f"dump-{number}"
            dump.write_bytes(done.stdout)
            loaded = run(program, server, "load", name, "/bin/cat", str(dump))
            assert json.loads(loaded.stdout) == {"answer": {"reader": 0, "said": ""}}
            assert int(psql(server, "select count(*) from dossier", name)) == said["tables"]["public.dossier"]
            assert psql(server, postgres.CANARY, name).strip()[:19] == said["newest"][:19].replace("T", " ")
    finally:
        stop.set()
        writer.join()


def test_what_cannot_be_dumped_or_loaded_ends_with_a_failure(program: Path, server: Path, tmp_path: Path) -> None:
    for argv in (("nothing", ""), ("land", "select nothing from nowhere"), ("land", "select 1 \\! true")):
        done = run(program, server, "dump", argv[0], str(tmp_path / "side"), argv[1])
        assert done.returncode == 1
        assert done.stderr
        assert not (tmp_path / "side").exists()
    (tmp_path / "torn").write_bytes(b"PGDMP torn")
    psql(server, "create database torn")
    loaded = run(program, server, "load", "torn", "/bin/cat", str(tmp_path / "torn"))
    assert loaded.returncode == 1
    assert "pg_restore into torn ended with 1" in json.loads(loaded.stdout)["error"]["message"]
    gone = run(program, server, "load", "torn", "/bin/cat", str(tmp_path / "gone"))
    assert json.loads(gone.stdout)["answer"]["reader"] == 1
