"""Are they back? Every system's own tests run again: before an incident is closed, or where no restore was needed."""

from __future__ import annotations

from incident import acts, assess
from incident.assess import Assessment
from incident.incident import Incident, find
from inventory.errors import RefusedError, UsageError
from inventory.site import Site
from ledger.ledger import Entry, Ledger


def recheck(ledger: Ledger, site: Site, incident: Incident, reason: str) -> dict[str, Assessment]:
    """Run the own tests of the systems still down; record as normal, without a restore, those that pass all of them.

    For systems an alert named wrongly, or that were mended by hand; `reason` says which it was. A system without tests
    of its own cannot pass.

    Raises:
        UsageError: no reason, or nothing is down.
        RefusedError: the incident is closed.
    """
    acts.require_open(incident)
    acts.need_words(reason, "a system that is normal without a restore")
    down = {key: site.own[key] for key in incident.still_down if key in site.own}
    if not down:
        raise UsageError(f"nothing is down in {incident.id}", hint=f"holdfast incident show {incident.id}")
    found = assess.assess(down, site.hosts, ledger.clock, site.ssh)
    body = {"incident": incident.id, "run": None, "bytes": 0, "newest_data": None, "reason": acts.one_line(reason)}
    ledger.append_all([Entry("system.normal", body, key) for key, each in found.items() if each.normal])
    return found


def close_now(ledger: Ledger, site: Site, incident: Incident, reason: str) -> None:
    """Close an incident if every affected system passes its own tests at this moment too.

    Raises:
        RefusedError: one fails now, or what `acts.close` refuses.
    """
    acts.require_closable(incident, reason)
    systems = {key: site.own[key] for key in incident.systems if key in site.own and site.own[key].normal_when}
    for key, each in assess.assess(systems, site.hosts, ledger.clock, site.ssh).items():
        if not each.normal:
            raise RefusedError(
                f"{key} does not pass its own tests now: {each.failing[0]}",
                hint=f"holdfast incident affect {incident.id} --system {key}, then bring it back",
            )
    acts.close(ledger, find(ledger, incident.id), reason)
