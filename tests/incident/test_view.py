from __future__ import annotations

import json
from datetime import timedelta

from incident import engine, incident, view
from incident.incident import Incident
from tests.incident import making
from tests.incident.district import District
from tests.incident.making import CLEAN, NORMAL, RESTORE


def seen(district: District, made: Incident) -> view.IncidentView:
    now = made.detected_at + timedelta(hours=1)
    return view.view(district.ledger, district.site, made.id, now)


def test_a_new_incident_shows_clocks_systems_and_what_is_not_yet_decided(district: District) -> None:
    found = seen(district, making.opened(district.ledger, "sso", "edoc"))
    assert [(clock.key, clock.system, clock.left) for clock in found.clocks] == [
        ("acknowledge", None, timedelta(hours=3)),
        ("recover", "sso", timedelta(hours=3)),
        ("recover", "edoc", timedelta(hours=3)),
    ]
    assert [(key, state) for key, state, _ in found.systems] == [("sso", "down"), ("edoc", "down")]
    assert {words for _, words in found.decisions} == {"not yet"}
    assert found.next.command.startswith("holdfast incident ack")


def test_what_keeps_a_system_from_coming_back_is_said(district: District) -> None:
    made = making.opened(district.ledger, "sso", "edoc")
    systems = {key: district.site.system(key) for key in ("sso", "edoc")}
    run_id = engine.start(district.ledger, making.planned(made.id, systems, CLEAN, RESTORE, NORMAL))
    engine.go_on(district.ledger, run_id, district.hands(made.id))
    making.back(district.ledger, made, "edoc")
    states = {key: (state, words) for key, state, words in seen(district, made).systems}
    assert states["sso"][0] == "waiting"
    assert "clean-target: sso/clean-target: is signon-1 of sso clean?" in states["sso"][1]
    assert states["edoc"][0] == "normal"


def test_the_view_has_the_documented_shape(district: District) -> None:
    made = making.opened(district.ledger, "sso")
    making.settle(district.ledger, made)
    making.back(district.ledger, made, "sso", newest_data="2026-11-23T02:00:00Z")
    document = json.loads(json.dumps(seen(district, incident.find(district.ledger, made.id)).as_json()))
    assert set(document) == {
        "incident",
        "open",
        "title",
        "detected_at",
        "clocks",
        "questions",
        "systems",
        "police",
        "classified",
        "personal_data",
        "national_security",
        "notices",
        "run",
        "next",
    }
    times = {"due", "used_seconds", "left_seconds", "warning", "at_once", "reminders"}
    assert set(document["clocks"][0]) == {"key", "system", "state"} | times
    assert set(document["systems"][0]) == {
        "key",
        "normal",
        "target_seconds",
        "recovered_seconds",
        "data_loss_seconds",
    }
    assert (document["police"], document["classified"], document["run"]) == ("told", "serious", None)
