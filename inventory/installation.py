"""What a control host needs to run Holdfast: the parts, and what must be done about each. Pure.

A part that is not ours is never changed: whatever was not written down as made by `holdfast setup`, or was changed
since, is refused and named.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, assert_never

from inventory import launching, rights
from inventory.errors import RefusedError
from inventory.people import Person
from inventory.rights import Right

USER = "holdfast"
HOME = Path("/var/lib/holdfast")
SETTINGS = Path("/etc/holdfast")
LAUNCHER = Path("/usr/local/bin/holdfast")
SUDOERS = Path("/etc/sudoers.d/holdfast")
_LOGIN = re.compile(r"[a-z_][a-z0-9_.-]{0,31}")
_NO_LOGIN = ("/nologin", "/false")
_FIRST_PERSON = 1000

Change = Literal["", "make", "change", "refuse"]


@dataclass(frozen=True)
class Account:
    """A system user that nobody logs in as."""

    name: str
    home: Path


@dataclass(frozen=True)
class Folder:
    """A directory with its owner and mode."""

    path: Path
    owner: str
    mode: int


@dataclass(frozen=True)
class File:
    """A file of root's; `proof` names the program that must find it right before it is put in place."""

    path: Path
    content: str
    mode: int
    proof: Literal["", "sudoers", "unit"] = ""


@dataclass(frozen=True)
class Key:
    """A key that Holdfast makes itself, as its own user, with some words of its command."""

    what: str
    path: Path
    words: tuple[str, ...]


@dataclass(frozen=True)
class Service:
    """A unit that runs, now and after a start of the machine."""

    name: str


Part = Account | Folder | File | Key | Service


@dataclass(frozen=True)
class Seen:
    """What is there of a part: `kind` of thing, owner, mode, digest of a file's bytes; a login's shell and number."""

    kind: Literal["login", "folder", "file", "other", "service"]
    owner: str = ""
    mode: int = 0
    digest: str = ""
    shell: str = ""
    uid: int = 0


@dataclass(frozen=True)
class Step:
    """One line of the plan: what, how it is now, what will be done; `change` is empty when nothing will."""

    part: Part
    what: str
    now: str
    change: Change
    why: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the documented JSON shape."""
        return {"what": self.what, "now": self.now, "change": self.change, "why": self.why}


@dataclass(frozen=True)
class Wanted:
    """What is installed: a site, its id, its people and what each role may do, the Python that runs it, what it writes.

    `systemd` tells whether systemd runs this machine; without it somebody else must keep `holdfast watch` running.
    """

    site: Path
    site_id: str
    people: Sequence[Person]
    rights: Sequence[Right]
    python: Path
    writes: Sequence[Path] = ()
    systemd: bool = True

    @property
    def state(self) -> Path:
        """Return the state directory."""
        return HOME / self.site_id


def parts(wanted: Wanted) -> list[Part]:
    """Return everything there must be, in the order it is made.

    Raises:
        RefusedError: a login of people.yml cannot stand in sudo's rules.
    """
    staff = sorted((person for person in wanted.people if person.login != "root"), key=lambda person: person.login)
    for person in staff:
        if not _LOGIN.fullmatch(person.login) or person.login == USER:
            raise RefusedError(
                f"{person.login!r} cannot stand in sudo's rules", hint="mend the login of this person in people.yml"
            )
    sudo_rules = rights.sudoers(staff, wanted.rights, str(LAUNCHER), USER)
    found: list[Part] = [
        Account(USER, HOME),
        Folder(HOME, USER, 0o700),
        Folder(wanted.state, USER, 0o700),
        File(LAUNCHER, launching.launcher(LAUNCHER, wanted.python, USER, HOME), 0o755),
        File(SUDOERS, launching.rules(wanted.site, sudo_rules), 0o440, "sudoers"),
        Key("checkpoint key", wanted.state / "keys" / "checkpoint.ed25519", ("ledger", "checkpoint", "--public")),
    ]
    return [*found, *watch_parts(wanted)]


def watch_parts(wanted: Wanted) -> list[Part]:
    """Return the units that keep the watch running and look after it, in the order they are made."""
    files: list[Part] = [
        File(launching.WATCH_FILE, launching.unit(LAUNCHER, USER, HOME, wanted.writes), 0o644, "unit"),
        File(launching.UNITS / launching.LOOK, launching.look(LAUNCHER, USER, HOME), 0o644, "unit"),
        File(launching.UNITS / launching.TIMER, launching.timer(), 0o644, "unit"),
    ]
    return [*files, Service(launching.WATCH), Service(launching.TIMER)] if wanted.systemd else files


def judge(part: Part, seen: Seen | None, made: Mapping[str, str]) -> Step:
    """Decide what must be done about one part; `made` are the parts written down as made by us, with their digests."""
    match part:
        case Account():
            return _account(part, seen)
        case Folder():
            return _folder(part, seen, made)
        case File():
            return _file(part, seen, made)
        case Key():
            there = seen is not None
            return Step(part, f"{part.what} {part.path}", "there" if there else "missing", "" if there else "make")
        case Service():
            runs = seen is not None
            return Step(part, f"service {part.name}", "runs" if runs else "does not run", "" if runs else "make")
        case _:
            assert_never(part)


def name_of(part: Part) -> str:
    """Return the name under which a part is written down."""
    match part:
        case Account(name=name):
            return f"user {name}"
        case Service(name=name):
            return f"service {name}"
        case _:
            return str(part.path)


def digest(content: str | bytes) -> str:
    """Return SHA-256, in hex."""
    return hashlib.sha256(content.encode() if isinstance(content, str) else content).hexdigest()


def _account(part: Account, seen: Seen | None) -> Step:
    what = f"user {part.name}"
    if seen is None:
        return Step(part, what, "missing", "make")
    if seen.uid >= _FIRST_PERSON or not seen.shell.endswith(_NO_LOGIN):
        why = f"{part.name} is somebody's login (number {seen.uid}, shell {seen.shell}); rename it first"
        return Step(part, what, "another user", "refuse", why)
    return Step(part, what, f"there, number {seen.uid}", "")


def _folder(part: Folder, seen: Seen | None, made: Mapping[str, str]) -> Step:
    what, asked = f"directory {part.path}", f"{part.owner} {part.mode:04o}"
    if seen is None:
        return Step(part, what, "missing", "make")
    now = f"{seen.owner} {seen.mode:04o}"
    if seen.kind != "folder":
        return Step(part, what, "something else", "refuse", f"{part.path} is no directory; move it away")
    if now == asked:
        return Step(part, what, f"there, {now}", "")
    if name_of(part) in made and seen.owner == part.owner:
        return Step(part, what, now, "change", f"becomes {asked}")
    return Step(part, what, now, "refuse", f"{part.path} is not ours: move it away, or make it {asked}")


def _file(part: File, seen: Seen | None, made: Mapping[str, str]) -> Step:
    what = f"file {part.path}"
    if seen is None:
        return Step(part, what, "missing", "make")
    if seen.kind != "file":
        return Step(part, what, "something else", "refuse", f"{part.path} is no plain file; move it away")
    same = seen.digest == digest(part.content)
    if same and (seen.owner, seen.mode) == ("root", part.mode):
        return Step(part, what, "there", "")
    if name_of(part) not in made:
        return Step(part, what, "not ours", "refuse", f"{part.path} was not written by holdfast setup; move it away")
    if not same and seen.digest != made[name_of(part)]:
        return Step(part, what, "changed by hand", "refuse", f"look what was changed in {part.path}, then move it away")
    return Step(part, what, "older" if not same else "other mode", "change")


def record(wanted: Wanted, made: Mapping[str, str]) -> str:
    """Return the content of the file that says what was installed: for Holdfast itself, and for its removal."""
    content = {
        "form": 1,
        "site": str(wanted.site),
        "site_id": wanted.site_id,
        "user": USER,
        "state": str(wanted.state),
        "made": dict(made),
    }
    return json.dumps(content, indent=2) + "\n"
