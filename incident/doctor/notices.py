"""Checks of what must reach people, and of the search engine: channels, dead letters, Elasticsearch."""

from __future__ import annotations

import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator

from incident.doctor.finding import Check, Found
from incident.doctor.patient import Patient
from inventory.settings import Elasticsearch
from inventory.site import Site
from ledger import outbox
from ledger.ledger import Ledger

_SECONDS = 10.0
_NEEDS_KEY = (401, 403)


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
    engine = site.settings.elasticsearch
    if engine is not None:
        why = "logs that cannot be searched are read by no rule"
        found.append(Check("elasticsearch", why, lambda: [answers(site, engine)], remote=True))
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


def answers(site: Site, engine: Elasticsearch) -> Found:
    """Does the search engine answer, with a certificate that is proved? A key is not shown to it here."""
    mend = f"curl -v {engine.url}"
    try:
        context = ssl.create_default_context(cafile=str(site.resolve(engine.ca_file)) if engine.ca_file else None)
        request = urllib.request.Request(engine.url)  # noqa: S310  # the settings let in http and https only
        with urllib.request.urlopen(request, timeout=_SECONDS, context=context) as answer:  # noqa: S310
            return Found("green", f"{engine.url} answers {answer.status}")
    except urllib.error.HTTPError as error:
        reached = error.code in _NEEDS_KEY
        said = f"{engine.url} answers {error.code}" + (": it wants its key, as it should" if reached else "")
        return Found("green" if reached else "red", said, mend=mend)
    except (OSError, ssl.SSLError) as error:
        return Found("red", f"{engine.url} cannot be reached: {getattr(error, 'reason', error)}", mend=mend)
