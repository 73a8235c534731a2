from __future__ import annotations

from datetime import timedelta

import pytest

from cli.clock import SystemClock
from incident import acts, incident, report
from incident.report import IncidentReport
from inventory.errors import UsageError
from ledger import alerts
from tests.incident import making
from tests.incident.district import District
from tests.incident.making import NOON


def made(district: District, incident_id: str | None = None) -> IncidentReport:
    return report.of_incident(
        district.site, district.state, district.ledger, incident_id, SystemClock().now() + timedelta(minutes=1)
    )


def test_a_report_tells_only_its_own_incident_and_where_the_ledger_stood(district: District) -> None:
    alerts.raise_alerts(district.ledger, [making.alert("a1")])
    first = making.opened(district.ledger, "sso", alerts=alerts.listed(district.ledger))
    alerts.raise_alerts(district.ledger, [making.alert("a2")])
    other = making.opened(district.ledger, "edoc", title="Another")
    acts.add_note(district.ledger, other, "not of the first")
    found = made(district, first.id)
    assert [alert.id for alert in found.alerts] == ["a1"]
    assert [each.key for each in found.recovered] == ["sso"]
    assert not any("not of the first" in moment.what for moment in found.timeline)
    head = next(district.ledger.read(newest=1))
    assert (found.records, found.head) == (head.seq, head.hash)
    assert found.site == "small-district"


def test_a_report_needs_to_know_which_incident(district: District) -> None:
    with pytest.raises(UsageError, match="no incident is open"):
        made(district)
    with pytest.raises(UsageError, match="no incident 'inc-x'"):
        made(district, "inc-x")
    making.opened(district.ledger, "sso")
    making.opened(district.ledger, "edoc")
    with pytest.raises(UsageError, match="2 incidents are open"):
        made(district)


def test_without_an_open_incident_the_hint_leads_to_the_closed_ones(district: District) -> None:
    closed = making.opened(district.ledger, "sso")
    making.settle(district.ledger, closed)
    making.back(district.ledger, closed, "sso")
    acts.close(district.ledger, incident.find(district.ledger, closed.id), "well again")
    with pytest.raises(UsageError) as caught:
        made(district)
    assert caught.value.hint == "holdfast incident list"
    assert not made(district, closed.id).view.incident.open


def test_before_anything_was_measured_no_size_has_a_forecast(district: District) -> None:
    found = report.real_size(district.site, district.ledger)
    assert {each.key for each in found} == {"sso", "edoc"}
    assert all(each.forecast.seconds is None and each.forecast.why for each in found)


def test_two_reports_of_one_moment_are_the_same(district: District) -> None:
    opened = making.opened(district.ledger, "sso")
    reports = [report.of_incident(district.site, district.state, district.ledger, opened.id, NOON) for _ in range(2)]
    assert reports[0] == reports[1]
