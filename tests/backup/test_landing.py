from __future__ import annotations

from pathlib import Path

import pytest

from backup import landing
from backup.errors import TargetInUseError
from backup.landing import Place
from backup.manifest import Manifest, Source
from inventory.errors import UsageError
from inventory.system import Host


def host(tmp_path: Path) -> Host:
    return Host(name="spare-1", connection="local", root=str(tmp_path / "root"))


def place(tmp_path: Path, path: str = "/srv/edoc") -> Place:
    parents = [("/srv", 0o751, 0, 0)]
    source = Source("documents-1", "files", path, f"/backed/up{path}", parents)
    real = Path(host(tmp_path).path(path))
    return Place(source, host(tmp_path), real, real.parent, "abcd1234")


def arrive(one: Place, text: str = "restored") -> None:
    landing.begin(one)
    one.arrived.mkdir()
    (one.arrived / "file").write_text(text)


def test_what_arrived_is_renamed_into_place_and_the_way_there_has_its_modes(tmp_path: Path) -> None:
    one = place(tmp_path)
    arrive(one)
    assert not one.path.exists()
    landing.put_in_place(one)
    assert (one.path / "file").read_text() == "restored"
    assert one.path.parent.stat().st_mode & 0o777 == 0o751
    assert [entry.name for entry in one.path.parent.iterdir()] == ["edoc"]


def test_an_empty_folder_in_place_gives_way(tmp_path: Path) -> None:
    one = place(tmp_path)
    one.path.mkdir(parents=True)
    landing.require_free([one], overwrite=False)
    arrive(one)
    landing.put_in_place(one)
    assert (one.path / "file").exists()


@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_whatever_is_in_place_is_refused_and_with_overwrite_kept_aside(tmp_path: Path, kind: str) -> None:
    one = place(tmp_path)
    one.path.parent.mkdir(parents=True)
    match kind:
        case "file":
            one.path.write_text("precious")
        case "folder":
            one.path.mkdir()
            (one.path / "precious").touch()
        case _:
            one.path.symlink_to("/nowhere")
    with pytest.raises(TargetInUseError, match="spare-1:/srv/edoc"):
        landing.require_free([one], overwrite=False)
    landing.require_free([one], overwrite=True)
    for number in (1, 2):
        arrive(one, f"restored {number}")
        landing.put_in_place(one)
    names = sorted(entry.name for entry in one.path.parent.iterdir())
    assert names == ["edoc", "edoc.holdfast-replaced-abcd1234-1", "edoc.holdfast-replaced-abcd1234-2"]
    assert (one.path / "file").read_text() == "restored 2"


def test_what_a_killed_restore_left_is_removed_by_the_next(tmp_path: Path) -> None:
    one = place(tmp_path)
    arrive(one, "half")
    landing.begin(one)
    assert list(one.staging.iterdir()) == []


def test_a_database_inside_a_folder_is_read_beside_the_folder(tmp_path: Path) -> None:
    sources = [
        Source("documents-1", "sqlite", "/srv/edoc/data/edoc.db", "/staged/edoc.db"),
        Source("documents-1", "files", "/srv/edoc", "/backed/up/srv/edoc"),
        Source("documents-1", "files", "/etc/edoc", "/backed/up/etc/edoc"),
    ]
    document = Manifest("district", "edoc", "", "", None, sources, [])
    found = landing.places(document, {"documents-1": host(tmp_path)}, "abcd1234")
    assert [(one.source.path, one.beside.name) for one in found] == [
        ("/etc/edoc", "etc"),
        ("/srv/edoc", "srv"),
        ("/srv/edoc/data/edoc.db", "srv"),
    ]
    assert len({one.staging for one in found}) == 3


def test_a_host_without_a_target_is_a_usage_error(tmp_path: Path) -> None:
    document = Manifest("district", "edoc", "", "", None, [Source("exchange-1", "files", "/srv", "/srv")], [])
    with pytest.raises(UsageError, match="exchange-1"):
        landing.places(document, {"documents-1": host(tmp_path)}, "abcd1234")
