from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from backup import errors, take
from backup.depot import Store
from backup.directory import Directory, digest_of
from backup.restic_command import Repository
from inventory.errors import ExitCode, UsageError
from inventory.system import Host
from tests.backup.world import LABEL, SYSTEM, World, tree


def vault(world: World) -> Store:
    return world.depot.vault("main")


def test_stores_are_found_by_name(world: World) -> None:
    assert world.depot.store("main") == Store("vault", "main", Directory(world.vault))
    assert world.depot.store(LABEL) == Store("medium", LABEL, Directory(world.offline))
    assert [store.name for store in world.depot.stores()] == ["main", LABEL, "weekly-b"]
    with pytest.raises(UsageError, match="nowhere"):
        world.depot.store("nowhere")
    with pytest.raises(UsageError, match="nowhere"):
        world.depot.vault("nowhere")


@pytest.mark.restic
def test_each_repository_has_a_key_of_its_own_that_only_we_can_read(copied: World) -> None:
    files = [copied.depot.key_file(store, SYSTEM) for store in (vault(copied), copied.depot.medium(LABEL))]
    assert len({file.read_bytes() for file in files}) == 2
    assert all(file.stat().st_mode & 0o777 == 0o600 for file in files)
    assert all(len(file.read_bytes()) == 64 for file in files)


@pytest.mark.restic
def test_another_repository_in_its_place_is_refused_with_4(backed_up: World) -> None:
    path = backed_up.vault / SYSTEM
    password = backed_up.depot.key_file(vault(backed_up), SYSTEM).read_bytes()
    shutil.move(path, backed_up.root / "elsewhere")
    backed_up.depot.restic.init(Repository(str(path), password))  # even one our own password opens
    before = tree(path)
    with pytest.raises(errors.OtherRepositoryError) as caught:
        backed_up.depot.open(vault(backed_up), SYSTEM)
    assert caught.value.exit_code == ExitCode.REFUSED
    assert take.back_up(backed_up.depot, SYSTEM).exit_code == ExitCode.REFUSED
    assert tree(path) == before


@pytest.mark.restic
def test_a_lost_repository_is_never_made_anew(backed_up: World) -> None:
    shutil.rmtree(backed_up.vault / SYSTEM)
    report = take.back_up(backed_up.depot, SYSTEM)
    assert (report.status, report.exit_code) == ("failed", ExitCode.UNFINISHED)
    assert isinstance(report.failure, errors.RepositoryMissingError)
    assert not (backed_up.vault / SYSTEM).exists()


@pytest.mark.restic
def test_a_lost_key_is_named_and_never_replaced(backed_up: World) -> None:
    key = backed_up.depot.key_file(vault(backed_up), SYSTEM)
    key.unlink()
    with pytest.raises(errors.KeyMissingError, match=SYSTEM):
        backed_up.depot.open(vault(backed_up), SYSTEM)
    assert take.back_up(backed_up.depot, SYSTEM).status == "failed"
    assert not key.exists()


@pytest.mark.restic
def test_an_empty_key_file_is_a_lost_key(backed_up: World) -> None:
    key = backed_up.depot.key_file(vault(backed_up), SYSTEM)
    key.write_bytes(b"")
    with pytest.raises(errors.KeyMissingError, match="is empty") as caught:
        backed_up.depot.open(vault(backed_up), SYSTEM)
    assert "escrow" in caught.value.hint


@pytest.mark.restic
def test_a_run_killed_while_it_writes_a_new_key_leaves_no_empty_key(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(_descriptor: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", killed)
    with pytest.raises(KeyboardInterrupt):
        world.depot.make(vault(world), SYSTEM)
    monkeypatch.undo()
    assert not world.depot.key_file(vault(world), SYSTEM).exists()
    made = world.depot.make(vault(world), SYSTEM)
    assert len(made.password) == 64


@pytest.mark.restic
def test_a_repository_made_but_not_recorded_is_taken_over_if_it_is_empty(world: World) -> None:
    made = world.depot.make(vault(world), SYSTEM)
    forgotten = digest_of(Path(made.location))
    again = world.depot.make(vault(world), SYSTEM)
    assert digest_of(Path(again.location)) == forgotten


@pytest.mark.restic
def test_a_repository_nobody_knows_is_neither_used_nor_removed(world: World) -> None:
    (world.vault / SYSTEM).mkdir()
    (world.vault / SYSTEM / "config").write_text("somebody else's")
    with pytest.raises(errors.OtherRepositoryError, match="does not know it"):
        world.depot.make(vault(world), SYSTEM)
    assert (world.vault / SYSTEM / "config").read_text() == "somebody else's"


@pytest.mark.restic
def test_what_a_killed_run_left_half_made_is_made_again(world: World) -> None:
    (world.vault / f".making-{SYSTEM}" / "keys").mkdir(parents=True)
    world.depot.make(vault(world), SYSTEM)
    assert sorted(entry.name for entry in world.vault.iterdir()) == [SYSTEM]


@pytest.mark.restic
@pytest.mark.parametrize(("writing", "next_step"), [(True, "a vault must be a server"), (False, "backup restore edoc")])
def test_a_host_that_does_not_find_a_directory_of_this_machine_is_told_the_way_round(
    world: World, writing: bool, next_step: str
) -> None:
    assert take.back_up(world.depot, SYSTEM).status == "complete"
    missing = errors.RepositoryMissingError("there is no repository at /vault/edoc", hint="is it mounted?")
    with (
        pytest.raises(errors.RepositoryMissingError, match="db-1 does not find vault main") as caught,
        world.depot.lend(vault(world), SYSTEM, Host(name="db-1", connection="ssh"), writing=writing),
    ):
        raise missing
    assert next_step in caught.value.hint
    with (
        pytest.raises(errors.RepositoryMissingError) as plain,
        world.depot.lend(vault(world), SYSTEM, Host(name="here", connection="local"), writing=writing),
    ):
        raise missing
    assert plain.value is missing
