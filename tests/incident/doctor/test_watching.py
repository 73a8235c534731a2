from __future__ import annotations

from pathlib import Path

from incident.doctor import watching
from incident.watch import heartbeat
from incident.watch.heartbeat import LOOP, Beat
from incident.watch.parts import PARTS
from tests.fakes.clock import FakeClock


def test_a_watch_never_set_up_is_amber_one_silent_red_and_one_at_work_green(state: Path, clock: FakeClock) -> None:
    assert [each.state for each in watching.watch(state, clock.now())] == ["amber"]
    heartbeat.write(state, Beat(LOOP, clock.now(), clock.now()))
    for part in PARTS:
        heartbeat.write(state, Beat(part.name, clock.now(), clock.now(), 0))
    assert {each.state for each in watching.watch(state, clock.now())} == {"green"}
    heartbeat.write(state, Beat("backup", clock.now(), clock.now(), 3, "the vault is not there"))
    assert [each.found for each in watching.watch(state, clock.now()) if each.state == "red"] == [
        "the vault is not there"
    ]
    clock.advance(minutes=10)
    assert [each.state for each in watching.watch(state, clock.now())] == ["red"]
