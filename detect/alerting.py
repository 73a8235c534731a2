"""From findings to alerts: one alert per burst, with an id that stays the same however often it is found."""

from __future__ import annotations

import json

from detect.engine import LOG, Finding
from inventory import clock, duration
from ledger.alerts import Alert, alert_id

MOST_EVENTS = 20
SOURCE = "detect"


def alert(finding: Finding) -> Alert:
    """Return the alert of a finding; its id depends on the rule's text, the group and the burst's first event time."""
    burst = finding.burst
    key = json.dumps([finding.scope, finding.group, clock.to_text(burst.first.time)])
    header = finding.header
    references = burst.references
    return Alert(
        id=alert_id(header.id, finding.text_hash, key),
        rule=header.id,
        title=header.title,
        level=header.level,
        source=SOURCE,
        system=finding.scope or None,
        first_at=burst.first.time,
        last_at=burst.last.time,
        count=len(references),
        events=[reference.to_json() for reference in references[:MOST_EVENTS]],
        summary=_summary(finding, len(references)),
        tags=header.tags,
    )


def _summary(finding: Finding, count: int) -> str:
    burst = finding.burst
    many = "one event" if count == 1 else f"{count} events"
    lasted = burst.last.time - burst.first.time
    within = f" within {duration.show(lasted)}" if lasted.total_seconds() >= 1 else ""
    who = ", ".join(f"{field} {value}" for field, value in finding.group if value is not None and field != LOG)
    return f"{many}{within}" + (f" ({who})" if who else "")
