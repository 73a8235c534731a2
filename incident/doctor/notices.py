"""Checks of what must reach people, and of the search engine: channels, dead letters, Elasticsearch."""

from __future__ import annotations

from collections.abc import Iterator

from detect.elastic import Engine
from detect.elastic_answer import AccessError, Health, UnreachableError
from detect.elastic_connection import Address
from incident.doctor.finding import Check, Found
from incident.doctor.patient import Patient
from inventory.clock import Clock
from inventory.errors import HoldfastError
from inventory.site import Site
from ledger import outbox
from ledger.ledger import Ledger

_SECONDS = 10.0
_MAY_NOT = 403


def checks(patient: Patient) -> list[Check]:
    """Return the check of notices, and that of Elasticsearch if the site has one."""
    site = patient.site
    found = [
        Check(
            "notices",
            "an early warning that reaches nobody is none",
            lambda: notices(site, patient.ledger),
            mend="holdfast ledger outbox list --state dead",
        )
    ]
    if site.settings.elasticsearch is not None:
        why = "logs that cannot be searched are read by no rule"
        found.append(Check("elasticsearch", why, lambda: [answers(site, patient.clock)], remote=True))
    return found


def notices(site: Site, ledger: Ledger) -> Iterator[Found]:
    """Is there a channel, and did everything that was to be said get through?"""
    if not site.settings.notifications:
        yield Found("amber", "holdfast.yml names no channel in `notifications`", mend="add one, then: holdfast doctor")
    dead = outbox.listed(ledger, (outbox.GIVEN_UP,))
    stuck = [each for each in outbox.listed(ledger, (outbox.WAITING,)) if each.attempts]
    if dead:
        yield Found("red", f"{len(dead)} messages were given up, the last problem: {dead[-1].problem}")
    if stuck:
        mend = f"holdfast watch test-notify {stuck[0].channel}"
        yield Found("amber", f"{len(stuck)} messages wait for another try: {stuck[0].problem}", mend=mend)
    if site.settings.notifications and not dead and not stuck:
        yield Found("green", f"{len(site.settings.notifications)} channels, nothing given up")


def answers(site: Site, clock: Clock) -> Found:
    """Does the search engine answer with a certificate that is proved, take the key, and have all its data?"""
    address = Address.of(site)
    try:
        with Engine(address, clock, patience=0, limit=_SECONDS) as engine:
            return _well(engine.look(), f"curl {address.urls[0]}/_cluster/allocation/explain")
    except AccessError as error:
        if error.status == _MAY_NOT:
            return Found("amber", f"{error.message}: what it holds may be searched, how it is stays unseen")
        missing = "" if address.key else "; holdfast.yml names none"
        return Found("red", error.message + missing, mend=error.hint)
    except UnreachableError as error:
        return Found("red", error.message, mend=f"curl -v {address.urls[0]}")
    except HoldfastError as error:
        return Found("red", error.message, mend=error.hint)


def _well(health: Health, mend: str) -> Found:
    said = f"{health.name} answers, version {health.version or 'untold'}, {health.nodes} nodes"
    match health.status:
        case "green":
            return Found("green", said)
        case "yellow":
            return Found("amber", f"{said}; {health.unassigned} shards have no second copy", mend=mend)
        case _:
            return Found("red", f"{said}; {health.unassigned} shards are missing, so searches fail", mend=mend)
