"""The report of one incident as data: what happened when, what was measured, what it would take at real size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from backup import history as copies_history
from incident import forecast, gather, measured, timeline, view, yardstick
from incident.forecast import Forecast, Need
from incident.gather import Province
from incident.measure import Recovered
from incident.timeline import Moment
from incident.view import IncidentView
from inventory.site import Site
from ledger import alerts as ledger_alerts
from ledger.alerts import Alert
from ledger.ledger import Ledger


@dataclass(frozen=True)
class AtRealSize:
    """A system's forecast at the realistic size its inventory states (decimal gigabytes); a forecast, not measured."""

    key: str
    gigabytes: float | None
    forecast: Forecast


@dataclass(frozen=True)
class IncidentReport:
    """Everything a report of one incident tells. Nothing in it is typed in; every line has its record."""

    site: str
    made_at: datetime
    view: IncidentView
    alerts: Sequence[Alert]
    timeline: Sequence[Moment]
    recovered: Sequence[Recovered]
    at_real_size: Sequence[AtRealSize]
    province: Province
    records: int
    head: str


def of_incident(site: Site, ledger: Ledger, incident_id: str | None, now: datetime) -> IncidentReport:
    """Gather one incident's report.

    Raises:
        UsageError: no such incident, or it is not clear which.
    """
    seen = view.view(ledger, site, incident_id, now)
    head = next(ledger.read(newest=1))
    return IncidentReport(
        site=site.settings.name or site.settings.site,
        made_at=now,
        view=seen,
        alerts=ledger_alerts.listed(ledger, incident=seen.incident.id),
        timeline=timeline.of_incident(seen.incident, ledger),
        recovered=seen.recovered,
        at_real_size=real_size(site, ledger),
        province=gather.province(yardstick.of(site), ledger, now),
        records=head.seq,
        head=head.hash,
    )


def real_size(site: Site, ledger: Ledger) -> list[AtRealSize]:
    """Forecast every own system at the realistic size its inventory states (without one: at today's size).

    The worst case: no vault is left, a medium has to be fetched.
    """
    needs = gather.needs(site, copies_history.state_of(ledger), {})
    sized = {}
    for key, system in site.own.items():
        size, today = system.realistic_size_gb, needs[key].bytes
        sized[key] = Need(today if size is None or today is None else int(size * 1e9), gather.fetch_seconds(site))
    forecasts = forecast.forecast(sized, measured.lessons(ledger).measured, site.systems)
    return [AtRealSize(key, system.realistic_size_gb, forecasts[key]) for key, system in site.own.items()]
