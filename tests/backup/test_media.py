from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from backup import errors, media
from inventory.errors import ExitCode, RefusedError, UsageError
from tests.backup.world import LABEL, SYSTEM, World, tree


def relabel(world: World, **changes: object) -> None:
    label = world.shelf / media.LABEL
    label.write_text(json.dumps({**json.loads(label.read_text()), **changes}))


def put_away(world: World) -> World:
    media.detach(world.depot, LABEL)
    world.shelf.chmod(0o700)
    return world


def state(world: World) -> str:
    return world.depot.copies().media[LABEL].state


def test_a_medium_is_prepared_attached_and_put_away(world: World) -> None:
    made = media.prepare(world.depot, LABEL)
    assert (made.label, made.set, made.site) == (LABEL, "weekly", "small-district")
    assert state(world) == "prepared"
    assert world.shelf.stat().st_mode & 0o777 == 0
    store = media.attach(world.depot, LABEL)
    assert store.path == world.offline
    assert state(world) == "attached"
    assert not world.shelf.exists()
    assert media.detach(world.depot, LABEL) == world.shelf
    assert state(world) == "detached"
    assert not world.offline.exists()
    assert world.shelf.stat().st_mode & 0o777 == 0


def test_attaching_or_putting_away_twice_changes_nothing_and_is_recorded_once(world: World) -> None:
    media.prepare(world.depot, LABEL)
    for _ in range(2):
        media.attach(world.depot, LABEL)
    for _ in range(2):
        media.detach(world.depot, LABEL)
    kinds = [record.kind for record in world.ledger.read()]
    assert kinds == ["medium.prepared", "medium.attached", "medium.detached"]


def test_a_detach_that_broke_off_after_the_move_is_finished_by_the_next(world: World) -> None:
    media.prepare(world.depot, LABEL)
    media.attach(world.depot, LABEL)
    world.offline.rename(world.shelf)
    media.detach(world.depot, LABEL)
    assert state(world) == "detached"
    assert world.shelf.stat().st_mode & 0o777 == 0


def test_an_attach_that_broke_off_after_the_move_is_finished_by_the_next(world: World) -> None:
    media.prepare(world.depot, LABEL)
    world.shelf.chmod(0o700)
    world.shelf.rename(world.offline)
    media.attach(world.depot, LABEL)
    assert state(world) == "attached"


def test_only_an_empty_medium_is_prepared_and_only_once(world: World) -> None:
    world.shelf.mkdir()
    (world.shelf / "thesis.doc").touch()
    with pytest.raises(RefusedError, match=r"thesis\.doc"):
        media.prepare(world.depot, LABEL)
    assert list(tree(world.shelf)) == ["thesis.doc"]
    (world.shelf / "thesis.doc").unlink()
    media.prepare(world.depot, LABEL)
    with pytest.raises(RefusedError, match="before"):
        media.prepare(world.depot, LABEL)


def test_an_unknown_label_is_a_usage_error(world: World) -> None:
    with pytest.raises(UsageError, match="weekly-z"):
        media.attach(world.depot, "weekly-z")


def no_label(world: World) -> None:
    (world.shelf / media.LABEL).unlink()


def broken_label(world: World) -> None:
    (world.shelf / media.LABEL).write_text("{")


def other_label(world: World) -> None:
    relabel(world, label="weekly-b")


def same_label_other_disk(world: World) -> None:
    relabel(world, id="0" * 32)


def disk_of_another_site(world: World) -> None:
    relabel(world, site="other-district")


def repository_missing(world: World) -> None:
    shutil.rmtree(world.shelf / SYSTEM)


def repository_exchanged(world: World) -> None:
    shutil.rmtree(world.shelf / SYSTEM)
    shutil.copytree(world.vault / SYSTEM, world.shelf / SYSTEM)


def repository_config_damaged(world: World) -> None:
    config = world.shelf / SYSTEM / "config"
    config.chmod(0o600)
    config.write_bytes(config.read_bytes()[:-1] + b"\x00")


WRONG: list[Callable[[World], None]] = [
    no_label,
    broken_label,
    other_label,
    same_label_other_disk,
    disk_of_another_site,
    repository_missing,
    repository_exchanged,
    repository_config_damaged,
]


@pytest.mark.restic
@pytest.mark.parametrize("exchange", WRONG, ids=lambda exchange: exchange.__name__)
def test_a_wrong_medium_is_refused_with_4_and_no_byte_of_it_changes(
    copied: World, exchange: Callable[[World], None]
) -> None:
    exchange(put_away(copied))
    before = tree(copied.shelf)
    with pytest.raises(errors.WrongMediumError) as caught:
        media.attach(copied.depot, LABEL)
    assert caught.value.exit_code == ExitCode.REFUSED
    assert tree(copied.shelf) == before
    assert not copied.offline.exists()
    assert state(copied) == "detached"


def test_a_medium_the_ledger_never_saw_is_refused(world: World) -> None:
    world.shelf.mkdir()
    media._write_label(world.shelf, media.Label(LABEL, "1" * 32, "weekly", "small-district"))
    with pytest.raises(errors.WrongMediumError, match="never prepared"):
        media.attach(world.depot, LABEL)


def test_nothing_in_its_place_is_named(world: World) -> None:
    media.prepare(world.depot, LABEL)
    world.shelf.chmod(0o700)
    shutil.rmtree(world.shelf)
    with pytest.raises(errors.MediumAwayError, match="no medium lies"):
        media.attach(world.depot, LABEL)


def test_something_else_at_the_attach_path_is_never_covered(world: World) -> None:
    media.prepare(world.depot, LABEL)
    world.offline.mkdir()
    (world.offline / "somebody else's").touch()
    with pytest.raises(errors.MediumAwayError, match="cannot be moved"):
        media.attach(world.depot, LABEL)
    assert world.shelf.stat().st_mode & 0o777 == 0, "it is closed again"
    assert list(tree(world.offline)) == ["somebody else's"]


def test_another_medium_attached_in_its_place_is_refused(world: World) -> None:
    for label in (LABEL, "weekly-b"):
        media.prepare(world.depot, label)
    media.attach(world.depot, "weekly-b")
    with pytest.raises(errors.WrongMediumError, match="weekly-b"):
        media.attach(world.depot, LABEL)


def test_an_exchange_during_use_is_noticed(world: World) -> None:
    media.prepare(world.depot, LABEL)
    media.attach(world.depot, LABEL)
    before = media.require(world.depot, LABEL)
    media.require_same(world.depot, LABEL, before)
    shutil.copytree(world.offline, world.root / "clone")
    world.offline.rename(world.root / "original")
    (world.root / "clone").rename(world.offline)
    with pytest.raises(errors.WrongMediumError, match="exchanged"):
        media.require_same(world.depot, LABEL, before)
    shutil.rmtree(world.offline)
    with pytest.raises(errors.MediumAwayError, match="went away"):
        media.require_same(world.depot, LABEL, before)


def test_the_list_is_answered_with_nothing_attached(world: World) -> None:
    media.prepare(world.depot, LABEL)
    first, second = media.listed(world.depot)
    assert (first.label, first.state, first.where, first.proof) == (
        LABEL,
        "prepared",
        "safe 2, kept by Ms Lan",
        "not proved",
    )
    assert (second.label, second.state) == ("weekly-b", "new")
    media.attach(world.depot, LABEL)
    assert media.listed(world.depot)[0].where == str(world.offline)


@pytest.mark.skipif(os.geteuid() == 0, reason="root passes every mode")
def test_an_ordinary_user_cannot_read_what_is_put_away(world: World) -> None:
    media.prepare(world.depot, LABEL)
    with pytest.raises(PermissionError):
        list(Path(world.shelf).iterdir())
