"""Telling people: notices go into the outbox, and from there to each channel until it took them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence

from incident import clocks
from incident.clocks import IncidentClock
from incident.incident import Incident, all_incidents
from incident.watch import sending
from incident.watch.early import Notice, notices
from inventory import policy
from inventory.errors import ExitCode, HoldfastError
from inventory.site import Site
from ledger import alerts, outbox
from ledger.alerts import Alert
from ledger.errors import LeaseLostError
from ledger.ledger import Ledger

Told = Callable[[str], None]
_LOUD = alerts.rank("high")


def clock_warnings(site: Site, ledger: Ledger, told: Told) -> ExitCode:
    """Put a notice for each clock of an open incident that passed a mark; each mark is told once."""
    found: list[Notice] = []
    for incident, each in running(site, ledger):
        found += notices(incident.id, incident.title, each)
    return put(site, ledger, found, told)


def running(site: Site, ledger: Ledger) -> Iterator[tuple[Incident, list[IncidentClock]]]:
    """Yield every incident that is open or of which something is still owed, with its clocks."""
    rules, now = policy.load(site.settings.policies).clocks, ledger.clock.now()
    for incident in all_incidents(ledger):
        found = clocks.clocks(incident, rules, site.systems, now)
        if incident.open or clocks.owed(found):
            yield incident, found


def put(site: Site, ledger: Ledger, found: Iterable[Notice], told: Told) -> ExitCode:
    """Put notices into the outbox, one for each channel; those that were put before are not put again."""
    found = list(found)
    if found and not site.settings.notifications:
        told("error: nobody can be told: holdfast.yml names no channel in `notifications`")
        return ExitCode.UNFINISHED
    new = 0
    for notice in found:
        for channel in site.settings.notifications:
            new += outbox.put(ledger, f"{notice.key} {channel}", channel, notice.content())
    if new:
        told(f"{new} notices to be sent")
    return ExitCode.DONE


def alarm(raised: Sequence[Alert]) -> list[Notice]:
    """Return the one notice about new alerts that are high or critical."""
    loud = [alert for alert in raised if alerts.rank(alert.level) >= _LOUD]
    if not loud:
        return []
    ids = "\n".join(sorted(alert.id for alert in loud))
    lines = [f"{alert.level} {alert.system or '-'}: {alert.title}: {alert.summary}" for alert in loud[:20]]
    more = [f"and {len(loud) - 20} more"] if len(loud) > 20 else []
    next_ = "Next: holdfast detect alerts list, or holdfast incident open --from-alerts --title TEXT"
    subject = f"{len(loud)} new alerts: {loud[0].title}" if len(loud) > 1 else f"Alert: {loud[0].title}"
    key = f"alerts:{hashlib.sha256(ids.encode()).hexdigest()[:16]}"
    return [Notice(key, subject, "\n".join([*lines, *more, next_]) + "\n")]


def deliver(site: Site, ledger: Ledger, told: Told) -> ExitCode:
    """Send what waits. What a channel does not take is tried again later, and given up in the open at last."""
    bad = 0
    for message in outbox.due(ledger):
        mine = outbox.claim(ledger, message)
        if mine is None:
            continue
        try:
            sending.send(site, mine.channel, mine.content)
        except HoldfastError as error:
            outbox.failed(ledger, mine, error.message)
            told(f"error: {error.message}")
            bad += 1
            continue
        try:
            outbox.sent(ledger, mine)
        except LeaseLostError as error:
            told(f"error: {error.message}")
            bad += 1
    return ExitCode.UNFINISHED if bad else ExitCode.DONE
