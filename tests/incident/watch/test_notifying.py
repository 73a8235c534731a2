from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from incident import opening
from incident.watch import notifying
from inventory.errors import ExitCode
from ledger import outbox
from ledger.alerts import Alert
from ledger.ledger import Ledger
from tests.fakes.clock import FakeClock
from tests.incident.district import District

SAID: list[str] = []


@pytest.fixture(autouse=True)
def _quiet() -> None:
    SAID.clear()


@pytest.fixture
def waking(district: District, clock: FakeClock, tmp_path: Path) -> tuple[District, Ledger]:
    """A district with an open incident, a clock that tests move, and a channel that writes into a file."""
    settings = district.root / "site/holdfast.yml"
    command = f"[sh, -c, 'cat >>{tmp_path}/told']"
    settings.write_text(settings.read_text() + f"notifications: {{duty: {{command: {command}}}}}\n")
    ledger = Ledger.open(district.state, clock, "lan")
    opening.open_now(ledger, district.site, "Documents unreadable", named=["edoc"], from_alerts=False)
    return district, ledger


def rounds(district: District, ledger: Ledger) -> tuple[ExitCode, ExitCode]:
    warned = notifying.clock_warnings(district.site, ledger, SAID.append)
    return warned, notifying.deliver(district.site, ledger, SAID.append)


def test_a_clock_is_told_when_it_passes_a_mark_and_once_only(
    waking: tuple[District, Ledger], clock: FakeClock, tmp_path: Path
) -> None:
    district, ledger = waking
    assert rounds(district, ledger) == (ExitCode.DONE, ExitCode.DONE)
    assert not (tmp_path / "told").exists()
    clock.advance(hours=2, minutes=5)
    for _ in range(3):
        assert rounds(district, ledger) == (ExitCode.DONE, ExitCode.DONE)
        clock.advance(minutes=1)
    told = (tmp_path / "told").read_text()
    assert told.count("Acknowledge and first feedback has 1h55m left") == 1
    assert {message.state for message in outbox.listed(ledger)} == {outbox.GONE}


def test_a_channel_that_fails_keeps_the_notice_and_gets_it_later(
    waking: tuple[District, Ledger], clock: FakeClock, tmp_path: Path
) -> None:
    district, ledger = waking
    (tmp_path / "told").mkdir()
    clock.advance(hours=2, minutes=5)
    assert rounds(district, ledger) == (ExitCode.DONE, ExitCode.UNFINISHED)
    assert SAID[-1].startswith("error: channel duty")
    (tmp_path / "told").rmdir()
    clock.advance(minutes=2)
    assert rounds(district, ledger) == (ExitCode.DONE, ExitCode.DONE)
    assert "Acknowledge" in (tmp_path / "told").read_text()


def test_without_a_channel_a_warning_is_a_failure_and_not_lost_in_silence(district: District, clock: FakeClock) -> None:
    ledger = Ledger.open(district.state, clock, "lan")
    opening.open_now(ledger, district.site, "Documents unreadable", named=["edoc"], from_alerts=False)
    assert notifying.clock_warnings(district.site, ledger, SAID.append) == ExitCode.DONE
    clock.advance(hours=3)
    assert notifying.clock_warnings(district.site, ledger, SAID.append) == ExitCode.UNFINISHED
    assert "names no channel" in SAID[-1]


ALERT = Alert("3f2a", "r", "Repository gone", "critical", "detect", "edoc", None, None, 1, (), "it is gone")


def test_loud_alerts_are_one_notice_and_quiet_ones_none() -> None:
    assert notifying.alarm([replace(ALERT, level="low")]) == []
    [notice] = notifying.alarm([ALERT, replace(ALERT, id="9b", level="high", title="Key changed")])
    assert notice.subject == "2 new alerts: Repository gone"
    assert "Key changed" in notice.text
    assert notifying.alarm([ALERT])[0].key != notice.key


def test_a_flood_of_alerts_is_still_one_readable_notice() -> None:
    [notice] = notifying.alarm([replace(ALERT, id=str(number)) for number in range(5000)])
    assert len(notice.text.splitlines()) == 22
    assert "and 4980 more" in notice.text
