"""Checks of what was recorded: the ledger and its proof, rules and runbooks, detection."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from detect import history as detection
from detect import ruleset
from incident import runbook
from incident.doctor.finding import Check, Found
from incident.doctor.patient import Patient
from inventory import duration
from inventory.errors import HoldfastError
from inventory.site import Site
from ledger import checkpoint
from ledger import record as records
from ledger.ledger import Ledger
from ledger.lost import LostLedgerError
from ledger.record import Record

_NEWEST = 500
_PROVED_WITHIN, _PROVED_AT_LAST = timedelta(days=8), timedelta(days=31)
"""How old the newest checkpoint outside may be before it is amber, and red: a weekly medium and a day; a month."""
_WATCHED_WITHIN = timedelta(hours=1)


def checks(patient: Patient) -> list[Check]:
    """Return the checks of records, rules and runbooks."""
    site = patient.site
    return [
        Check(
            "ledger",
            "without the ledger nothing is known and nothing can be proved",
            lambda: opens(patient),
            mend="holdfast ledger verify",
        ),
        Check(
            "ledger-proved",
            "records newer than the newest checkpoint outside rest on trust",
            lambda: proved(patient.ledger, patient.clock.now()),
            mend="holdfast ledger checkpoint --to FILE",
        ),
        Check(
            "runbooks",
            "a system whose runbook cannot be read cannot be recovered by plan",
            lambda: runbooks(site),
            mend="mend the file named",
        ),
        Check(
            "rules",
            "what a rule that cannot run would have found is found by nobody",
            lambda: rules(site),
            mend="holdfast detect rules list",
        ),
        Check(
            "detection",
            "an attack is seen early only while logs arrive and are read",
            lambda: heard(site, patient.ledger, patient.clock.now()),
            mend="holdfast detect run",
        ),
    ]


def opens(patient: Patient) -> Iterable[Found]:
    """Can the ledger be read, and do its newest records hang together?"""
    if isinstance(patient.opened, LostLedgerError):
        return [Found("red", patient.opened.message, mend="holdfast ledger import DIR")]
    newest = list(patient.ledger.read(newest=_NEWEST))
    if not newest:
        return [Found("amber", "it has no record yet", mend="holdfast backup run --all")]
    if faults := tail_faults(newest):
        return [Found("red", f"BROKEN: {faults[0]}", mend="holdfast ledger verify --against CHECKPOINT")]
    return [Found("green", f"record {newest[-1].seq} is the newest; the last {len(newest)} hang together")]


def tail_faults(newest: Sequence[Record]) -> list[str]:
    """Return what is wrong with the links between the newest records; older ones are not looked at."""
    faults = [f"record {each.seq} was changed" for each in newest if records.digest(each.payload) != each.hash]
    for before, after in pairwise(newest):
        if after.seq != before.seq + 1:
            faults.append(f"record {before.seq + 1} is missing")
        elif after.previous_hash != before.hash:
            faults.append(f"record {after.seq} does not follow the record before it")
    return faults


def proved(ledger: Ledger, now: datetime) -> Iterable[Found]:
    """How old is the newest checkpoint that was written outside?"""
    made = next(ledger.read(kinds=(checkpoint.RECORD_KIND,), newest=1), None)
    if made is None:
        return [Found("amber", "no checkpoint was ever written outside: nothing proves the ledger")]
    age = now - made.at
    words = f"record {made.seq} went to {made.body.get('to', 'a place')} {duration.show(age)} ago"
    if age > _PROVED_AT_LAST:
        return [Found("red", words)]
    return [Found("amber" if age > _PROVED_WITHIN else "green", words)]


def runbooks(site: Site) -> Iterator[Found]:
    """Can every runbook be read, and is there one for every system?"""
    try:
        book = runbook.load(site.root)
    except HoldfastError as error:
        yield Found("red", " ".join(error.message.split()), mend=error.hint)
        return
    lost = [key for key, system in site.own.items() if system.runbook not in book.runbooks]
    for key in lost:
        words = f"there is no runbook {site.system(key).runbook!r}"
        yield Found("red", words, key, f"write {site.root}/runbooks/{site.system(key).runbook}.yml")
    if not lost:
        yield Found("green", f"{len(book.runbooks)} runbooks; every system has its own")


def rules(site: Site) -> Iterable[Found]:
    """Can every rule be run?"""
    try:
        ready, checked = ruleset.ready(ruleset.load(ruleset.standing(site.root)))
    except HoldfastError as error:
        return [Found("red", error.message, mend=error.hint)]
    if checked.unusable:
        first = checked.unusable[0]
        return [Found("amber", f"{len(checked.unusable)} rules cannot be run, the first: {first}")]
    return [Found("green", f"{len(ready)} rules, each can be run")]


def heard(site: Site, ledger: Ledger, now: datetime) -> Iterator[Found]:
    """Does every log still come in, and was it read lately?"""
    state = detection.state_of(ledger)
    for key, system in site.own.items():
        seen = state.systems.get(key)
        if not system.logs:
            yield Found("amber", "names no logs: nobody watches it", key, "add `logs:` to the system")
        elif seen is None:
            yield Found("unknown", "its logs were never read", key)
        elif seen.silent:
            yield Found("red", "; ".join(f"{log}: {why}" for log, why in seen.silent.items()), key)
        elif now - seen.last_run_at > _WATCHED_WITHIN:
            yield Found("red", f"its logs were last read {duration.show(now - seen.last_run_at)} ago", key)
        else:
            yield Found("green", f"{seen.sources} logs, read {duration.show(now - seen.last_run_at)} ago", key)
