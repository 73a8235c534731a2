from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from backup import manifest, sources
from backup.errors import SourceError
from backup.restic import silent
from tests.backup.world import FILES, HOST, SYSTEM, World

pytestmark = pytest.mark.restic  # the manifest names the version of restic


def paths(world: World) -> set[str]:
    return {entry.path for entry in sources.prepare(world.depot, SYSTEM, silent).manifest.entries}


def test_everything_is_listed_once_and_the_database_from_its_staged_copy(world: World) -> None:
    prepared = sources.prepare(world.depot, SYSTEM, silent)
    document = prepared.manifest
    assert document.files == FILES + 1
    assert document.canary == "2026-11-23T03:29:00.000000Z"
    database = next(source for source in document.sources if source.kind == "sqlite")
    assert database.stored == str(prepared.staging / HOST / "srv/edoc/edoc.db")
    assert database.tables == {"beat": 30}
    assert [entry.path for entry in document.entries].count("/srv/edoc/edoc.db") == 1
    assert manifest.read((prepared.staging / manifest.NAME).read_text()).entries == list(document.entries)


def test_live_database_files_and_excluded_ones_are_left_out(world: World) -> None:
    with closing(sqlite3.connect(world.database)) as connection:
        connection.execute("begin immediate")  # keeps -wal and -shm there
        prepared = sources.prepare(world.depot, SYSTEM, silent)
        left_out = prepared.exclude.read_text()
    assert not {path for path in prepared.where if path[1].endswith(("-wal", "-shm", ".tmp"))}
    for name in ("edoc.db-wal", "edoc.db-shm", "scratch.tmp"):
        assert str(world.data / name) in left_out


def test_what_was_staged_is_closed_to_others(world: World) -> None:
    prepared = sources.prepare(world.depot, SYSTEM, silent)
    assert prepared.staging.stat().st_mode & 0o777 == 0o700


def test_a_missing_path_is_a_failure(world: World) -> None:
    world.data.rename(world.data.with_name("moved"))
    with pytest.raises(SourceError, match=r"documents-1:/srv/edoc(/edoc\.db)? is missing"):
        sources.prepare(world.depot, SYSTEM, silent)


def test_a_folder_without_files_is_a_failure(world: World) -> None:
    for file in (world.data / "files").iterdir():
        file.unlink()
    with pytest.raises(SourceError, match="holds no file"):
        sources.prepare(world.depot, SYSTEM, silent)


def test_a_source_that_is_only_a_link_is_a_failure_that_names_what_it_leads_to(world: World) -> None:
    world.data.rename(world.data.with_name("elsewhere"))
    world.data.symlink_to("elsewhere")
    with pytest.raises(SourceError, match=r"/srv/edoc is a link to elsewhere") as caught:
        sources.prepare(world.depot, SYSTEM, silent)
    assert "name what it leads to" in caught.value.hint


def test_a_database_that_was_overwritten_is_a_failure(world: World) -> None:
    for ending in ("-wal", "-shm"):
        Path(f"{world.database}{ending}").unlink(missing_ok=True)
    world.database.write_bytes(b"YOUR FILES ARE ENCRYPTED" * 1000)
    with pytest.raises(SourceError, match=r"edoc\.db"):
        sources.prepare(world.depot, SYSTEM, silent)


def test_what_changes_after_it_was_hashed_is_noticed_once(world: World) -> None:
    prepared = sources.prepare(world.depot, SYSTEM, silent)
    assert sources.changed(prepared) == set()
    (world.data / "files" / "document 3 [draft]*.txt").write_text("changed")
    (world.data / "files" / "document 4 [draft]*.txt").unlink()
    changed = sources.changed(prepared)
    assert changed == {(HOST, f"/srv/edoc/files/document {number} [draft]*.txt") for number in (3, 4)}
    marked = sources.marked(prepared, changed)
    assert sources.changed(marked) == set()
    assert sum(entry.volatile for entry in marked.manifest.entries) == 2


def test_a_source_below_another_is_not_copied_twice(world: World) -> None:
    inventory = world.root / "site" / "inventory" / "edoc.yml"
    inventory.write_text(inventory.read_text().replace("[/srv/edoc]", "[/srv/edoc/files, /srv/edoc]"))
    prepared = sources.prepare(world.depot, SYSTEM, silent)
    assert [source.path for source in prepared.manifest.sources if source.kind == "files"] == ["/srv/edoc"]


def test_the_folders_above_are_remembered_with_their_modes(world: World) -> None:
    world.data.chmod(0o751)
    database = next(s for s in sources.prepare(world.depot, SYSTEM, silent).manifest.sources if s.kind == "sqlite")
    assert [(path, mode) for path, mode, _, _ in database.parents][-1] == ("/srv/edoc", 0o751)


def test_what_one_source_leaves_out_another_still_holds(world: World) -> None:
    logs = world.data.parent / "logs"
    logs.mkdir()
    (logs / "kept.tmp").write_text("wanted")
    (world.data / "scratch" / "deep").mkdir(parents=True)
    (world.data / "scratch" / "deep" / "named.tmp").write_text("wanted")
    (world.data / "scratch" / "beside").write_text("not wanted")
    inventory = world.root / "site" / "inventory" / "edoc.yml"
    more = (
        "        - {files: [/srv/logs], host: documents-1}\n"
        "        - {files: [/srv/edoc/scratch/deep/named.tmp], host: documents-1}\n"
    )
    text = inventory.read_text().replace("        - {sqlite", more + "        - {sqlite", 1)
    inventory.write_text(text.replace('["*.tmp"]', '["*.tmp", scratch]'))
    listed = paths(World(world.root))  # read anew
    assert "/srv/logs/kept.tmp" in listed
    assert "/srv/edoc/scratch/deep/named.tmp" in listed
    assert not {"/srv/edoc/scratch.tmp", "/srv/edoc/scratch/beside"} & listed
