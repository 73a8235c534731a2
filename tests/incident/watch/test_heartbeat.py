from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from incident.watch import heartbeat
from incident.watch.heartbeat import LOOK, LOOP, Beat
from incident.watch.parts import Part

NOW = datetime(2026, 11, 23, 3, 10, tzinfo=UTC)
PART = Part("detect", timedelta(minutes=5), timedelta(minutes=30))
MINUTE = timedelta(minutes=1)


def test_a_beat_is_read_as_it_was_written(state: Path) -> None:
    beat = Beat("detect", NOW, NOW + MINUTE, 3, "a log cannot be read")
    heartbeat.write(state, beat)
    assert heartbeat.read(state, "detect") == beat
    assert (heartbeat.folder(state).stat().st_mode & 0o777) == 0o700


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"part": "x", "started_at": "yesterday"}'])
def test_a_beat_that_cannot_be_read_is_none(state: Path, text: str) -> None:
    heartbeat.folder(state).mkdir()
    (heartbeat.folder(state) / "detect.json").write_text(text)
    assert heartbeat.read(state, "detect") is None


def test_a_watch_never_set_up_is_not_missed_and_one_that_was_is(state: Path) -> None:
    assert heartbeat.silence(state, NOW) == ""
    heartbeat.write(state, Beat(LOOP, NOW, NOW))
    assert heartbeat.silence(state, NOW + MINUTE) == ""
    assert "3m ago" in heartbeat.silence(state, NOW + 3 * MINUTE)
    heartbeat.write(state, Beat(LOOP, NOW, NOW, None, "it was told to end"))
    assert "it was told to end" in heartbeat.silence(state, NOW)


def test_a_timer_that_no_longer_looks_is_noticed_and_one_never_set_up_is_not_missed(state: Path) -> None:
    assert heartbeat.unlooked(state, NOW) == ""
    heartbeat.write(state, Beat(LOOK, NOW, NOW))
    assert heartbeat.unlooked(state, NOW + 14 * MINUTE) == ""
    assert "for 16m" in heartbeat.unlooked(state, NOW + 16 * MINUTE)


@pytest.mark.parametrize(
    ("beat", "words"),
    [
        (None, "has never run"),
        (Beat("detect", NOW - MINUTE, NOW, 0), ""),
        (Beat("detect", NOW - MINUTE, NOW, 3, "no log"), "no log"),
        (Beat("detect", NOW - 60 * MINUTE, NOW - 59 * MINUTE, 0), "last ran 59m ago"),
        (Beat("detect", NOW - 20 * MINUTE), ""),
        (Beat("detect", NOW - 40 * MINUTE), "has been running for 40m"),
    ],
)
def test_a_part_is_ailing_when_it_failed_stopped_or_hangs(state: Path, beat: Beat | None, words: str) -> None:
    if beat is not None:
        heartbeat.write(state, beat)
    assert heartbeat.ailing(state, NOW, (PART,)).get("detect", "") == words
