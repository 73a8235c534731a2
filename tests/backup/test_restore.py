from __future__ import annotations

import shutil
import sqlite3
import subprocess
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from backup import checks, errors, media, take
from backup.candidates import Candidate, candidates, find
from backup.onhost import landing, room
from backup.onhost.landing import Place
from backup.restic import Restic
from backup.restic_command import Repository
from backup.restore import restore_files, restore_system
from inventory.errors import ExitCode, UsageError
from tests.backup.damage import spoil_data, spoil_every_pack, spoil_manifest
from tests.backup.world import FILES, HOST, LABEL, SYSTEM, World, tree

pytestmark = pytest.mark.restic


def offline(world: World) -> Candidate:
    return find(world.depot, SYSTEM, store=LABEL)


def target(world: World, path: str = "srv/edoc") -> Path:
    return world.root / "hosts" / "spare-1" / path


def test_a_lost_system_comes_back_from_the_medium_alone(copied: World) -> None:
    expected = {name: content for name, content in tree(copied.data / "files").items() if name != "newest"}
    shutil.rmtree(copied.vault)
    shutil.rmtree(copied.root / "hosts" / HOST)
    report = restore_system(copied.depot, offline(copied), copied.targets())
    assert report.verified, report.problems
    assert report.problems == ()
    assert (report.files, report.manifest_compared) == (FILES + 1, FILES + 4)
    assert report.data_time == datetime(2026, 11, 23, 3, 29, tzinfo=UTC)
    restored = tree(target(copied) / "files")
    assert {name: content for name, content in restored.items() if name != "newest"} == expected
    assert (target(copied) / "files" / "newest").is_symlink()
    assert (target(copied) / "files").stat().st_mode & 0o777 == 0o750
    with closing(sqlite3.connect(target(copied) / "edoc.db")) as connection:
        assert connection.execute("select count(*) from beat").fetchone() == (30,)
    assert sorted(entry.name for entry in target(copied, "srv").iterdir()) == ["edoc"]
    assert not (target(copied) / "scratch.tmp").exists()


def test_a_restore_is_measured_in_the_ledger(copied: World) -> None:
    report = restore_system(copied.depot, offline(copied), copied.targets())
    measured = copied.depot.copies().restores(SYSTEM)[-1]
    assert (measured.store, measured.bytes, measured.verified) == (LABEL, report.bytes, True)
    assert measured.seconds > 0


def test_a_restore_writes_nothing_onto_the_medium(copied: World) -> None:
    before = tree(copied.offline)
    restore_system(copied.depot, offline(copied), copied.targets())
    assert tree(copied.offline) == before


def test_data_in_place_is_refused_with_4_and_untouched(copied: World) -> None:
    target(copied).mkdir(parents=True)
    (target(copied) / "in-use").write_text("precious")
    with pytest.raises(errors.TargetInUseError) as caught:
        restore_system(copied.depot, offline(copied), copied.targets())
    assert caught.value.exit_code == ExitCode.REFUSED
    assert tree(target(copied)) == {"in-use": b"precious"}


def test_with_overwrite_what_was_there_is_kept_aside(copied: World) -> None:
    target(copied).mkdir(parents=True)
    (target(copied) / "in-use").write_text("precious")
    report = restore_system(copied.depot, offline(copied), copied.targets(), overwrite=True)
    assert report.verified
    aside = next(entry for entry in target(copied, "srv").iterdir() if "replaced" in entry.name)
    assert (aside / "in-use").read_text() == "precious"


def test_a_damaged_copy_is_never_verified_and_nothing_is_put_in_place(copied: World) -> None:
    spoil_data(copied.depot.restic.program.path, copied.depot.open(copied.depot.medium(LABEL), SYSTEM))
    report = restore_system(copied.depot, offline(copied), copied.targets())
    assert not report.verified
    assert all(problem.strip() and "There were" not in problem for problem in report.problems)
    assert report.data_time is None
    assert not target(copied).exists()
    assert not copied.depot.copies().restores(SYSTEM)[-1].verified
    assert "damage was found" in offline(copied).suspect
    assert find(copied.depot, SYSTEM).store == "main"


def test_a_copy_whose_manifest_is_damaged_is_named_damaged_and_becomes_suspect(copied: World) -> None:
    spoil_manifest(copied.depot.restic.program.path, copied.depot.open(copied.depot.medium(LABEL), SYSTEM))
    with pytest.raises(errors.DamagedCopyError, match=f"copy of {SYSTEM} on {LABEL} is damaged") as caught:
        restore_system(copied.depot, offline(copied), copied.targets())
    assert f"holdfast recover candidates {SYSTEM}" in caught.value.hint
    assert not target(copied).exists()
    assert "manifest" in offline(copied).suspect
    checks.check_stores(copied.depot, LABEL, read_data=False)
    assert offline(copied).suspect, "a look at the structure does not take it back"


def test_a_copy_whose_lists_are_damaged_too_is_a_named_error(copied: World) -> None:
    spoil_every_pack(copied.offline / SYSTEM)
    shutil.rmtree(copied.state / "cache")  # restic keeps good lists there
    with pytest.raises(errors.DamagedCopyError):
        restore_system(copied.depot, offline(copied), copied.targets())
    assert not target(copied).exists()


def test_a_snapshot_file_that_is_damaged_is_not_taken_for_a_removed_one(copied: World) -> None:
    candidate = offline(copied)
    file = copied.offline / SYSTEM / "snapshots" / candidate.snapshot
    file.chmod(0o600)
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    shutil.rmtree(copied.state / "cache")
    with pytest.raises(errors.DamagedCopyError):
        restore_system(copied.depot, candidate, copied.targets())


def test_a_medium_pulled_out_midway_is_no_damaged_one(copied: World, monkeypatch: pytest.MonkeyPatch) -> None:
    candidate = offline(copied)

    def pull(*_arguments: object) -> str:
        copied.offline.rename(copied.root / "elsewhere")
        raise errors.ResticError("restic ended with 1: ReadFull(<data/117e8f5660>): no such file or directory")

    monkeypatch.setattr(Restic, "dump", pull)
    with pytest.raises(errors.MediumAwayError):
        restore_system(copied.depot, candidate, copied.targets())
    assert not copied.depot.copies().damaged(SYSTEM, "medium", LABEL)


def test_a_target_without_room_is_refused_before_anything_is_written(
    copied: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "_SPARE", 1 << 60)
    with pytest.raises(errors.StorageError, match="needed") as caught:
        restore_system(copied.depot, offline(copied), copied.targets())
    assert caught.value.exit_code == ExitCode.UNFINISHED
    assert list((copied.root / "hosts" / "spare-1").iterdir()) == []
    assert copied.depot.copies().restores(SYSTEM) == []


def test_a_target_that_fills_up_midway_is_emptied_again_and_the_copy_is_not_blamed(
    copied: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever was free when it was asked for, others write to that disk too."""
    monkeypatch.setattr(room, "_SPARE", -(1 << 40))
    small = copied.root / "hosts" / "spare-1"
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=20k", "small", str(small)], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("only root can mount a small disk to fill")
    try:
        with pytest.raises(errors.StorageError, match="No space left") as caught:
            restore_system(copied.depot, offline(copied), copied.targets())
        assert "partial data was removed" in caught.value.message
        assert [path for path in small.rglob("*") if path.is_file()] == []
    finally:
        subprocess.run(["umount", str(small)], check=True)
    assert copied.depot.copies().restores(SYSTEM) == []
    assert offline(copied).suspect == ""


def test_a_restore_killed_between_two_renames_is_simply_run_again(
    copied: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = landing.put_in_place
    done: list[Place] = []

    def once(place: Place) -> None:
        if done:
            raise KeyboardInterrupt
        real(place)
        done.append(place)

    monkeypatch.setattr(landing, "put_in_place", once)
    with pytest.raises(KeyboardInterrupt):
        restore_system(copied.depot, offline(copied), copied.targets())
    monkeypatch.undo()
    assert not (target(copied) / "edoc.db").exists()
    report = restore_system(copied.depot, offline(copied), copied.targets())
    assert report.verified, report.problems
    assert (target(copied) / "edoc.db").exists()
    assert sorted(entry.name for entry in target(copied, "srv").iterdir()) == ["edoc"]


def test_a_restore_that_is_done_already_can_be_asked_for_again(copied: World) -> None:
    for _ in range(2):
        assert restore_system(copied.depot, offline(copied), copied.targets()).verified


def test_restored_data_that_was_changed_since_is_not_taken_for_restored(copied: World) -> None:
    restore_system(copied.depot, offline(copied), copied.targets())
    (target(copied) / "files" / "document 1 [draft]*.txt").write_text("changed")
    with pytest.raises(errors.TargetInUseError):
        restore_system(copied.depot, offline(copied), copied.targets())


def test_a_manifest_that_does_not_fit_its_data_is_not_verified(
    backed_up: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if somebody had exchanged the data and not the list."""
    from backup import manifest

    write = manifest.write

    def lie(document: manifest.Manifest) -> str:
        tables = [replace(s, tables={"beat": 31}) if s.kind == "sqlite" else s for s in document.sources]
        return write(replace(document, sources=tables))

    monkeypatch.setattr(manifest, "write", lie)
    take.back_up(backed_up.depot, SYSTEM)
    report = restore_system(backed_up.depot, find(backed_up.depot, SYSTEM), backed_up.targets())
    assert not report.verified
    assert "beat has 30 rows, expected 31" in report.problems[0]


def test_a_snapshot_that_is_not_ours_has_no_manifest(backed_up: World) -> None:
    store = backed_up.depot.vault("main")
    repository: Repository = backed_up.depot.open(store, SYSTEM)
    taken = backed_up.depot.restic.backup(repository, [backed_up.data], host="other", tags=[])
    stranger = replace(find(backed_up.depot, SYSTEM), snapshot=taken.summary.snapshot)
    with pytest.raises(errors.ManifestError, match="no manifest"):
        restore_system(backed_up.depot, stranger, backed_up.targets())


def test_a_medium_that_is_away_is_named(copied: World) -> None:
    candidate = offline(copied)
    media.detach(copied.depot, LABEL)
    with pytest.raises(errors.MediumAwayError):
        restore_system(copied.depot, candidate, copied.targets())


def test_a_vault_that_was_lost_is_named(copied: World) -> None:
    candidate = find(copied.depot, SYSTEM, store="main")
    shutil.rmtree(copied.vault)
    copied.vault.mkdir()
    with pytest.raises(errors.VaultLostError):
        restore_system(copied.depot, candidate, copied.targets())


def test_some_files_are_brought_back_into_a_folder(copied: World, tmp_path: Path) -> None:
    wanted = "/srv/edoc/files/document 3 [draft]*.txt"
    report = restore_files(copied.depot, candidates(copied.depot, SYSTEM)[0], [wanted], tmp_path / "out")
    assert report.verified
    assert report.files == 1
    original = (copied.data / "files" / "document 3 [draft]*.txt").read_bytes()
    assert tree(tmp_path / "out") == {f"{HOST}{wanted}": original}
    assert copied.depot.copies().restores(SYSTEM) == [], "some files are no measure of the whole system"


def test_a_path_that_is_not_in_the_snapshot_is_a_usage_error(copied: World, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="/srv/other"):
        restore_files(copied.depot, candidates(copied.depot, SYSTEM)[0], ["/srv/other"], tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.restic
def test_a_restore_that_found_everything_in_place_is_no_measurement(backed_up: World) -> None:
    [candidate] = candidates(backed_up.depot, SYSTEM)
    first = restore_system(backed_up.depot, candidate, backed_up.targets())
    again = restore_system(backed_up.depot, candidate, backed_up.targets())
    assert (first.verified, first.measured) == (True, True)
    assert (again.verified, again.measured) == (True, False)
    assert len(backed_up.depot.copies().restores(SYSTEM)) == 1
