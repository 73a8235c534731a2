"""What every place with repositories must do alike, whatever holds it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from backup import errors, holders
from backup.holder import Holder
from backup.restic import Restic
from backup.restic_command import Repository
from inventory.vaults import VaultPlace
from tests import tools
from tests.backup import servers

SYSTEM = "edoc"
PASSWORD = b"the-secret"


@pytest.fixture(params=["directory", pytest.param("rest-server", marks=pytest.mark.restic)])
def holder(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Holder]:
    """An empty place."""
    if request.param == "rest-server":
        with servers.rest_server(tmp_path / "server", tls=True) as place:
            yield holders.of("main", place)
    else:
        (tmp_path / "place").mkdir()
        yield holders.of("main", VaultPlace(path=tmp_path / "place"))


@pytest.fixture
def restic(tmp_path: Path) -> Restic:
    return Restic(str(tools.require("restic")), tmp_path / "cache")


def made(holder: Holder, restic: Restic, spare: Path) -> Repository:
    with holder.nursery(SYSTEM, spare) as nursery:
        restic.init(Repository(str(nursery), PASSWORD))
    return holder.repository(SYSTEM, PASSWORD)


def test_an_empty_place_is_there_and_holds_nothing(holder: Holder) -> None:
    holder.require("main", used=False)
    assert (holder.marker(), holder.strangers(), holder.digest(SYSTEM)) == (None, [], None)
    assert (holder.names(SYSTEM, "snapshots"), holder.is_taken(SYSTEM)) == ([], False)
    holder.remove_lock(SYSTEM, "ab" * 32)


def test_a_marker_is_found_again_and_is_no_stranger(holder: Holder) -> None:
    holder.begin('{"id": "ours"}')
    assert holder.marker() == '{"id": "ours"}'
    assert holder.strangers() == []


@pytest.mark.restic
def test_a_repository_made_in_it_is_whole_and_keeps_its_identity(
    holder: Holder, restic: Restic, tmp_path: Path
) -> None:
    repository = made(holder, restic, tmp_path / "spare")
    identity = holder.digest(SYSTEM)
    assert identity is not None
    assert holder.is_taken(SYSTEM)
    (tmp_path / "data").write_text("data")
    taken = restic.backup(repository, [tmp_path / "data"], host="h", tags=[])
    assert holder.names(SYSTEM, "snapshots") == [taken.summary.snapshot]
    assert restic.check(repository, read_data=True) == ()
    assert (holder.digest(SYSTEM), holder.names(SYSTEM, "locks")) == (identity, [])


@pytest.mark.restic
def test_what_a_killed_run_left_half_made_is_made_again(holder: Holder, restic: Restic, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), holder.nursery(SYSTEM, tmp_path / "spare") as nursery:
        (nursery / "keys").mkdir(parents=True)
        raise KeyboardInterrupt
    assert (holder.is_taken(SYSTEM), holder.digest(SYSTEM)) == (False, None)
    assert restic.snapshots(made(holder, restic, tmp_path / "spare")) == []


@pytest.mark.restic
def test_a_password_that_is_not_its_own_does_not_open_a_repository(
    holder: Holder, restic: Restic, tmp_path: Path
) -> None:
    made(holder, restic, tmp_path / "spare")
    with pytest.raises(errors.WrongPasswordError):
        restic.snapshots(holder.repository(SYSTEM, b"another"))
