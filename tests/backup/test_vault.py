from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pytest

from backup import errors, lost, take, vault
from backup.directory import MARKER, Directory
from inventory.errors import ExitCode, RefusedError, UsageError
from tests.backup.world import SYSTEM, World


def main(world: World) -> vault.Store:
    return world.depot.vault("main")


def test_a_vault_that_is_not_mounted_is_never_made(world: World) -> None:
    world.vault.rmdir()
    with pytest.raises(errors.VaultMissingError) as caught:
        vault.repository_for(world.depot, main(world), SYSTEM)
    assert "mkdir" in caught.value.hint
    assert not world.vault.exists()


def test_a_new_vault_must_be_empty(world: World) -> None:
    (world.vault / "holiday.jpg").touch()
    with pytest.raises(errors.WrongVaultError, match=r"holiday\.jpg"):
        vault.repository_for(world.depot, main(world), SYSTEM)
    assert [entry.name for entry in world.vault.iterdir()] == ["holiday.jpg"]


@pytest.mark.restic
def test_a_vault_whose_content_is_gone_is_lost_and_stays_lost(backed_up: World) -> None:
    shutil.rmtree(backed_up.vault)
    backed_up.vault.mkdir()  # what an unmounted disk looks like
    report = take.back_up(backed_up.depot, SYSTEM)
    assert isinstance(report.failure, errors.VaultLostError)
    assert report.exit_code == ExitCode.UNFINISHED
    assert list(backed_up.vault.iterdir()) == []
    assert "no longer holds" in vault.look(backed_up.depot, main(backed_up))


@pytest.mark.restic
def test_another_vault_in_its_place_is_refused(backed_up: World) -> None:
    marker = backed_up.vault / MARKER
    marker.write_text(json.dumps({**json.loads(marker.read_text()), "id": "another"}))
    report = take.back_up(backed_up.depot, SYSTEM)
    assert isinstance(report.failure, errors.WrongVaultError)
    assert report.exit_code == ExitCode.REFUSED


@pytest.mark.restic
def test_a_vault_that_is_as_it_was_can_be_read(backed_up: World) -> None:
    assert vault.look(backed_up.depot, main(backed_up)) == ""


def test_a_vault_that_was_never_used_says_so(world: World) -> None:
    assert "never used" in vault.look(world.depot, main(world))


def test_a_marker_that_was_not_recorded_in_time_is_kept(world: World) -> None:
    (world.vault / MARKER).write_text(json.dumps({"vault": "main", "id": "kept", "site": "small-district"}))
    (world.vault / SYSTEM).write_text("no repository")  # stops it after the vault was begun
    with pytest.raises(errors.WrongVaultError):
        vault.repository_for(world.depot, main(world), SYSTEM)
    (world.vault / SYSTEM).unlink()
    vault._begin(world.depot, main(world))
    assert world.depot.copies().vault_id("main") == "kept"


@pytest.mark.restic
def test_a_vault_lost_for_good_is_given_up_with_a_reason_and_a_new_one_begins(copied: World) -> None:
    with pytest.raises(RefusedError, match="is there"):
        vault.renew(copied.depot, main(copied), "by mistake")
    shutil.rmtree(copied.vault)
    copied.vault.mkdir()
    with pytest.raises(UsageError, match="reason"):
        vault.renew(copied.depot, main(copied), " ")
    vault.renew(copied.depot, main(copied), "destroyed")
    assert [kept.kind for kept in copied.depot.copies().snapshots(SYSTEM)] == ["medium"]
    assert take.back_up(copied.depot, SYSTEM).status == "complete"
    assert len(list((copied.state / "keys" / "vault").glob("main*"))) == 2, "the old keys are kept"
    with pytest.raises(RefusedError):
        vault.renew(copied.depot, main(copied), "again")


@pytest.mark.restic
@pytest.mark.parametrize("spoil", ["removed", "encrypted"])
def test_a_vault_whose_repository_is_ruined_beside_its_marker_can_be_given_up(copied: World, spoil: str) -> None:
    if spoil == "removed":
        shutil.rmtree(copied.vault / SYSTEM)
    else:
        (copied.vault / SYSTEM / "config").chmod(0o600)
        (copied.vault / SYSTEM / "config").write_bytes(b"pay us")
    assert "is gone, or not the one recorded" in lost.of_systems(copied.site, copied.depot.copies())[SYSTEM]["main"]
    vault.renew(copied.depot, main(copied), "encrypted in place")
    assert [kept.kind for kept in copied.depot.copies().snapshots(SYSTEM)] == ["medium"]


@pytest.mark.restic
def test_a_vault_at_a_place_that_cannot_even_be_looked_at_cannot_be_read(backed_up: World) -> None:
    store = replace(main(backed_up), holder=Directory(backed_up.vault / ("x" * 300)))
    assert "cannot be looked at" in vault.look(backed_up.depot, store)


def test_a_vault_never_used_is_not_given_up(world: World) -> None:
    with pytest.raises(UsageError, match="never used"):
        vault.renew(world.depot, main(world), "lost")
