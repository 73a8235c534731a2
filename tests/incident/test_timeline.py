from __future__ import annotations

from pathlib import Path

from incident import acts, engine, incident, timeline
from incident.effects import Answers
from ledger import alerts
from ledger.ledger import Ledger
from tests.fakes.clock import FakeClock
from tests.incident import making
from tests.incident.making import CLEAN, NORMAL, RESTORE, PaperHands

PROBED = {"store": "weekly-a", "reached": False}
CHECKED = {"store": "weekly-a", "read_data": True, "whole": False}


def test_the_story_is_told_in_order_with_seconds_from_detection(
    ledger: Ledger, clock: FakeClock, tmp_path: Path
) -> None:
    ledger.append("medium.probed", PROBED)
    clock.advance(minutes=1)
    alerts.raise_alerts(ledger, [making.alert()])
    clock.advance(minutes=2)
    made = making.opened(ledger, "sso", alerts=alerts.listed(ledger))
    making.settle(ledger, made)
    run_id = engine.start(ledger, making.planned(made.id, {"sso": making.system()}, CLEAN, RESTORE, NORMAL))
    ledger.append("check.finished", CHECKED, system="sso")
    hands = PaperHands(tmp_path / "paper")
    engine.go_on(ledger, run_id, hands, Answers(approve=frozenset({"clean-target"}), reason="installed by Hoa"))
    acts.close(ledger, incident.find(ledger, made.id), "all normal")
    clock.advance(hours=1)
    ledger.append("medium.probed", PROBED)
    making.opened(ledger, "edoc")

    found = timeline.of_incident(incident.find(ledger, made.id), ledger)
    assert [(moment.seconds, moment.system, moment.what) for moment in found] == [
        (0.0, "", "1 alerts raised, the highest high"),
        (120.0, "", "incident opened: sso affected"),
        (120.0, "", "acknowledged by minh"),
        (120.0, "", "classified serious by minh: citizens wait"),
        (120.0, "", "police: told (Maj. Vo, 03:24, by phone)"),
        (120.0, "", f"recovery {run_id} started: sso"),
        (120.0, "sso", "copy of sso on weekly-a checked (every byte read): DAMAGED"),
        (120.0, "sso", "sso/clean-target: claimed by minh, unsigned (installed by Hoa)"),
        (120.0, "sso", "sso/restore: done: well"),
        (120.0, "sso", "sso is normal: its own tests pass"),
        (120.0, "", f"recovery {run_id} ended: done"),
        (120.0, "", "closed by minh: all normal"),
    ]
    assert [moment.seq for moment in found] == sorted(moment.seq for moment in found)


def test_every_kind_that_an_incident_is_made_of_has_words(ledger: Ledger) -> None:
    assert set(incident.KINDS) <= set(timeline._WORDS)


def test_a_failure_and_a_medium_that_answers_are_said_loudly(ledger: Ledger, tmp_path: Path) -> None:
    made = making.opened(ledger, "sso")
    ledger.append("medium.probed", PROBED | {"reached": True})
    hands = PaperHands(tmp_path / "paper")
    hands.fails = {"sso/restore"}
    engine.go_on(
        ledger, engine.start(ledger, making.planned(made.id, {"sso": making.system()}, RESTORE, NORMAL)), hands
    )
    words = " ".join(moment.what for moment in timeline.of_incident(incident.find(ledger, made.id), ledger))
    assert "medium weekly-a probed: ANSWERED" in words
    assert "sso/restore: FAILED: it broke" in words
    assert "ended: failed" in words
