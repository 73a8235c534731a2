"""Gather what readiness is judged from: the ledger's views, and one look at the stores."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from backup import history as copies_history
from backup import status, vault
from backup.depot import Depot
from backup.history import Checked, Copies, Kept
from detect import history as detect_history
from incident import forecast, readiness, runbook, runs
from incident.facts import Facts
from incident.forecast import Forecast, Need
from incident.incident import all_incidents
from incident.measure import Measurement, measurements
from incident.readiness import SystemReadiness
from incident.runbook import Book
from incident.runs import Run
from inventory import days, policy
from inventory.errors import HoldfastError
from inventory.site import Site
from inventory.system import DEFAULT_TARGET, MediaCopy, System, VaultCopy
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


def province(site: Site, state: Path, ledger: Ledger, now: datetime) -> Province:
    """Judge every own system as of now."""
    depot = Depot(site, state, ledger)
    copies = copies_history.state_of(ledger)
    rules = policy.load(site.settings.policies)
    finished = measured(ledger)
    lost = {key: vault.lost(depot, key) for key in site.own}
    wanted = needs(site, copies, lost)
    forecasts = forecast.forecast(wanted, finished, site.systems)
    book, problem = _book(site)
    drilled = _drilled(runs.all_runs(ledger))
    today = days.local(now, site.settings.timezone)
    waived = {key: site.waivers.of_system(key, today) for key in site.own}
    hardening = hardening_history.latest(ledger, site.hosts, waived)
    detection = detect_history.state_of(ledger)
    found = []
    for key, system in site.own.items():
        offline = _offline(site, copies, key)
        digest, seq, claimed = drilled.get(key, (None, None, ()))
        facts = Facts(
            key=key,
            system=system,
            hosts=site.members.get(key, ()),
            hardening=hardening.get(key),
            copies=status.of_system(site, copies, key, now, lost[key]),
            unreachable=lost[key],
            offline=offline,
            medium=copies.media.get(offline.store) if offline else None,
            checks=_checks(site, copies.leaving_out(lost[key]), key),
            restore=copies.last_restore(key),
            forecast=forecasts.get(key),
            watched=detection.systems.get(key),
            rules=detection.rules,
            unusable_rules=detection.unusable,
            runbook_problem=problem or _runbook_problem(system, book),
            runbook_digest=book.runbooks[system.runbook].digest() if system.runbook in book.runbooks else "",
            drilled_digest=digest,
            drill_seq=seq,
            claimed=claimed,
            runbook_proved_on=_proved_on(system, book),
        )
        found.append(readiness.of_system(facts, rules, now))
    target = rules.limit("recovery_target", 1)
    seconds = (target.duration if target else DEFAULT_TARGET).total_seconds()
    return Province(now, found, forecasts, forecast.province(wanted, finished), seconds, rules.unverified)


def measured(ledger: Ledger) -> dict[str, Measurement]:
    """Return the newest finished recovery of each system, over all incidents."""
    known = {run.id: run for run in runs.all_runs(ledger)}
    found: dict[str, Measurement] = {}
    for incident in all_incidents(ledger):
        for key, each in measurements(incident, [known[run] for run in incident.runs]).items():
            if key not in found or each.seq > found[key].seq:  # incidents overlap: the newest is not in the newest one
                found[key] = each
    return found


def needs(site: Site, copies: Copies, lost_vaults: Mapping[str, Mapping[str, str]]) -> dict[str, Need]:
    """Return what bringing each own system back would take today: the bytes of its newest copy, a medium to fetch.

    `lost_vaults` are, by system, the vaults that cannot be read now; a system with no other vault waits for its medium.
    """
    found = {}
    for key, system in site.own.items():
        left = copies.leaving_out(lost_vaults.get(key, {}))
        newest = left.newest(key)
        online = any(left.newest(key, "vault", copy.vault) for copy in system.copies if isinstance(copy, VaultCopy))
        found[key] = Need(newest.bytes if newest else None, 0.0 if online else fetch_seconds(site))
    return found


def fetch_seconds(site: Site) -> float | None:
    """Return how long fetching a medium takes, as the settings state it (None: they do not)."""
    fetch = site.settings.fetch_medium
    return None if fetch is None else fetch.total_seconds()


def _drilled(all_runs: list[Run]) -> dict[str, tuple[str, int | None, tuple[str, ...]]]:
    """Return, for each system of a finished run, the digest of the runbook it was brought back with.

    With it the record of its end, and the gates that were passed without a signature.
    """
    return {
        system.key: (system.runbook_digest, run.ended_seq, tuple(_claims(run, system.key)))
        for run in all_runs
        if run.ended == "done"
        for system in run.plan.systems
    }


def _claims(run: Run, key: str) -> Iterator[str]:
    for step in run.claimed(key):
        yield f"{step.step.id} by {', '.join(each.person for each in run.state(step.key).approvals)}"


def _offline(site: Site, copies: Copies, key: str) -> Kept | None:
    """Return a system's newest copy on a medium that is proved offline; if there is none, on any of its media.

    While one disk of a rotation is attached for the next copy, the disk in the safe is the offline one.
    """
    kept = [copies.newest(key, "medium", label) for kind, label in _asked(site, key) if kind == "medium"]
    away = {label for label, medium in copies.media.items() if medium.proved_offline}
    return max(filter(None, kept), key=lambda each: (each.store in away, each.at), default=None)


def _checks(site: Site, copies: Copies, key: str) -> list[tuple[str, Checked | None]]:
    """Return, for each store that should hold copies of a system and does, its name and the last check of it."""
    held = copies.stores(key)
    return [(store, copies.check(key, kind, store)) for kind, store in _asked(site, key) if (kind, store) in held]


def _asked(site: Site, key: str) -> list[tuple[str, str]]:
    """Return the stores that the inventory wants a system's copies in; a disk thrown away is none of them."""
    found: dict[tuple[str, str], None] = {}
    for copy in site.system(key).copies:
        match copy:
            case VaultCopy(vault=name):
                found["vault", name] = None
            case MediaCopy(media=name):
                found |= {("medium", label): None for label in site.settings.media[name].disks}
    return list(found)


def _book(site: Site) -> tuple[Book, str]:
    try:
        return runbook.load(site.root), ""
    except HoldfastError as error:
        return Book({}, {}), error.message.replace("\n", " ")


def _proved_on(system: System, book: Book) -> tuple[str, ...]:
    found = book.runbooks.get(system.runbook)
    return () if found is None else tuple(found.proved_on)


def _runbook_problem(system: System, book: Book) -> str:
    return "" if system.runbook in book.runbooks else f"no runbook {system.runbook!r}"
