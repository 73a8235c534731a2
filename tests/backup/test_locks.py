from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backup import locks
from backup.errors import RepositoryLockedError
from backup.locks import Turn
from backup.messages import Lock
from inventory.clock import to_text

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HERE = Turn("control-1", "boot-a", "pid:[1]", to_text(NOON + timedelta(minutes=10)))
BROKEN = replace(HERE, since=to_text(NOON - timedelta(minutes=1)))
LOCK = Lock("ab" * 32, "control-1", "holdfast", 812, to_text(NOON), exclusive=True)


def gone(_pid: int) -> datetime | None:
    return None


def running(_pid: int) -> datetime | None:
    return NOON - timedelta(seconds=1)


def test_a_lock_of_a_dead_process_of_a_run_that_broke_off_is_dead() -> None:
    assert locks.judge(LOCK, BROKEN, HERE, gone).dead


def test_a_lock_whose_number_belongs_to_a_younger_process_is_dead() -> None:
    proof = locks.judge(LOCK, BROKEN, HERE, lambda _pid: NOON + timedelta(minutes=5))
    assert proof.dead
    assert "another one now" in proof.reason


def test_a_lock_from_before_the_machine_was_started_anew_is_dead() -> None:
    assert locks.judge(LOCK, replace(BROKEN, boot="boot-b"), HERE, running).dead


@pytest.mark.parametrize(
    ("lock", "broken", "started", "why"),
    [
        (LOCK, BROKEN, running, "still runs"),
        (replace(LOCK, host="control-2"), BROKEN, gone, "control-2"),
        (LOCK, None, gone, "no run of this installation"),
        (LOCK, replace(BROKEN, namespace="pid:[2]"), gone, "container"),
        (replace(LOCK, time=to_text(NOON - timedelta(hours=1))), BROKEN, gone, "older"),
        (replace(LOCK, time="yesterday"), BROKEN, gone, "older"),
    ],
    ids=["running", "other host", "no broken run", "other container", "older", "no time"],
)
def test_without_proof_a_lock_stays(lock: Lock, broken: Turn | None, started: object, why: str) -> None:
    proof = locks.judge(lock, broken, HERE, started)  # type: ignore[arg-type]
    assert not proof.dead
    assert why in proof.reason


hosts = st.sampled_from(["control-1", "control-2"])
turns = st.builds(
    Turn,
    hosts,
    st.sampled_from(["boot-a", "boot-b"]),
    st.sampled_from(["pid:[1]", "pid:[2]"]),
    st.integers(-100, 100).map(lambda minutes: to_text(NOON + timedelta(minutes=minutes))),
)


@given(hosts, st.none() | turns, turns)
def test_the_lock_of_a_process_that_runs_since_before_is_never_removed_on_the_same_start(
    host: str, broken: Turn | None, here: Turn
) -> None:
    proof = locks.judge(replace(LOCK, host=host), broken, here, running)
    assert not proof.dead or (broken is not None and broken.boot != here.boot)


def test_two_turns_at_one_repository_exclude_each_other(tmp_path: Path) -> None:
    with (
        locks.turn(tmp_path, "vault-main-edoc", NOON),
        pytest.raises(RepositoryLockedError),
        locks.turn(tmp_path, "vault-main-edoc", NOON),
    ):
        pass
    with locks.turn(tmp_path, "vault-main-edoc", NOON) as (broken, _):
        assert broken is None


def test_a_turn_that_broke_off_is_remembered_from_its_first_start_until_one_ends_well(tmp_path: Path) -> None:
    for minutes in range(3):
        with pytest.raises(ZeroDivisionError), locks.turn(tmp_path, "edoc", NOON + timedelta(minutes=minutes)):
            raise ZeroDivisionError
    with locks.turn(tmp_path, "edoc", NOON + timedelta(hours=1)) as (broken, _):
        assert broken is not None
        assert broken.since == to_text(NOON)
    with locks.turn(tmp_path, "edoc", NOON + timedelta(hours=2)) as (broken, _):
        assert broken is None


@pytest.fixture
def child() -> Iterator[int]:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    yield pid
    os.waitpid(pid, 0)


def test_a_process_that_ended_counts_as_gone_even_before_it_is_reaped(child: int) -> None:
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    assert locks.process_started(child) is None


def test_this_process_began_a_short_time_ago() -> None:
    began = locks.process_started(os.getpid())
    assert began is not None
    assert timedelta() - timedelta(seconds=5) < datetime.now(UTC) - began < timedelta(hours=3)
