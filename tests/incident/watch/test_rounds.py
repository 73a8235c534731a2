from __future__ import annotations

import sys
from datetime import timedelta

import pytest

from detect import ruleset
from incident.watch import rounds
from inventory.errors import ExitCode
from tests.backup.world import SYSTEM, World

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
    assert rounds.due(world.depot) == [SYSTEM]
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
