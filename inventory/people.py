"""Who may act: the people of a site, and the person behind the login that runs a command."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Literal, get_args

from pydantic import ConfigDict, Field

from inventory import keys, lines
from inventory import login as caller
from inventory.errors import RefusedError
from inventory.keys import KeyOrNone, KeyText, PublicKey
from inventory.lines import Document, Problem, SiteError
from inventory.system import Day, Strict

Role = Literal["viewer", "security", "operator", "responder", "approver", "head"]
ROLES: tuple[Role, ...] = get_args(Role)

_CONTACT_YEAR = timedelta(days=365)


class Person(Strict):
    """One member of staff, as `people.yml` names them.

    `key` and `keys` are public keys that sign approvals; `from` and `until` the first and last day the person acts;
    `verified` the day somebody last reached them on their phone.
    """

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)

    name: str = Field(min_length=1)
    login: str = Field(min_length=1)
    roles: list[Role] = ["viewer"]
    key: KeyOrNone = ""
    keys: list[KeyText] = []
    deputy: str = ""
    phone: str = ""
    email: str = ""
    verified: Day | None = None
    since: Day | None = Field(None, alias="from")
    until: Day | None = None

    @property
    def public_keys(self) -> tuple[PublicKey, ...]:
        """Return the keys whose signatures are this person's."""
        return tuple(keys.parse(text) for text in (self.key, *self.keys) if text)

    def why_not_acting(self, today: date) -> str:
        """Return why the person does not act on a day, or an empty text."""
        if self.since is not None and today < self.since:
            return f"{self.name} acts from {self.since} on"
        if self.until is not None and today > self.until:
            return f"{self.name} acted until {self.until}"
        return ""


class Contact(Strict):
    """Somebody outside who must be reached, such as the police lead; `verified` is the day they last were."""

    name: str
    phone: str = ""
    email: str = ""
    verified: Day | None = None


class People(Strict):
    """The content of `people.yml`."""

    people: list[Person] = []
    contacts: dict[str, Contact] = {}

    def find(self, login: str) -> Person | None:
        """Return the person a login belongs to."""
        return next((person for person in self.people if person.login == login), None)

    def holder(self, blob: bytes) -> Person | None:
        """Return the person a public key belongs to."""
        return next((each for each in self.people if blob in {key.blob for key in each.public_keys}), None)


@dataclass(frozen=True)
class Actor:
    """The login that runs a command, and the person it belongs to (None: unknown, may only read).

    `why_not` says why a known person does not act today (empty: they do).
    """

    login: str
    person: Person | None
    why_not: str = ""

    @property
    def roles(self) -> tuple[Role, ...]:
        """Return the roles that hold today."""
        return tuple(self.person.roles) if self.person is not None and not self.why_not else ()

    def may(self, *roles: Role) -> None:
        """Let the command go on if the person holds one of `roles`.

        Raises:
            RefusedError: the login is not in people.yml, its person does not act today, or holds none of them.
        """
        if self.person is None:
            raise RefusedError(
                f"login {self.login} is not in people.yml and may only read",
                hint=f"add {self.login} to people.yml with the role {' or '.join(roles)}",
            )
        if self.why_not:
            raise RefusedError(f"{self.why_not} and may only read", hint="ask their deputy, or have people.yml changed")
        if not set(roles) & set(self.person.roles):
            raise RefusedError(
                f"{self.person.name} holds {', '.join(self.person.roles)}; this needs {' or '.join(roles)}",
                hint="ask somebody who holds the role, or have people.yml changed",
            )


def current_login() -> str:
    """Return the login that asked, behind sudo too."""
    return caller.current()


def who(login: str, people: People, today: date | None = None) -> Actor:
    """Match a login to a person; `today` is the day where the site is (None: nobody's time is looked at)."""
    person = people.find(login)
    return Actor(login, person, person.why_not_acting(today) if person is not None and today is not None else "")


def load(file: Path) -> People:
    """Read people.yml; a site without one has no people.

    Raises:
        SiteError: every fault found.
    """
    if not file.exists():
        return People()
    problems: list[Problem] = []
    document, people = lines.load(file, People, problems)
    problems += _problems(document, people.people)
    if problems:
        raise SiteError(problems)
    return people


def _problems(document: Document, people: Sequence[Person]) -> Iterator[Problem]:
    logins = [person.login for person in people]
    holders: dict[bytes, int] = {}
    for index, person in enumerate(people):
        here = ("people", index)
        if person.login in logins[:index]:
            what = f"login {person.login!r} belongs to somebody else too"
            yield document.problem((*here, "login"), what)
        if person.deputy == person.login:
            yield document.problem((*here, "deputy"), "nobody is their own deputy", "name another login")
        elif person.deputy and person.deputy not in logins:
            known = f"logins: {', '.join(logins)}"
            yield document.problem((*here, "deputy"), f"no login {person.deputy!r}", known)
        if person.since is not None and person.until is not None and person.until < person.since:
            yield document.problem((*here, "until"), "is before `from`", "nobody acts for less than a day")
        for key in person.public_keys:
            if (other := holders.setdefault(key.blob, index)) != index:
                what = f"{person.name} has a key of {people[other].name}: {key.fingerprint}"
                yield document.problem((*here, "keys" if person.keys else "key"), what, "each person signs alone")


def warnings(people: People, today: date) -> list[tuple[str, str]]:
    """Return what will hurt in an incident, each with a code: roles nobody holds, people who cannot sign, contacts."""
    found = []
    acting = [person for person in people.people if not person.why_not_acting(today)]
    for role, needed in (("responder", "recover"), ("approver", "approve"), ("head", "decide")):
        if not any(role in person.roles for person in acting):
            found.append(("people_roles", f"nobody with the role {role} is there to {needed}"))
    signers = [each for each in acting if {"approver", "head"} & set(each.roles) and not each.public_keys]
    if signers:
        names = ", ".join(person.name for person in signers)
        found.append(("people_keys", f"no key to sign approvals with: {names}"))
    found += [
        ("people_ended", f"{each.name} ({each.login}) may only read: {each.why_not_acting(today)}")
        for each in people.people
        if each.until is not None and today > each.until
    ]
    return found + [("contacts", text) for text in _contacts(people, acting, today)]


def _contacts(people: People, acting: Sequence[Person], today: date) -> Iterator[str]:
    if people.contacts.get("police") is None:
        yield "contacts: nobody is named for the police, who lead"
    for key, contact in people.contacts.items():
        yield from (f"contacts: {text}" for text in _unreached(f"{key} ({contact.name})", contact, today))
    for person in acting:
        if person.verified is not None:
            yield from _unreached(person.name, person, today)


def _unreached(name: str, contact: Contact | Person, today: date) -> Iterator[str]:
    if not contact.phone and not contact.email:
        yield f"{name} has neither phone nor e-mail"
    elif contact.verified is None:
        yield f"{name} was never tried out (`verified: DAY`)"
    elif today - contact.verified > _CONTACT_YEAR:
        yield f"{name} was last tried out on {contact.verified}, more than a year ago"
