"""Making a plan from what there is: the site's systems and runbooks, the copies the stores hold now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from backup.candidates import Candidate, candidates
from backup.depot import Depot
from incident import plan as plans
from incident import runbook
from incident.incident import Incident
from incident.plan import RecoveryPlan, RestorePoint
from inventory import clock
from inventory.errors import RefusedError, UsageError
from inventory.site import Site
from ledger import alerts as ledger_alerts
from ledger.ledger import Ledger


def plan(
    site: Site,
    state: Path,
    ledger: Ledger,
    incident: Incident,
    only: Sequence[str],
    targets: Mapping[str, str],
    before: datetime | None = None,
) -> RecoveryPlan:
    """Plan the recovery of an incident's systems that are still down (or of `only` some of them).

    Copies taken after `before` are not used; unless given it is the first sign: the earliest event of the incident's
    alerts, or its detection.

    Raises:
        UsageError: nothing is down, or a name is unknown.
        NoRestorePointError: none of them has a copy to come back from.
    """
    for key in only:
        site.system(key)
        if key not in incident.still_down:
            why = "is normal again" if key in incident.normal else "is not affected"
            raise UsageError(f"{key} {why} in {incident.id}", hint=f"still down: {', '.join(incident.still_down)}")
    for lost, target in targets.items():
        _require_free(site, lost, target)
    keys = [key for key in incident.still_down if key in site.own and (not only or key in only)]
    if not keys:
        raise UsageError(f"nothing to recover in {incident.id}", hint=f"holdfast incident show {incident.id}")
    found = {key: points(site, state, ledger, key) for key in keys}
    book = runbook.load(site.root)
    signs = {key: before or first_sign(ledger, incident, key) for key in keys}
    return plans.make(incident.id, keys, site.systems, found, targets, book, before=signs, now=ledger.clock.now())


def first_sign(ledger: Ledger, incident: Incident, system: str) -> datetime:
    """Return when an incident may have begun for a system: the earliest event of its own alerts, or the detection."""
    listed = ledger_alerts.listed(ledger, incident=incident.id)
    return min(
        [incident.detected_at, *(alert.first_at for alert in listed if alert.system == system and alert.first_at)]
    )


def points(site: Site, state: Path, ledger: Ledger, system: str) -> list[RestorePoint]:
    """Return the copies a system could come back from, newest first.

    Raises:
        UsageError: no such system.
    """
    site.system(system)
    return [_point(candidate) for candidate in candidates(Depot(site, state, ledger), system)]


def point_as_json(point: RestorePoint) -> dict[str, Any]:
    """Return the documented JSON shape of one copy."""
    return {
        "store": point.store,
        "kind": point.kind,
        "snapshot": point.snapshot,
        "time": clock.to_text(point.time),
        "bytes": point.bytes,
        "reachable": point.reachable,
        "where": point.where,
        "suspect": point.suspect,
    }


def _point(candidate: Candidate) -> RestorePoint:
    return RestorePoint(
        store=candidate.store,
        kind=candidate.kind,
        snapshot=candidate.snapshot,
        time=candidate.time,
        bytes=candidate.bytes,
        reachable=candidate.reachable,
        where=candidate.where,
        suspect=candidate.suspect,
    )


def _require_free(site: Site, lost: str, target: str) -> None:
    """Refuse to put a lost host's data beside another system's."""
    site.host(target)
    there = [key for key in site.own if target in site.members.get(key, ()) and lost not in site.members.get(key, ())]
    if there:
        raise RefusedError(
            f"{target} carries {', '.join(there)}; the data of {lost} would lie beside it",
            hint="name a host that carries no other system: --onto LOST=TARGET",
        )
