"""Opening an incident: gather the alerts, run every system's own tests, and name what is affected."""

from __future__ import annotations

from collections.abc import Sequence

from incident import acts, assess
from incident.incident import Incident
from inventory.errors import UsageError
from inventory.site import Site
from ledger import alerts as ledger_alerts
from ledger.ledger import Ledger


def open_now(ledger: Ledger, site: Site, title: str, *, named: Sequence[str], from_alerts: bool) -> Incident:
    """Open an incident over the systems named, those in open alerts, and those whose own tests fail now.

    A system without tests of its own is affected only if it is named or an alert names it.

    Raises:
        UsageError: a named system does not exist or is not ours, or nothing is affected.
    """
    for key in named:
        if site.system(key).external:
            raise UsageError(f"{key} is not ours to bring back", hint=f"our systems: {', '.join(site.own)}")
    alerts = ledger_alerts.listed(ledger, states=(ledger_alerts.OPEN,)) if from_alerts else []
    assessed = assess.assess(site.own, site.hosts, ledger.clock)
    failing = {key: each.failing for key, each in assessed.items() if each.results and not each.normal}
    in_alerts = {alert.system for alert in alerts if alert.system in site.own}
    affected = [key for key in site.own if key in failing or key in named or key in in_alerts]
    return acts.open_incident(ledger, title, alerts, affected, failing)
