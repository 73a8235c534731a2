from __future__ import annotations

from datetime import timedelta

from incident import report
from incident.incident import Incident
from incident.report import IncidentReport
from ledger import alerts
from tests.incident import making
from tests.incident.district import District


def made(district: District, found: Incident) -> IncidentReport:
    now = found.detected_at + timedelta(hours=1)
    return report.of_incident(district.site, district.ledger, found.id, now)


def test_a_report_holds_what_the_ledger_says_and_its_head(district: District) -> None:
    alerts.raise_alerts(district.ledger, [making.alert("a1"), making.alert("a2")])
    found = made(district, making.opened(district.ledger, "sso", alerts=alerts.listed(district.ledger, ids=["a1"])))
    head = next(district.ledger.read(newest=1))
    assert (found.records, found.head) == (head.seq, head.hash)
    assert [each.id for each in found.alerts] == ["a1"]
    assert [each.key for each in found.recovered] == ["sso"]
    assert [moment.what for moment in found.timeline][-1] == "incident opened: sso affected"
    assert found.site == "small-district"


def test_without_a_measured_recovery_no_size_has_a_forecast(district: District) -> None:
    for each in report.real_size(district.site, district.ledger):
        assert each.forecast.seconds is None
        assert "no measured restore" in each.forecast.why
