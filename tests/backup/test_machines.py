"""What is done where data lies is the same on this machine and on a host over SSH."""

from __future__ import annotations

import errno
import os
from dataclasses import replace
from pathlib import Path

import pytest

from backup import machines
from backup.errors import StorageError
from backup.machines import Machine
from backup.manifest import Manifest
from backup.onhost import STATE, survey
from backup.onhost.landing import Place
from backup.onhost.survey import Wanted
from backup.restic import silent
from tests.backup.world import World

pytestmark = [pytest.mark.restic, pytest.mark.ssh]


@pytest.fixture(params=["this machine", "a host"])
def machine(request: pytest.FixtureRequest, far: World) -> Machine:
    host = far.site.host("db-1")
    if request.param == "this machine":
        host = host.model_copy(update={"connection": "local"})
    return machines.of(far.depot, host, owners=True)


def test_data_is_listed_compared_and_put_in_place(machine: Machine, far: World, tmp_path: Path) -> None:
    local = machine.name == "this machine"
    staging = tmp_path / "staged" / "holdfast-staged" if local else Path(STATE) / "far" / "holdfast-staged"
    if local:
        staging.mkdir(parents=True)
    wanted = Wanted("db-1", str(far.root / "db-1"), [("/srv/far/files", ())], ["/srv/far/far.db"], str(staging))
    found, exclude = machine.survey(wanted, silent)
    assert exclude == staging.parent / "exclude"
    assert [(source.kind, source.tables) for source in found.sources] == [("files", {}), ("sqlite", {"beat": 9})]
    assert len(found.entries) == 10
    assert machine.changed(found, staging) == set()
    (far.root / "db-1/srv/far/files/secret").write_text("changed")
    assert machine.changed(found, staging) == {("db-1", "/srv/far/files/secret")}
    machine.clear(staging)

    document = Manifest("s", "far", "", "", None, found.sources, found.entries)
    root = far.root / "spare-1"
    place = Place(found.sources[0], "spare-1", str(root), root / "srv/far", "abcd1234", "restore-7-1")
    assert machine.waiting([place], document, overwrite=False) == [place]
    (first,) = machine.make_ready([place], document)
    assert machine.make_ready([place], document) == [first] != [""]
    assert machine.begin_anew([place], 0) != first
    (far.root / "db-1/srv/far/files").rename(place.arrived)
    assert machine.compare(place, document).differences[0].startswith("db-1:/srv/far/files/secret: size is 7")
    whole = replace(document, entries=[entry for entry in found.entries if not entry.path.endswith("/secret")])
    assert machine.compare(place, whole).differences == ()
    machine.put([place])
    assert machine.waiting([place], whole, overwrite=False) == []
    assert (place.path / "newest").is_symlink()


def test_a_target_that_is_full_is_told_and_what_was_read_is_removed(machine: Machine, far: World) -> None:
    root = far.root / "spare-1"
    wanted = Wanted("db-1", str(far.root / "db-1"), [("/srv/far", ())], [], str(Path(STATE) / "far" / "s"))
    document = Manifest("s", "far", "", "", None, [], [])
    source = survey.survey(replace(wanted, staging=str(root / "x")), silent).sources[0]
    place = Place(source, "spare-1", str(root), root / "srv", "abcd1234")
    assert machine.make_ready([place], document) == [""]
    with pytest.raises(StorageError, match=r"No space left .*partial data was removed"):
        machine.give_up([place], OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(place.staging)))
    assert not place.staging.exists()
