"""Checks of who may act: people, their keys, roles that nobody holds."""

from __future__ import annotations

import pwd
from collections.abc import Iterator
from datetime import date, datetime

from incident.doctor.finding import Check, Found
from incident.doctor.patient import Patient
from incident.facts import State
from inventory import days, register_warnings
from inventory.people import People, Role
from inventory.site import Site

_NEEDED: tuple[Role, ...] = ("operator", "responder", "approver", "security")
_DUTY: dict[str, State] = {"roster_empty": "red", "roster_away": "red", "people_ended": "amber", "contacts": "amber"}
_ROSTER = "write registers/roster.yml; its form: holdfast inventory schema roster"
_SIGNING: tuple[Role, ...] = ("approver", "head", "responder")


def checks(patient: Patient) -> list[Check]:
    """Return the checks of people."""
    site, people = patient.site, patient.site.people
    now = days.clock_time(patient.clock.now(), site.settings.timezone)
    return [
        Check(
            "people",
            "at three in the morning somebody must be allowed to act",
            lambda: roles(people, now.date()),
            mend="mend people.yml",
        ),
        Check(
            "people-on-duty",
            "an alert that reaches nobody is not noticed",
            lambda: on_duty(site, now),
            mend="mend registers/roster.yml and people.yml, then: holdfast inventory validate",
        ),
        Check(
            "people-keys",
            "an approval without a key is only claimed, never proved",
            lambda: keys(people),
            mend="add `key:` to people.yml",
        ),
        Check(
            "people-logins",
            "who has no login on this machine cannot act on it",
            lambda: logins(people),
            mend="mend people.yml, or make the login",
        ),
    ]


def roles(people: People, today: date) -> Iterator[Found]:
    """Is there somebody for every kind of work, and a second one to take over?"""
    acting = [person for person in people.people if not person.why_not_acting(today)]
    if not acting:
        yield Found("red", "people.yml names nobody who acts today: everybody may only read")
        return
    for role in _NEEDED:
        holders = [person.name for person in acting if role in person.roles]
        if not holders:
            yield Found("red", f"nobody is {role}", role)
        elif len(holders) == 1:
            yield Found("amber", f"only {holders[0]} is {role}; nobody takes over", role)
        else:
            yield Found("green", f"{len(holders)} people", role)


def on_duty(site: Site, now: datetime) -> Iterator[Found]:
    """Is somebody on duty all of the coming week, and are those who left out of the way?"""
    if site.registers.documents.get("roster") is None:
        yield Found("amber", "no roster is kept: nobody knows who is on duty tonight", mend=_ROSTER)
    told = [remark for remark in register_warnings.of(site, now) if remark.code in _DUTY]
    for remark in told:
        yield Found(_DUTY[remark.code], remark.text)
    if not told and site.registers.documents.get("roster") is not None:
        yield Found("green", "somebody is on duty all of the coming week")


def keys(people: People) -> Iterator[Found]:
    """Has everybody who decides a key to sign with? That it is one, and nobody else's, the site's loader sees to."""
    deciding = [person for person in people.people if set(person.roles) & set(_SIGNING)]
    for person in deciding:
        if person.public_keys:
            yield Found("green", "has a key", person.name)
        else:
            yield Found("amber", "has no SSH key in people.yml", person.name)
    if not deciding:
        yield Found("red", "nobody may decide anything")


def logins(people: People) -> Iterator[Found]:
    """Does this machine know everybody's login?"""
    unknown = [person for person in people.people if not _known(person.login)]
    for person in unknown:
        yield Found("amber", f"this machine has no login {person.login}", person.name)
    if not unknown:
        yield Found("green", f"{len(people.people)} people, each with a login here")


def _known(login: str) -> bool:
    try:
        pwd.getpwnam(login)
    except KeyError:
        return False
    return True
