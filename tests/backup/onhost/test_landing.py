from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from backup.errors import TargetInUseError
from backup.manifest import Entry, Manifest, Source
from backup.onhost import landing
from backup.onhost.landing import Place


def place(tmp_path: Path, path: str = "/srv/edoc") -> Place:
    parents = [("/srv", 0o751, 0, 0)]
    source = Source("documents-1", "files", path, f"/backed/up{path}", parents)
    root = str(tmp_path / "root")
    return Place(source, "spare-1", root, landing.real(root, path).parent, "abcd1234")


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


def test_what_a_run_of_its_own_has_begun_is_gone_on_with_until_it_differs(tmp_path: Path) -> None:
    one = replace(place(tmp_path), run="restore-one-1")
    first = landing.begin(one)
    assert first.startswith("restore-one-1-")
    (one.staging / "half").touch()
    assert landing.begin(one) == first, "it is followed, not begun again"
    assert landing.begin(one, anew=True) != first, "a host takes a name only once"
    assert not (one.staging / "half").exists()
    assert landing.begin(replace(one, run="restore-two-1")).startswith("restore-two-1-"), "another run begins anew"
    landing.begin(one)
    document = Manifest("district", "edoc", "", "", None, [one.source], [])
    arrive(one)
    missing = Entry("documents-1", "/srv/edoc/gone", "file", 1, 0o600, 0, 0, 0)
    assert landing.judge(one, replace(document, entries=[missing]), owners=False).differences
    assert not landing.goes_on(one)
