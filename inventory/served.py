"""Is this Holdfast the one of an installed control host? Then it serves one site only, whoever calls.

What `holdfast setup` wrote down lies in a file of root's. Whoever is let in by sudo gets this site and no other, none
of the caller's settings, and only the commands of their roles as people.yml names them now.
"""

from __future__ import annotations

import json
import os
import pwd
import stat
from collections.abc import Iterator, MutableMapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from inventory import rights
from inventory.errors import RefusedError

if TYPE_CHECKING:  # every command asks whether this is a control host; only there does it matter who calls
    from inventory.people import Actor
    from inventory.rights import Right

RECORD = Path("/etc/holdfast/installation.json")
_OTHERS_WRITE = 0o022
_FOREIGN = ("HOLDFAST_", "PYTHON", "XDG_", "RESTIC_", "ANSIBLE_", "SSH_")


@dataclass(frozen=True)
class Installation:
    """The one site of a control host, the user it is run as, its state directory, and the names of what was made."""

    site: Path
    user: str
    state: Path
    made: frozenset[str] = frozenset()


def installation(record: Path = RECORD) -> Installation | None:
    """Return what was installed here; a record that somebody else than root could have written does not count."""
    try:
        status = record.stat()
        if status.st_uid != 0 or status.st_mode & _OTHERS_WRITE:
            return None
        content = json.loads(record.read_text())
        site, user, state = Path(content["site"]), str(content["user"]), Path(content["state"])
        return Installation(site, user, state, frozenset(content.get("made", ())))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def is_service(found: Installation | None) -> bool:
    """Tell whether this process is run as the user of the installation."""
    try:
        return found is not None and pwd.getpwnam(found.user).pw_uid == os.geteuid() != 0
    except KeyError:
        return False


def forget_callers_settings(environment: MutableMapping[str, str]) -> None:
    """Remove what would lead Holdfast to another site, state or program."""
    for name in [name for name in environment if name.startswith(_FOREIGN)]:
        del environment[name]


def permit(actor: Actor, arguments: Sequence[str], found: Installation, known: Sequence[Right]) -> None:
    """Let a command line pass if a role of the caller allows it, and it writes nowhere it could do harm.

    Raises:
        RefusedError: it may not be run this way.
    """
    if actor.person is None:
        raise RefusedError(
            f"login {actor.login} is not in people.yml", hint="have people.yml changed, then: sudo holdfast setup"
        )
    right = rights.allowing(known, actor.roles, arguments)
    if right is None:
        roles = ", ".join(actor.roles) or actor.why_not
        raise RefusedError(
            f"{actor.person.name} ({roles}) may not run here: holdfast {' '.join(arguments)[:80]}",
            hint="ask somebody who holds the role; options that lead to another site or to foreign files are nobody's",
        )
    for place in _places(right.places, arguments):
        require_harmless(place, found)


def require_harmless(place: Path, found: Installation) -> None:
    """Refuse a place to write to that is Holdfast's own, or that somebody else could turn elsewhere.

    Raises:
        RefusedError: it lies in the state or the site, is a link or a file that is there already (every file of this
            user may be another person's: a report written over a checkpoint), or lies below a folder of another user.
    """
    whole = Path(os.path.abspath(place))  # noqa: PTH100  # resolve() would follow the links that are looked for
    real = whole.resolve()
    for kept in (found.state, found.state.parent, found.site):
        if real.is_relative_to(kept) or kept.is_relative_to(real):
            raise RefusedError(f"{place} lies in Holdfast's own {kept}", hint="name a place directly in /tmp")
    for folder in dict.fromkeys((*whole.parents, *real.parents)):
        if (folder.exists() or folder.is_symlink()) and _turnable(folder.lstat()):
            raise RefusedError(
                f"somebody else could turn {place} elsewhere at {folder}", hint="name a place directly in /tmp"
            )
    if whole.is_symlink():
        raise RefusedError(f"{place} is a link", hint="name a place directly in /tmp that is not there yet")
    if whole.exists() and not whole.is_dir():
        raise RefusedError(f"{place} is there already", hint="name a place directly in /tmp that is not there yet")


def _turnable(folder: os.stat_result) -> bool:
    """Tell whether somebody else than root and ourselves could exchange what lies in a folder."""
    if folder.st_uid not in {0, os.geteuid()}:
        return True
    return (
        not stat.S_ISLNK(folder.st_mode) and bool(folder.st_mode & _OTHERS_WRITE) and not folder.st_mode & stat.S_ISVTX
    )


def _places(options: Sequence[str], arguments: Sequence[str]) -> Iterator[Path]:
    for option, value in zip(arguments, [*arguments[1:], ""], strict=True):
        if option in options:
            yield Path(value)
