"""Opening an incident: gather the alerts, run every system's own tests, and name what is affected."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from incident import acts, assess
from incident.incident import Incident, all_incidents
from inventory.errors import RefusedError, UsageError
from inventory.site import Site
from ledger import alerts as ledger_alerts
from ledger.ledger import Ledger


def open_now(
    ledger: Ledger,
    site: Site,
    title: str,
    *,
    named: Sequence[str],
    from_alerts: bool,
    chosen: Sequence[str] = (),
) -> Incident:
    """Open an incident over the systems named, those in alerts, and those whose own tests fail now.

    `from_alerts` takes in every open alert, `chosen` (ids or their beginnings) only those. A system without tests of
    its own is affected only if it is named or an alert names it.

    Raises:
        UsageError: a named system does not exist or is not ours, an alert is unknown, or nothing is affected.
        RefusedError: an open incident already covers every one of them.
    """
    acts.need_words(title, "an incident", "--title TEXT")
    for key in named:
        if site.system(key).external:
            raise UsageError(f"{key} is not ours to bring back", hint=f"our systems: {', '.join(site.own)}")
    alerts = [ledger_alerts.one(ledger, identity) for identity in chosen]
    if from_alerts and not chosen:
        alerts = ledger_alerts.listed(ledger, states=(ledger_alerts.OPEN,))
    assessed = assess.assess(site.own, site.hosts, ledger.clock, site.ssh)
    failing = {key: each.failing for key, each in assessed.items() if each.results and not each.normal}
    in_alerts = {alert.system for alert in alerts if alert.system in site.own}
    affected = [key for key in site.own if key in failing or key in named or key in in_alerts]
    _require_new(ledger, affected)
    return acts.open_incident(ledger, title, alerts, affected, failing)


def spread(ledger: Ledger, incident: Incident) -> timedelta:
    """Return how far apart the incident's alerts were raised; far apart they may belong to different incidents."""
    raised = [alert.raised_at for alert in ledger_alerts.listed(ledger, incident=incident.id) if alert.raised_at]
    return max(raised) - min(raised) if raised else timedelta()


def _require_new(ledger: Ledger, affected: Sequence[str]) -> None:
    """Refuse a second incident over systems that one open incident covers already: its clocks run."""
    for incident in all_incidents(ledger):
        if incident.open and affected and set(affected) <= set(incident.systems):
            raise RefusedError(
                f"{incident.id} is open and covers {', '.join(affected)} already",
                hint=f"holdfast incident show {incident.id}; more alerts: holdfast incident affect --from-alerts",
            )
