from __future__ import annotations

import random
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incident import acts, incident
from incident.incident import INCIDENTS
from inventory.errors import UsageError
from ledger.ledger import Ledger
from tests.fakes.clock import FakeClock
from tests.incident import making


def test_an_incident_is_what_its_records_add_up_to(ledger: Ledger, clock: FakeClock) -> None:
    made = making.opened(ledger, "sso", "edoc", title="Log-ins from outside")
    clock.advance(minutes=10)
    making.settle(ledger, made)
    acts.add_note(ledger, made, "no outside connection since 02:50")
    making.back(ledger, made, "sso", newest_data="2026-11-23T02:00:00Z")
    found = incident.find(ledger, made.id)
    assert found.title == "Log-ins from outside"
    assert found.opened_by == "minh"
    assert found.acknowledged is not None
    assert found.acknowledged.at - found.detected_at == timedelta(minutes=10)
    assert (found.classified.what if found.classified else "") == "serious"
    assert (found.police.receipt if found.police else "") == "Maj. Vo, 03:24, by phone"
    assert [note.reason for note in found.notes] == ["no outside connection since 02:50"]
    assert found.still_down == ("edoc",)
    assert found.normal["sso"].newest_data is not None
    assert found.evidence == (1,)


def test_a_system_that_is_hit_again_is_down_again(ledger: Ledger) -> None:
    made = making.opened(ledger, "sso", "edoc")
    making.back(ledger, made, "sso")
    acts.affect(ledger, made, ["sso", "lgsp"])
    found = incident.find(ledger, made.id)
    assert found.systems == ("sso", "edoc", "lgsp")
    assert found.still_down == ("sso", "edoc", "lgsp")


def test_the_first_who_took_it_up_counts(ledger: Ledger, clock: FakeClock) -> None:
    made = making.opened(ledger, "sso")
    for _ in range(2):
        clock.advance(minutes=1)
        ledger.append("incident.acknowledged", {"incident": made.id, "reason": ""})
    found = incident.find(ledger, made.id)
    assert found.acknowledged is not None
    assert found.acknowledged.at - found.opened_at == timedelta(minutes=1)


def test_the_newest_classification_counts(ledger: Ledger) -> None:
    made = making.opened(ledger, "sso")
    acts.classify(ledger, made, serious=True, reason="citizens wait")
    acts.classify(ledger, made, serious=False, reason="a broken cable")
    found = incident.find(ledger, made.id).classified
    assert (found.what if found else "") == "ordinary"


def test_without_an_id_the_only_open_one_is_meant(ledger: Ledger) -> None:
    with pytest.raises(UsageError, match="no incident is open"):
        incident.find(ledger, None)
    first = making.opened(ledger, "sso")
    assert incident.find(ledger, None).id == first.id
    second = making.opened(ledger, "edoc")
    with pytest.raises(UsageError, match="2 incidents are open") as caught:
        incident.find(ledger, None)
    assert caught.value.hint == f"{first.id} or {second.id}"
    with pytest.raises(UsageError, match="'inc-9'"):
        incident.find(ledger, "inc-9")


@settings(max_examples=15)
@given(st.integers(0, 10_000))
def test_a_view_kept_up_to_date_equals_one_made_anew(seed: int) -> None:
    chance = random.Random(seed)
    with making.temporary_ledger() as ledger:
        for _ in range(15):
            happen(ledger, chance)
            if chance.random() < 0.4:
                ledger.project(INCIDENTS)
        assert ledger.project(INCIDENTS) == ledger.rebuild(INCIDENTS)


def happen(ledger: Ledger, chance: random.Random) -> None:
    known = incident.all_incidents(ledger)
    if not known or chance.random() < 0.2:
        making.opened(ledger, "sso", "edoc")
        return
    body = {"incident": chance.choice([*known, known[0]]).id, "what": "x", "reason": "", "receipt": ""}
    body |= {"systems": ["lgsp", "sso"], "run": "r1", "bytes": 1, "what": chance.choice(["told", "not_required"])}
    body |= {"to": chance.choice(["police", "notice"]), "question": chance.choice(["personal_data", "x"])}
    if chance.random() < 0.1:
        body["incident"] = "inc-unknown"
    kind = chance.choice([kind for kind in incident.KINDS if kind != "incident.opened"])
    ledger.append(kind, body, system="sso" if kind == "system.normal" else None)


def test_a_belief_counts_from_when_it_was_first_recorded_and_a_notice_from_when_it_first_went_out(
    ledger: Ledger, clock: FakeClock
) -> None:
    made = making.opened(ledger, "sso")
    acts.judge(ledger, made, "personal_data", yes=True, reason="a file was read")
    acts.notify(ledger, made, "notice", told=True, reason="", receipt="Ms Le")
    believed, sent = incident.find(ledger, made.id).personal_data, incident.find(ledger, made.id).notices["notice"]
    clock.sleep(3600)
    acts.judge(ledger, made, "personal_data", yes=True, reason="still")
    acts.notify(ledger, made, "notice", told=True, reason="", receipt="Ms Le again")
    again = incident.find(ledger, made.id)
    assert (again.personal_data, again.notices["notice"]) == (believed, sent)
    acts.judge(ledger, made, "personal_data", yes=False, reason="it was a test file")
    found = incident.find(ledger, made.id).personal_data
    assert (found.what if found else "") == "no"
    assert incident.find(ledger, made.id).police is None
