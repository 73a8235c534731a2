"""Checks of who may act: people, their keys, roles that nobody holds."""

from __future__ import annotations

import pwd
from collections.abc import Iterator

from incident.doctor.finding import Check, Found
from incident.doctor.patient import Patient
from inventory.people import People, Role

_NEEDED: tuple[Role, ...] = ("operator", "responder", "approver", "security")
_SIGNING: tuple[Role, ...] = ("approver", "head", "responder")


def checks(patient: Patient) -> list[Check]:
    """Return the checks of people."""
    people = patient.site.people
    return [
        Check(
            "people",
            "at three in the morning somebody must be allowed to act",
            lambda: roles(people),
            mend="mend people.yml",
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


def roles(people: People) -> Iterator[Found]:
    """Is there somebody for every kind of work, and a second one to take over?"""
    if not people.people:
        yield Found("red", "people.yml names nobody: everybody may only read")
        return
    for role in _NEEDED:
        holders = [person.name for person in people.people if role in person.roles]
        if not holders:
            yield Found("red", f"nobody is {role}", role)
        elif len(holders) == 1:
            yield Found("amber", f"only {holders[0]} is {role}; nobody takes over", role)
        else:
            yield Found("green", f"{len(holders)} people", role)


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
