from __future__ import annotations

import sys
from datetime import datetime, timedelta

import pytest

from detect import ruleset
from incident.watch import rounds
from inventory import clock as clocks
from inventory.errors import ExitCode
from tests.backup.world import SYSTEM, World
from tests.fakes.clock import FakeClock

SAID: list[str] = []


def told(text: str) -> None:
    SAID.append(text)


@pytest.fixture(autouse=True)
def _quiet() -> None:
    SAID.clear()


def itself(world: World) -> tuple[str, ...]:
    return (sys.executable, "-I", "-m", "cli.app", "--site", str(world.root / "site"))


@pytest.mark.restic
def test_what_is_due_is_copied_and_then_it_is_not_due(world: World) -> None:
    assert [one.system for one in rounds.due(world.depot)] == [SYSTEM]
    assert rounds.backup(world.depot, itself(world), {}, told) == ExitCode.DONE
    assert rounds.due(world.depot) == []
    assert rounds.backup(world.depot, itself(world), {}, told) == ExitCode.DONE
    assert len(list(world.ledger.read(kinds=("backup.finished",)))) == 1


@pytest.mark.restic
def test_a_copy_that_fails_is_told_and_rests_before_it_is_tried_again(world: World) -> None:
    world.data.rename(world.data.with_name("moved"))
    assert rounds.backup(world.depot, itself(world), {}, told) == ExitCode.UNFINISHED
    assert any("documents-1:/srv/edoc" in text and "is missing" in text for text in SAID), SAID
    assert rounds.due(world.depot) == []


def test_a_copy_that_hangs_is_ended_recorded_and_not_claimed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("incident.watch.parts.SYSTEM_LIMIT", timedelta(seconds=0.3))
    sleeping = ("sh", "-c", "sleep 600")
    assert rounds.backup(world.depot, sleeping, {}, told) == ExitCode.UNFINISHED
    [record] = world.ledger.read(kinds=(rounds.FAILED,))
    assert (record.system, "longer than" in record.body["problem"]) == (SYSTEM, True)
    assert rounds.due(world.depot) == []
    assert world.depot.copies().newest(SYSTEM) is None


def finished(status: str, at: datetime) -> dict[str, object]:
    body = {"status": status, "kind": "vault", "store": "main", "problems": [], "data_time": None, "seconds": 1.0}
    return body | {"snapshot": "a" * 64, "at": clocks.to_text(at), "files": 1, "bytes": 1}


@pytest.fixture
def standing(world: World, clock: FakeClock) -> tuple[World, FakeClock]:
    """A world whose ledger has a copy, and a clock that tests move."""
    world.ledger.clock = clock
    world.ledger.append("backup.finished", finished("complete", clock.now()), system=SYSTEM)
    return world, clock


def late(world: World) -> list[int]:
    return [record.body["late_seconds"] for record in world.ledger.read(kinds=(rounds.LATE,))]


def test_a_copy_missed_while_the_machine_was_off_is_recorded_as_late_once(standing: tuple[World, FakeClock]) -> None:
    world, clock = standing
    clock.advance(hours=6, minutes=5)
    locked = ("sh", "-c", "exit 3")  # ends without a record of its own, as when somebody else is at it
    rounds.backup(world.depot, locked, {}, told)
    assert late(world) == [], "five minutes are not late"
    clock.advance(hours=8)
    for _ in range(3):
        rounds.backup(world.depot, locked, {}, told)
        clock.advance(minutes=1)
    assert late(world) == [8 * 3600 + 300]


def test_a_copy_that_was_tried_in_time_and_failed_is_not_called_late(standing: tuple[World, FakeClock]) -> None:
    world, clock = standing
    clock.advance(hours=6)
    world.ledger.append("backup.finished", finished("failed", clock.now()) | {"snapshot": None}, system=SYSTEM)
    clock.advance(hours=2)
    rounds.backup(world.depot, ("sh", "-c", "exit 3"), {}, told)
    assert late(world) == []


def test_a_failure_from_the_future_neither_rests_nor_is_repeated_each_minute(standing: tuple[World, FakeClock]) -> None:
    world, clock = standing
    clock.advance(hours=12)
    true = clock.now()
    clock.set(true + timedelta(days=30))
    world.ledger.append(rounds.FAILED, {"problem": "it took too long"}, system=SYSTEM)
    clock.set(true)
    assert [one.system for one in rounds.due(world.depot)] == [SYSTEM]
    world.ledger.append("backup.finished", finished("failed", true) | {"snapshot": None}, system=SYSTEM)
    assert rounds.due(world.depot) == []
    clock.advance(hours=1)
    assert [one.system for one in rounds.due(world.depot)] == [SYSTEM]


@pytest.mark.restic
def test_one_copy_says_what_went_wrong(world: World) -> None:
    assert rounds.one_backup(world.depot, SYSTEM, told) == ExitCode.DONE
    world.data.rename(world.data.with_name("moved"))
    assert rounds.one_backup(world.depot, SYSTEM, told) == ExitCode.UNFINISHED
    assert SAID[-1].startswith("error: ")


def test_a_round_of_detection_reads_on_from_the_last_one(world: World) -> None:
    assert rounds.detection(world.site, world.ledger, world.state, told) == ExitCode.FINDINGS, "no system names logs"
    assert "rules" in SAID[0]
    assert ruleset.standing(world.site.root)
