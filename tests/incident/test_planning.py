from __future__ import annotations

import shutil
from datetime import timedelta

import pytest

from incident import acts, incident, planning
from incident.plan import NoRestorePointError
from inventory.errors import RefusedError, UsageError
from ledger import alerts
from ledger.alerts import Alert
from ledger.ledger import Ledger
from tests.incident import making
from tests.incident.district import District


def test_without_a_copy_there_is_nothing_to_plan(district: District) -> None:
    made = making.opened(district.ledger, "sso")
    with pytest.raises(NoRestorePointError, match="sso has no copy"):
        planning.plan(district.site, district.state, district.ledger, made, [], {})


def test_what_is_unknown_or_not_down_is_named(district: District) -> None:
    making.opened(district.ledger, "sso", "edoc")
    making.back(district.ledger, incident.find(district.ledger, None), "sso")
    found = incident.find(district.ledger, None)

    def plan(only: list[str], onto: dict[str, str]) -> None:
        planning.plan(district.site, district.state, district.ledger, found, only, onto)

    with pytest.raises(UsageError, match="'nothing'"):
        plan(["nothing"], {})
    with pytest.raises(UsageError, match="sso is normal again"):
        plan(["sso"], {})
    with pytest.raises(UsageError, match="'spare-9'"):
        plan([], {"documents-1": "spare-9"})
    making.back(district.ledger, found, "edoc")
    with pytest.raises(UsageError, match="nothing to recover"):
        planning.plan(district.site, district.state, district.ledger, incident.find(district.ledger, None), [], {})


@pytest.mark.restic
def test_a_plan_uses_the_copies_there_are_in_the_order_of_need(lost: District) -> None:
    made = making.opened(lost.ledger, "edoc", "sso")
    found = planning.plan(lost.site, lost.state, lost.ledger, made, [], {"documents-1": "spare-1"})
    assert [(each.key, each.after, each.copy_from.store) for each in found.systems] == [
        ("sso", [], "main"),
        ("edoc", ["sso"], "main"),
    ]
    assert found.system("edoc").targets == {"documents-1": "spare-1"}
    assert found.system("sso").runbook == "identity"
    (point,) = planning.points(lost.site, lost.state, lost.ledger, "sso")
    assert planning.point_as_json(point)["snapshot"] == found.system("sso").copy_from.snapshot
    assert planning.point_as_json(point)["reachable"] is True


@pytest.mark.restic
def test_a_destroyed_vault_leaves_copies_that_cannot_be_reached(lost: District) -> None:
    shutil.rmtree(lost.vault)
    made = making.opened(lost.ledger, "sso")
    found = planning.plan(lost.site, lost.state, lost.ledger, made, [], {})
    assert not found.systems[0].copy_from.reachable


def test_a_copy_taken_after_the_first_sign_in_the_alerts_is_not_used(ledger: Ledger) -> None:
    sign = ledger.clock.now() - timedelta(minutes=20)
    alert = Alert(
        id="a1",
        rule="r",
        title="t",
        level="high",
        source="s",
        system="sso",
        first_at=sign,
        last_at=sign,
        count=1,
        events=[],
        summary="",
    )
    incident = acts.open_incident(ledger, "t", alerts.raise_alerts(ledger, [alert]), ["sso"], {})
    assert planning.first_sign(ledger, incident, "sso") == sign
    assert planning.first_sign(ledger, incident, "edoc") == incident.detected_at > sign


def test_another_systems_host_is_no_target(district: District) -> None:
    made = making.opened(district.ledger, "sso", "edoc")
    with pytest.raises(RefusedError, match="documents-1 carries edoc"):
        planning.plan(district.site, district.state, district.ledger, made, [], {"signon-1": "documents-1"})
