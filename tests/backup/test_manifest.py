from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backup import manifest
from backup.errors import ManifestError
from backup.manifest import Entry, Manifest, Source
from inventory.errors import UsageError

names = st.binary(min_size=1, max_size=8).map(os.fsdecode).map(lambda name: "/srv/" + name.replace("/", "_"))
entries = st.builds(
    Entry,
    host=st.sampled_from(["documents-1", "exchange-1"]),
    path=names,
    type=st.sampled_from(["file", "folder", "link", "other"]),
    size=st.integers(0, 2**40),
    mode=st.integers(0, 0o7777),
    uid=st.integers(0, 2**32),
    gid=st.integers(0, 2**32),
    mtime_ns=st.integers(0, 2**62),
    sha256=st.sampled_from(["", "aa", "bb"]),
    link=st.text(max_size=5),
    volatile=st.just(False),
)
lists = st.lists(entries, max_size=8, unique_by=lambda entry: (entry.host, entry.path))


def of(found: list[Entry], sources: list[Source] | None = None) -> Manifest:
    return Manifest("district", "edoc", "2026-11-23T03:10:00.000000Z", "holdfast", None, sources or [], found)


@given(lists)
def test_what_is_written_is_read_back_whatever_the_file_names_are(found: list[Entry]) -> None:
    text = manifest.write(
        of(found, [Source("documents-1", "sqlite", "/srv/x", "/s/x", [("/srv", 0o755, 0, 0)], {"t": 3})])
    )
    assert text.isascii()
    assert manifest.read(text) == of(found, list(manifest.read(text).sources))
    assert manifest.read(text).sources[0].parents == [("/srv", 0o755, 0, 0)]


@given(st.text())
def test_any_other_text_is_a_named_error(text: str) -> None:
    with pytest.raises(ManifestError):
        manifest.read(text)


def test_a_manifest_of_a_newer_holdfast_says_so() -> None:
    with pytest.raises(ManifestError, match="newer"):
        manifest.read(manifest.write(of([])).replace('"format": 1', '"format": 2'))


def test_every_kind_of_thing_is_described(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("abc")
    (tmp_path / "file").chmod(0o640)
    (tmp_path / "link").symlink_to("/nowhere")
    os.mkfifo(tmp_path / "pipe")
    file = manifest.describe("h", "/file", tmp_path / "file")
    assert (file.type, file.size, file.mode) == ("file", 3, 0o640)
    assert file.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert manifest.describe("h", "/link", tmp_path / "link").link == "/nowhere"
    assert manifest.describe("h", "/pipe", tmp_path / "pipe").type == "other"
    assert manifest.describe("h", "/", tmp_path).type == "folder"


def test_a_walk_goes_into_folders_and_not_through_links(tmp_path: Path) -> None:
    (tmp_path / "a" / "deep").mkdir(parents=True)
    (tmp_path / "a" / "deep" / "file").touch()
    (tmp_path / "b").symlink_to("a")
    (tmp_path / "skipped").mkdir()
    (tmp_path / "skipped" / "file").touch()
    found = list(manifest.walk(tmp_path, skip=lambda path: path.name == "skipped", refused=_never))
    assert [str(path.relative_to(tmp_path)) for path in found] == [".", "a", "a/deep", "a/deep/file", "b"]


def _never(error: OSError) -> None:
    raise error


def nested() -> Manifest:
    def entry(path: str, kind: str) -> Entry:
        return Entry("documents-1", path, kind, 1, 0o750, 7, 8, 0)

    sources = [
        Source("documents-1", "files", "/srv/edoc", "/root/srv/edoc", [("/srv", 0o755, 0, 0)]),
        Source("documents-1", "sqlite", "/srv/edoc/data/edoc.db", "/staged/edoc.db", [("/srv", 0o755, 0, 0)]),
    ]
    found = [entry("/srv/edoc", "folder"), entry("/srv/edoc/data", "folder"), entry("/srv/edoc/data/x", "file")]
    return of([*found, entry("/srv/edoc/data/edoc.db", "file"), entry("/srv/edoc/data2", "file")], sources)


def test_a_part_keeps_what_is_below_it_and_the_folders_above() -> None:
    part = manifest.narrowed(nested(), ["/srv/edoc/data"])
    assert [entry.path for entry in part.entries] == ["/srv/edoc/data", "/srv/edoc/data/x", "/srv/edoc/data/edoc.db"]
    files, database = part.sources
    assert (files.path, files.stored) == ("/srv/edoc/data", "/root/srv/edoc/data")
    assert list(files.parents) == [("/srv", 0o755, 0, 0), ("/srv/edoc", 0o750, 7, 8)]
    assert database.kind == "sqlite"


def test_a_database_alone_can_be_asked_for() -> None:
    part = manifest.narrowed(nested(), ["/srv/edoc/data/edoc.db"])
    assert [source.stored for source in part.sources] == ["/staged/edoc.db"]


def test_nothing_asked_for_means_everything() -> None:
    assert manifest.narrowed(nested(), []) == nested()


def test_a_path_that_is_not_there_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="/srv/other"):
        manifest.narrowed(nested(), ["/srv/other"])
