from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backup import errors, media, restic_command, take, transfer
from backup.messages import Snapshot
from backup.restic import Restic
from inventory.errors import ExitCode, UsageError
from tests.backup.world import LABEL, SYSTEM, World

ids = st.text("0123456789abcdef", min_size=8, max_size=8)


@given(st.lists(ids, unique=True, max_size=6), st.lists(ids, unique=True, max_size=6))
def test_arrival_is_what_the_medium_lists_not_what_restic_says(chosen: list[str], others: list[str]) -> None:
    there = [Snapshot("x" + name, name, str(index), (), ()) for index, name in enumerate(others)]
    if set(chosen) <= set(others):
        arrived = transfer._arrived(chosen, chosen, there)
        assert {original for original, _ in arrived} == set(chosen)
        assert all(copy == "x" + original for original, copy in arrived)
    else:
        with pytest.raises(errors.ResticError, match="did not arrive"):
            transfer._arrived(chosen, chosen, there)


@pytest.mark.restic
def test_a_copy_is_proved_on_both_sides_and_known_by_its_first_id(copied: World) -> None:
    copies = copied.depot.copies()
    first, second = copies.snapshots(SYSTEM)
    assert (first.kind, second.kind) == ("vault", "medium")
    assert second.original == first.snapshot != second.snapshot
    assert (second.at, second.files, second.bytes, second.data_time) == (
        first.at,
        first.files,
        first.bytes,
        first.data_time,
    )
    assert media.read_label(copied.offline).repositories == {  # type: ignore[union-attr]
        SYSTEM: copies.repository("medium", LABEL, SYSTEM).digest  # type: ignore[union-attr]
    }


@pytest.mark.restic
def test_a_second_copy_brings_only_what_is_new(copied: World) -> None:
    take.back_up(copied.depot, SYSTEM)
    report = transfer.copy_to(copied.depot, LABEL, [SYSTEM])[0]
    assert report.status == "complete"
    assert len(report.arrived) == 2
    repository = copied.depot.open(copied.depot.medium(LABEL), SYSTEM)
    assert len(copied.depot.restic.snapshots(repository)) == 2


@pytest.mark.restic
def test_both_sides_cut_files_into_the_same_pieces(copied: World) -> None:
    """With other chunker parameters every copy would be stored twice."""
    polynomials = set()
    for store in (copied.depot.vault("main"), copied.depot.medium(LABEL)):
        repository = copied.depot.open(store, SYSTEM)
        command = restic_command._on(copied.depot.restic.program, repository, "cat", "--no-lock", "config")
        text = copied.depot.restic._read(command, repository)
        polynomials.add(text.partition("chunker_polynomial")[2])
    assert len(polynomials) == 1


@pytest.mark.restic
def test_a_medium_that_is_away_gets_nothing(copied: World) -> None:
    media.detach(copied.depot, LABEL)
    with pytest.raises(errors.MediumAwayError):
        transfer.copy_to(copied.depot, LABEL, [SYSTEM])
    assert not copied.offline.exists()


def _during_copy(monkeypatch: pytest.MonkeyPatch, act: Callable[[], Any]) -> None:
    """Do something while restic is about to copy."""
    copy = Restic.copy

    def copy_and_act(self: Restic, *arguments: Any, **options: Any) -> None:
        act()
        copy(self, *arguments, **options)

    monkeypatch.setattr(Restic, "copy", copy_and_act)


@pytest.mark.restic
def test_a_medium_yanked_during_the_copy_is_no_copy(copied: World, monkeypatch: pytest.MonkeyPatch) -> None:
    take.back_up(copied.depot, SYSTEM)
    _during_copy(monkeypatch, lambda: copied.offline.rename(copied.root / "yanked"))
    report = transfer.copy_to(copied.depot, LABEL, [SYSTEM])[0]
    assert (report.status, report.exit_code) == ("failed", ExitCode.UNFINISHED)
    assert copied.depot.copies().failures(SYSTEM)[0].store == LABEL


@pytest.mark.restic
def test_a_clone_put_in_its_place_during_the_copy_is_no_copy(copied: World, monkeypatch: pytest.MonkeyPatch) -> None:
    take.back_up(copied.depot, SYSTEM)

    def exchange() -> None:
        shutil.copytree(copied.offline, copied.root / "clone")
        copied.offline.rename(copied.root / "original")
        (copied.root / "clone").rename(copied.offline)

    _during_copy(monkeypatch, exchange)
    report = transfer.copy_to(copied.depot, LABEL, [SYSTEM])[0]
    assert isinstance(report.failure, errors.WrongMediumError)
    assert report.exit_code == ExitCode.REFUSED


@pytest.mark.restic
def test_snapshots_that_vanished_from_the_vault_are_named(copied: World) -> None:
    for snapshot in (copied.vault / SYSTEM / "snapshots").iterdir():
        snapshot.unlink()
    report = transfer.copy_to(copied.depot, LABEL, [SYSTEM])[0]
    assert report.status == "failed"
    assert "no recorded snapshot" in report.problems[0]


def test_without_a_backup_there_is_nothing_to_copy(world: World) -> None:
    media.prepare(world.depot, LABEL)
    media.attach(world.depot, LABEL)
    report = transfer.copy_to(world.depot, LABEL, [SYSTEM])[0]
    assert "no good snapshot" in report.problems[0]


def test_the_one_attached_medium_needs_no_name(world: World) -> None:
    with pytest.raises(UsageError, match="no media"):
        transfer.attached(world.depot)
    media.prepare(world.depot, LABEL)
    media.attach(world.depot, LABEL)
    assert transfer.attached(world.depot) == LABEL
    systems: Sequence[str] = transfer.systems_for(world.depot, LABEL)
    assert systems == [SYSTEM]
