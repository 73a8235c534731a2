"""Taking an installation away: exactly what setup wrote down as made, and what remains is named."""

from __future__ import annotations

import pwd
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inventory import installation, installing, launching, machine
from inventory.errors import HoldfastError, UsageError
from inventory.installing import Written
from inventory.served import RECORD


@dataclass(frozen=True)
class Removal:
    """One thing setup made: `remove` tells whether it goes; `why` it stays, or that it is gone already."""

    name: str
    remove: bool
    why: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the documented JSON shape."""
        return {"what": self.name, "remove": self.remove, "why": self.why}


def require_written() -> Written:
    """Return what setup wrote down.

    Raises:
        UsageError: nothing was set up here.
    """
    found = installing.written()
    if found is None:
        raise UsageError("nothing was set up on this machine", hint=f"there is no {RECORD}")
    return found


def plan(found: Written, *, with_state: bool) -> list[Removal]:
    """Return everything that was made, the last first, with what becomes of it."""
    return [_judge(name, found.made[name], with_state) for name in reversed(list(found.made))]


def watch_plan(found: Written) -> list[Removal]:
    """Return what was made for the watch, the last first, and its signs of life; the ledger keeps its records."""
    ours = {
        *(str(launching.UNITS / unit) for unit in (launching.WATCH, launching.LOOK, launching.TIMER)),
        *(f"service {unit}" for unit in (launching.WATCH, launching.TIMER)),
    }
    steps = [_judge(name, digest, False) for name, digest in reversed(list(found.made.items())) if name in ours]
    signs = found.state / launching.SIGNS
    return [*steps, Removal(f"{_SIGNS} {signs}", True)] if signs.exists() else steps


def carry_out(found: Written, steps: Sequence[Removal]) -> None:
    """Remove what the plan says, one after the other; what stays, stays written down.

    Raises:
        HoldfastError: something could not be removed; it and what came after it are still written down.
    """
    left = dict(found.made)
    for step in steps:
        if step.remove:
            _remove(step.name)
        if step.remove or step.why == _GONE:
            left.pop(step.name, None)
            _keep(left)


def remains(steps: Sequence[Removal]) -> list[str]:
    """Return what is there after the removal, so that nobody takes the machine for clean when it is not."""
    kept = [f"{step.name}: {step.why}" for step in steps if not step.remove and step.why != _GONE]
    return [*kept, *([f"{RECORD}: it names what remains"] if kept else [])]


_SIGNS = "signs of life in"
_GONE = "gone already"
_KEPT = "kept: it is the state, with ledger and passwords; --with-state removes it"


def _judge(name: str, digest: str, with_state: bool) -> Removal:
    if name.startswith("service "):
        return Removal(name, True)
    user, path = name == f"user {installation.USER}", Path(name)
    if (user and _no_login(installation.USER)) or not (user or path.exists()):
        return Removal(name, False, _GONE)
    if user or path.is_relative_to(installation.HOME):
        why = "kept: the state belongs to it" if user else _KEPT
        return Removal(name, with_state, "" if with_state else why)
    if installation.digest(path.read_bytes()) != digest:
        return Removal(name, False, "kept: it was changed by hand since")
    return Removal(name, True)


def _no_login(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return True
    return False


def _remove(name: str) -> None:
    kind, _, rest = name.partition(" ")
    if kind == "service":
        machine.end(rest)
        return
    if kind == "user" and rest:
        machine.run("userdel", rest)
        return
    if name.startswith(_SIGNS):  # its folders are the user's, who could turn them elsewhere: root's hands stay off
        machine.run("runuser", "-u", installation.USER, "--", "rm", "-rf", "--", name.removeprefix(f"{_SIGNS} "))
        return
    path = Path(name)
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    except OSError as error:
        raise HoldfastError(f"{path} cannot be removed: {error.strerror}", hint="then run the command again") from error
    if path.parent == launching.UNITS:
        machine.forget(path.name)


def _keep(left: dict[str, str]) -> None:
    """Write down what is still there; nothing left: the record goes, and its folder if nothing else is in it."""
    if left:
        installing.rewrite(left)
        return
    RECORD.unlink(missing_ok=True)
    if installation.SETTINGS.is_dir() and not any(installation.SETTINGS.iterdir()):
        installation.SETTINGS.rmdir()
