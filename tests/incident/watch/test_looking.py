"""The look from outside: what it records, whom it tells, how often, and that it waits before it cries."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest

from incident.watch import heartbeat, looking
from incident.watch.heartbeat import LOOK, LOOP, Beat
from inventory.errors import ExitCode
from ledger.errors import LedgerError
from ledger.ledger import Ledger
from tests.fakes.clock import FakeClock
from tests.incident.district import District

SAID: list[str] = []


class Watched:
    """A site with one channel that writes into a file, a ledger whose clock tests move, and a watch that may beat."""

    def __init__(self, district: District, clock: FakeClock, told: Path) -> None:
        settings = district.root / "site/holdfast.yml"
        command = f"[sh, -c, 'cat >>{told}; echo ==== >>{told}']"
        settings.write_text(settings.read_text() + f"notifications: {{duty: {{command: {command}}}}}\n")
        self.site, self.state, self.clock, self.file = district.site, district.state, clock, told
        self.ledger = Ledger.open(district.state, clock, "holdfast")

    def beat(self, owner: str = "") -> None:
        heartbeat.write(self.state, Beat(LOOP, self.clock.now(), self.clock.now(), owner=owner))

    def look(self) -> tuple[ExitCode, str]:
        return looking.look(self.site, self.state, self.clock, lambda: self.ledger, SAID.append)

    def told(self) -> list[str]:
        return [part.strip() for part in self.file.read_text().split("====\n") if part] if self.file.exists() else []

    def kinds(self) -> list[str]:
        return [each.kind for each in self.ledger.read(kinds=(looking.SILENT, looking.HEARD))]


@pytest.fixture
def watched(district: District, clock: FakeClock, tmp_path: Path) -> Watched:
    SAID.clear()
    return Watched(district, clock, tmp_path / "told")


def test_a_watch_that_beats_or_was_never_set_up_is_left_alone(watched: Watched) -> None:
    assert watched.look() == (ExitCode.DONE, "")
    assert heartbeat.read(watched.state, LOOK) is None
    watched.beat()
    assert watched.look() == (ExitCode.DONE, "")
    assert (watched.kinds(), watched.told()) == ([], [])
    assert heartbeat.read(watched.state, LOOK) is not None


def test_a_silent_watch_is_recorded_and_told_once_a_day_and_so_is_its_return(watched: Watched) -> None:
    watched.beat()
    heard = watched.clock.now()
    watched.clock.advance(minutes=5)
    for _ in range(3):
        code, why = watched.look()
        assert (code, "last heard" in why) == (ExitCode.FINDINGS, True)
        watched.clock.advance(minutes=5)
    [text] = watched.told()
    assert text.startswith("The watch is silent: the watch was last heard 5m30s ago")
    assert "systemctl status holdfast-watch" in text
    [record] = watched.ledger.read(kinds=(looking.SILENT,))
    assert record.body["since"].startswith(heard.isoformat()[:19])
    watched.clock.advance(hours=24)
    watched.look()
    assert len(watched.told()) == 2
    watched.beat()
    assert watched.look() == (ExitCode.DONE, "")
    assert watched.look() == (ExitCode.DONE, "")
    assert watched.kinds() == [looking.SILENT, looking.HEARD]


def test_a_watch_that_is_started_again_in_time_is_no_reason_to_wake_anybody(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched.beat()
    watched.clock.advance(hours=3)
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        watched.clock.advance(seconds=seconds)
        if len(slept) == 12:
            watched.beat()

    monkeypatch.setattr(watched.clock, "sleep", sleep)
    assert watched.look() == (ExitCode.DONE, "")
    assert (watched.kinds(), watched.told()) == ([], [])


def test_a_watch_that_does_not_last_is_told_and_rounds_by_hand_are_none_of_it(watched: Watched) -> None:
    watched.beat()
    for _ in range(5):
        watched.ledger.append("watch.started", {"once": True})
    assert watched.look() == (ExitCode.DONE, "")
    for _ in range(5):
        watched.ledger.append("watch.started", {"once": False})
        watched.clock.advance(seconds=11)
    assert "started 5 times within 15m" in watched.look()[1]
    watched.clock.advance(minutes=20)
    watched.beat()
    assert watched.look() == (ExitCode.DONE, "")


def test_where_the_ledger_cannot_be_written_the_channels_are_told_all_the_same_and_once(watched: Watched) -> None:
    def broken() -> Ledger:
        raise LedgerError("the disk is full")

    watched.beat()
    watched.clock.advance(minutes=5)
    for _ in range(3):
        code, why = looking.look(watched.site, watched.state, watched.clock, broken, SAID.append)
        assert (code, why != "") == (ExitCode.UNFINISHED, True)
    assert len(watched.told()) == 1
    assert SAID.count("error: the disk is full") == 3


def test_a_watch_that_died_is_known_at_once_and_one_that_lives_is_not_dead(watched: Watched) -> None:
    watched.beat(owner=watched.ledger.holder)
    now = watched.clock.now()
    assert heartbeat.silence(watched.state, now) == ""
    gone = watched.ledger.holder.replace(f"|{os.getpid()}|", "|999999999|")
    watched.beat(owner=gone)
    assert "is dead: process 999999999" in heartbeat.silence(watched.state, now)


def test_a_sign_of_life_from_the_future_is_none(watched: Watched) -> None:
    watched.beat()
    assert "clock was set back" in heartbeat.silence(watched.state, watched.clock.now() - timedelta(hours=1))
