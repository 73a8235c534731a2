"""Gather what readiness is judged from: the ledger's views, and one look at the stores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from backup import history as copies_history
from backup import lost, status
from backup.history import Checked, Copies, Kept, Medium
from detect import history as detect_history
from incident import forecast, measured, readiness
from incident.facts import Facts
from incident.forecast import Forecast, Need
from incident.readiness import SystemReadiness
from incident.yardstick import Yardstick
from inventory import days
from inventory.outline import DEFAULT_TARGET, SiteFacts
from ledger.ledger import Ledger
from playbooks import history as hardening_history


@dataclass(frozen=True)
class Province:
    """Readiness of everything: every own system, and when the last would be back (seconds; None: cannot be said).

    `unverified` counts the numbers of the chosen policies that were not read in an official text.
    """

    as_of: datetime
    systems: list[SystemReadiness]
    forecasts: Mapping[str, Forecast]
    forecast_seconds: float | None
    target_seconds: float
    unverified: int = 0


def province(yardstick: Yardstick, ledger: Ledger, now: datetime) -> Province:
    """Judge every own system as of now."""
    site, rules = yardstick.site, yardstick.rules
    copies = copies_history.state_of(ledger)
    lessons = measured.lessons(ledger)
    unreadable = lost.of_systems(site, copies)
    wanted = needs(site, copies, unreadable)
    forecasts = forecast.forecast(wanted, lessons.measured, site.systems)
    waived = site.waived(days.local(now, site.timezone))
    hardening = hardening_history.latest(ledger, site.hosts, waived)
    detection = detect_history.state_of(ledger)
    media = copies.media
    found = []
    for key, system in site.own.items():
        offline = _offline(site, copies, media, key)
        drilled = lessons.drilled.get(key)
        runbook = yardstick.runbooks.get(system.runbook)
        facts = Facts(
            key=key,
            system=system,
            hosts=site.members.get(key, ()),
            hardening=hardening.get(key),
            copies=status.of_system(site, copies, key, now, unreadable[key]),
            unreachable=unreadable[key],
            offline=offline,
            medium=media.get(offline.store) if offline else None,
            checks=_checks(site, copies.leaving_out(unreadable[key]), key),
            restore=copies.last_restore(key),
            forecast=forecasts.get(key),
            watched=detection.systems.get(key),
            rules=detection.rules,
            unusable_rules=detection.unusable,
            runbook_problem=yardstick.problem or ("" if runbook else f"no runbook {system.runbook!r}"),
            runbook_digest=runbook.digest if runbook else "",
            drilled_digest=drilled.digest if drilled else None,
            drill_seq=drilled.seq if drilled else None,
            claimed=drilled.claimed if drilled else (),
            runbook_proved_on=runbook.proved_on if runbook else (),
        )
        found.append(readiness.of_system(facts, rules, now))
    target = rules.limit("recovery_target", 1)
    seconds = (target.duration if target else DEFAULT_TARGET).total_seconds()
    everything = forecast.province(wanted, lessons.measured)
    return Province(now, found, forecasts, everything, seconds, rules.unverified)


def needs(site: SiteFacts, copies: Copies, lost_vaults: Mapping[str, Mapping[str, str]]) -> dict[str, Need]:
    """Return what bringing each own system back would take today: the bytes of its newest copy, a medium to fetch.

    `lost_vaults` are, by system, the vaults that cannot be read now; a system with no other vault waits for its medium.
    """
    found = {}
    for key, system in site.own.items():
        left = copies.leaving_out(lost_vaults.get(key, {}))
        newest = left.newest(key)
        online = any(left.newest(key, "vault", copy.place) for copy in system.copies if copy.kind == "vault")
        found[key] = Need(newest.bytes if newest else None, 0.0 if online else fetch_seconds(site))
    return found


def fetch_seconds(site: SiteFacts) -> float | None:
    """Return how long fetching a medium takes, as the settings state it (None: they do not)."""
    return None if site.fetch_medium is None else site.fetch_medium.total_seconds()


def _offline(site: SiteFacts, copies: Copies, media: Mapping[str, Medium], key: str) -> Kept | None:
    """Return a system's newest copy on a medium that is proved offline; if there is none, on any of its media.

    While one disk of a rotation is attached for the next copy, the disk in the safe is the offline one.
    """
    kept = [copies.newest(key, "medium", label) for kind, label in _asked(site, key) if kind == "medium"]
    away = {label for label, medium in media.items() if medium.proved_offline}
    return max(filter(None, kept), key=lambda each: (each.store in away, each.at), default=None)


def _checks(site: SiteFacts, copies: Copies, key: str) -> list[tuple[str, Checked | None]]:
    """Return, for each store that should hold copies of a system and does, its name and the last check of it."""
    held = copies.stores(key)
    return [(store, copies.check(key, kind, store)) for kind, store in _asked(site, key) if (kind, store) in held]


def _asked(site: SiteFacts, key: str) -> list[tuple[str, str]]:
    """Return the stores that the inventory wants a system's copies in; a disk thrown away is none of them."""
    found: dict[tuple[str, str], None] = {}
    for copy in site.system(key).copies:
        stores = [copy.place] if copy.kind == "vault" else site.disks[copy.place]
        found |= {(copy.kind, store): None for store in stores}
    return list(found)
