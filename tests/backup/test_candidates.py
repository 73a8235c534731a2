from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backup import media, take
from backup.candidates import Candidate, candidates, choose, find, in_order
from backup.errors import MediumAwayError, RepositoryMissingError
from inventory.errors import UsageError
from tests.backup.world import LABEL, SYSTEM, World, tree

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)

made = st.builds(
    Candidate,
    system=st.just(SYSTEM),
    store=st.sampled_from(["main", "weekly-a", "weekly-b"]),
    kind=st.sampled_from(["vault", "medium"]),
    snapshot=st.text("0123456789abcdef", min_size=64, max_size=64),
    time=st.integers(0, 5).map(lambda hours: NOON - timedelta(hours=hours)),
    data_time=st.none(),
    files=st.just(1),
    bytes=st.just(1),
    reachable=st.booleans(),
    checked_at=st.none(),
    suspect=st.sampled_from(["", "a check found damage"]),
    where=st.just("/vault"),
    seq=st.just(1),
)


@given(st.lists(made))
def test_newest_come_first_then_what_can_be_read_now(found: list[Candidate]) -> None:
    ordered = in_order(found)
    assert sorted(map(repr, ordered)) == sorted(map(repr, found))
    for earlier, later in pairwise(ordered):
        assert earlier.time >= later.time
        if earlier.time == later.time:
            assert earlier.reachable >= later.reachable


@given(st.lists(made, max_size=6), st.sampled_from(["", "main", "weekly-a"]))
def test_what_is_chosen_can_be_read_and_is_not_suspect_if_anything_is_so(found: list[Candidate], store: str) -> None:
    chosen = choose(in_order(found), store=store)
    fitting = [one for one in found if store in ("", one.store)]
    assert (chosen is None) == (not fitting)
    if chosen is not None:
        good = [one for one in fitting if one.reachable and not one.suspect]
        assert not good or (chosen.reachable and not chosen.suspect)
        assert all(chosen.time >= one.time for one in good)


@given(made)
def test_a_snapshot_is_found_by_the_beginning_of_its_id(one: Candidate) -> None:
    assert choose([one], snapshot=one.snapshot[:8]) == one
    assert choose([one], snapshot="latest") == one
    assert choose([one], snapshot="z") is None


@pytest.mark.restic
def test_both_stores_are_looked_at_without_writing_a_byte(copied: World) -> None:
    before = tree(copied.offline), tree(copied.vault)
    found = candidates(copied.depot, SYSTEM)
    assert [(one.store, one.kind, one.reachable, one.suspect) for one in found] == [
        ("main", "vault", True, ""),
        (LABEL, "medium", True, ""),
    ]
    assert (tree(copied.offline), tree(copied.vault)) == before


@pytest.mark.restic
def test_a_destroyed_vault_and_a_medium_on_the_shelf_cannot_be_read_now(copied: World) -> None:
    media.detach(copied.depot, LABEL)
    shutil.rmtree(copied.vault)
    found = candidates(copied.depot, SYSTEM)
    assert [one.reachable for one in found] == [False, False]
    assert {one.where for one in found} == {str(copied.vault), "safe 2, kept by Ms Lan"}
    with pytest.raises(MediumAwayError) as caught:
        find(copied.depot, SYSTEM, store=LABEL)
    assert f"media attach {LABEL}" in caught.value.hint
    with pytest.raises(MediumAwayError, match="safe 2") as caught:
        find(copied.depot, SYSTEM)  # a disk can be fetched, a lost vault cannot
    assert f"media attach {LABEL}" in caught.value.hint
    with pytest.raises(MediumAwayError, match=str(copied.vault)) as caught:
        find(copied.depot, SYSTEM, store="main")
    assert f"holdfast recover candidates {SYSTEM}" in caught.value.hint


@pytest.mark.restic
def test_a_snapshot_somebody_removed_is_suspect(copied: World) -> None:
    for snapshot in (copied.vault / SYSTEM / "snapshots").iterdir():
        snapshot.unlink()
    found = {one.store: one for one in candidates(copied.depot, SYSTEM)}
    assert "no longer holds it" in found["main"].suspect
    assert not found["main"].reachable
    assert find(copied.depot, SYSTEM).store == LABEL


@pytest.mark.restic
def test_the_newest_of_several_is_first(backed_up: World) -> None:
    report = take.back_up(backed_up.depot, SYSTEM)
    found = candidates(backed_up.depot, SYSTEM)
    assert found[0].snapshot == report.snapshots[0]
    assert len(found) == 2
    assert find(backed_up.depot, SYSTEM, snapshot=found[1].snapshot[:10]) == found[1]


@pytest.mark.restic
def test_what_does_not_exist_is_named(backed_up: World) -> None:
    with pytest.raises(UsageError, match="nowhere"):
        find(backed_up.depot, "nowhere")
    with pytest.raises(UsageError, match="no snapshot of edoc fits"):
        find(backed_up.depot, SYSTEM, snapshot="zz")
    with pytest.raises(UsageError, match="nowhere"):
        find(backed_up.depot, SYSTEM, store="nowhere")


def test_a_system_never_backed_up_has_none(world: World) -> None:
    assert candidates(world.depot, SYSTEM) == []
    with pytest.raises(RepositoryMissingError, match="no snapshot yet"):
        find(world.depot, SYSTEM)


def test_an_incomplete_one_is_chosen_only_when_nothing_better_is_there() -> None:
    good = Candidate(SYSTEM, "main", "vault", "a" * 64, NOON, None, 1, 1, True, None, "", "/vault", 1)
    bad = replace(good, snapshot="b" * 64, time=NOON + timedelta(hours=1), suspect="the backup was incomplete")
    assert choose(in_order([good, bad])) == good
    assert choose([bad]) == bad
