"""What bad input gets: one line of what is wrong, a hint, the right exit code, and nothing lost (issue table)."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from cli import app
from tests import tools
from tests.backup import world as worlds
from tests.backup.world import SYSTEM, World

AS_ROOT = os.geteuid() == 0


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = worlds.make(tmp_path / "world")
    yield made
    made.ledger.close()


class Said:
    """One command's end: exit code, the line that says what is wrong, the hint."""

    def __init__(self, code: int, text: str) -> None:
        self.code = code
        self.text = text
        lines = [line for line in text.splitlines() if line.startswith(("error: ", "hint: "))]
        self.error = next((line for line in lines if line.startswith("error: ")), "")
        self.hint = next((line for line in lines if line.startswith("hint: ")), "")


Holdfast = Callable[..., Said]


@pytest.fixture
def holdfast(capsys: pytest.CaptureFixture[str]) -> Holdfast:
    def run(*words: str) -> Said:
        code = app.run(list(words))
        return Said(code, capsys.readouterr().err)

    return run


def test_a_missing_site(holdfast: Holdfast, tmp_path: Path) -> None:
    said = holdfast("--site", str(tmp_path), "today")
    assert (said.code, "is not a site" in said.error, "holdfast init" in said.hint) == (2, True, True)


def test_a_malformed_site_names_every_fault_with_its_line(holdfast: Holdfast, world: World) -> None:
    settings = world.root / "site" / "holdfast.yml"
    settings.write_text(settings.read_text() + "vualts: {}\ntimezone: [1]\n")
    said = holdfast("--site", str(world.root / "site"), "today")
    assert said.code == 2
    assert "2 problems in the site" in said.error
    assert "vualts: unknown key" in said.text
    assert "timezone: " in said.text
    assert len({line.split(":")[1] for line in said.text.splitlines() if "/holdfast.yml:" in line}) == 2


@pytest.mark.parametrize(
    "words",
    [
        ("backup", "run", "nosuch"),
        ("recover", "candidates", "nosuch"),
        ("inventory", "show", "nosuch"),
        ("readiness", "nosuch"),
    ],
)
def test_an_unknown_system(holdfast: Holdfast, world: World, words: tuple[str, ...]) -> None:
    said = holdfast("--site", str(world.root / "site"), *words)
    assert (said.code, "nosuch" in said.error, SYSTEM in said.hint) == (2, True, True)


@pytest.mark.restic
def test_a_wrong_password(holdfast: Holdfast, world: World) -> None:
    site = str(world.root / "site")
    assert holdfast("--site", site, "backup", "run", SYSTEM).code == 0
    (world.state / "keys" / "vault" / "main" / SYSTEM).write_text("not the password")
    said = holdfast("--site", site, "backup", "run", SYSTEM)
    assert said.code == 3
    assert "password" in said.error
    assert "not the password" not in said.text
    assert said.hint


@pytest.mark.restic
def test_another_repository_in_its_place(holdfast: Holdfast, world: World) -> None:
    site = str(world.root / "site")
    assert holdfast("--site", site, "backup", "run", SYSTEM).code == 0
    config = world.vault / SYSTEM / "config"
    config.chmod(0o600)
    config.write_bytes(b"x" * 155)
    before = sorted(str(path) for path in world.vault.rglob("*"))
    said = holdfast("--site", site, "backup", "run", SYSTEM)
    assert (said.code, bool(said.error), bool(said.hint)) == (4, True, True)
    assert sorted(str(path) for path in world.vault.rglob("*")) == before


def test_restic_missing(holdfast: Holdfast, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLDFAST_RESTIC", str(world.root / "none"))
    said = holdfast("--site", str(world.root / "site"), "backup", "run", SYSTEM)
    assert (said.code, "restic" in said.error, bool(said.hint)) == (2, True, True)


def test_restic_too_old(holdfast: Holdfast, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    old = world.root / "restic"
    old.write_text("#!/bin/sh\necho 'restic 0.14.0 compiled with go1.19 on linux/amd64'\n")
    old.chmod(0o755)
    monkeypatch.setenv("HOLDFAST_RESTIC", str(old))
    said = holdfast("--site", str(world.root / "site"), "backup", "run", SYSTEM)
    assert (said.code, "0.14" in said.error, "0.17" in said.error + said.hint) == (2, True, True)


def test_a_ledger_of_a_newer_version_is_left_as_it_is(holdfast: Holdfast, world: World) -> None:
    world.ledger.append("note", {"text": "kept"})
    world.ledger.close()
    with closing(sqlite3.connect(world.state / "ledger.db")) as database:
        database.execute("update meta set value = '99' where name = 'schema'")
        database.commit()
    said = holdfast("--site", str(world.root / "site"), "today")
    assert (said.code, "newer" in said.error, bool(said.hint)) == (3, True, True)
    with closing(sqlite3.connect(world.state / "ledger.db")) as database:
        assert database.execute("select count(*) from records").fetchone() == (1,)


@pytest.mark.skipif(AS_ROOT, reason="root writes to read-only directories; the full-disk test covers root")
def test_a_read_only_state_directory(holdfast: Holdfast, world: World) -> None:
    world.state.chmod(0o500)
    said = holdfast("--site", str(world.root / "site"), "incident", "note", "x")
    assert (said.code, bool(said.hint)) == (3, True)


def test_a_state_directory_that_cannot_be_made(
    holdfast: Holdfast, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOLDFAST_STATE", "/proc/nowhere")
    said = holdfast("--site", str(world.root / "site"), "today")
    assert (said.code, "state directory" in said.error, "HOLDFAST_STATE" in said.hint) == (3, True, True)


@pytest.mark.restic
@pytest.mark.skipif(not AS_ROOT, reason="needs root to mount a small file system")
def test_a_full_vault_fails_and_keeps_the_earlier_snapshot(holdfast: Holdfast, world: World) -> None:
    site = str(world.root / "site")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m,mode=700", "tmpfs", str(world.vault)], check=True)
    try:
        assert holdfast("--site", site, "backup", "run", SYSTEM).code == 0
        (world.data / "files" / "big").write_bytes(os.urandom(6_000_000))
        said = holdfast("--site", site, "backup", "run", SYSTEM)
        assert (said.code, bool(said.error), bool(said.hint)) == (3, True, True)
        assert len(list((world.vault / SYSTEM / "snapshots").iterdir())) == 1
        assert holdfast("--site", site, "backup", "check", "main").code == 0
    finally:
        subprocess.run(["umount", "-l", str(world.vault)], check=True)


@pytest.mark.ansible
def test_a_host_that_cannot_be_reached_is_named_and_never_passes(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    inventory = world.root / "site" / "inventory" / "edoc.yml"
    lost = "documents-1: {ansible_host: 127.0.0.1, ansible_port: 1, ansible_ssh_common_args: '-o ConnectTimeout=2'}"
    text = inventory.read_text()
    start = text.index("documents-1: {")
    inventory.write_text(text.replace(text[start : text.index("}", start) + 1], lost, 1))
    code = app.run(["--site", str(world.root / "site"), "harden", "scan", "--json"])
    found = {host["host"]: host for host in json.loads(capsys.readouterr().out)["hosts"]}
    assert code == 3
    assert found["documents-1"]["error"]
    assert not any(verdict["verdict"] == "pass" for verdict in found["documents-1"]["verdicts"])


@pytest.mark.restic
def test_a_backup_of_a_host_that_is_not_this_machine_is_refused_by_name(holdfast: Holdfast, world: World) -> None:
    inventory = world.root / "site" / "inventory" / "edoc.yml"
    inventory.write_text(inventory.read_text().replace("documents-1: {ansible_connection: local, ", "documents-1: {"))
    said = holdfast("--site", str(world.root / "site"), "backup", "run", SYSTEM)
    assert (said.code, "documents-1" in said.error, bool(said.hint)) == (3, True, True)


@pytest.mark.restic
def test_ctrl_c_during_a_backup_ends_with_130_and_the_next_run_works(world: World) -> None:
    (world.data / "files" / "big").write_bytes(os.urandom(80_000_000))
    env = {**os.environ, "HOLDFAST_RESTIC": str(tools.require("restic"))}
    argv = [sys.executable, "-m", "cli.app", "--site", str(world.root / "site"), "backup", "run", SYSTEM]
    process = subprocess.Popen(argv, env=env, stderr=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
    deadline = time.monotonic() + 60
    while not list((world.vault / SYSTEM / "data").rglob("*") if (world.vault / SYSTEM).exists() else []):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    if process.returncode == 0:
        pytest.fail("the backup ended before it could be interrupted; make the data larger")
    assert process.returncode == 130, said
    assert b"Traceback" not in said
    assert subprocess.run(argv, env=env, capture_output=True, check=False).returncode == 0
