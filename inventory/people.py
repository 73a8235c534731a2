"""Who may act: the people of a site, and the person behind the login that runs a command."""

from __future__ import annotations

import getpass
import os
import pwd
from dataclasses import dataclass
from typing import Literal

from inventory.errors import RefusedError
from inventory.system import Strict

Role = Literal["viewer", "security", "operator", "responder", "approver", "head"]


class Person(Strict):
    """One member of staff, as `people.yml` names them."""

    name: str
    login: str
    roles: list[Role] = ["viewer"]
    key: str = ""
    deputy: str = ""
    phone: str = ""


class Contact(Strict):
    """Somebody outside who must be reached, such as the police lead."""

    name: str
    phone: str = ""
    email: str = ""


class People(Strict):
    """The content of `people.yml`."""

    people: list[Person] = []
    contacts: dict[str, Contact] = {}


@dataclass(frozen=True)
class Actor:
    """The login that runs a command, and the person it belongs to (None: unknown, may only read)."""

    login: str
    person: Person | None

    def may(self, *roles: Role) -> None:
        """Let the command go on if the person holds one of `roles`.

        Raises:
            RefusedError: the login is not in people.yml or holds none of them.
        """
        if self.person is None:
            raise RefusedError(
                f"login {self.login} is not in people.yml and may only read",
                hint=f"add {self.login} to people.yml with the role {' or '.join(roles)}",
            )
        if not set(roles) & set(self.person.roles):
            raise RefusedError(
                f"{self.person.name} holds {', '.join(self.person.roles)}; this needs {' or '.join(roles)}",
                hint="ask somebody who holds the role, or have people.yml changed",
            )


def current_login() -> str:
    """Return the login that asked: behind sudo the one who called it, else the process's own user."""
    if os.getuid() == 0 and (caller := os.environ.get("SUDO_USER")):
        return caller
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return getpass.getuser()


def who(login: str, people: People) -> Actor:
    """Match a login to a person."""
    return Actor(login, next((person for person in people.people if person.login == login), None))
