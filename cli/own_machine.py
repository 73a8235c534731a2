"""A host that is the very machine a person works on is changed only by somebody who names it."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from typing import TYPE_CHECKING

from cli import output
from inventory.errors import RefusedError

if TYPE_CHECKING:
    from inventory.system import Host


def require_meant(hosts: Iterable[Host], named: str, *, again: str) -> None:
    """Let a change go on if none of the hosts is this machine, or if somebody names this machine.

    Args:
        hosts: those that are to be changed; directories of this machine are not the machine.
        named: the name given beforehand; without it the terminal is asked.
        again: the command to type, without the option.

    Raises:
        RefusedError: nobody named it, or another name was given.
    """
    own = [host.name for host in hosts if host.connection == "local" and host.root == "/"]
    if not own:
        return
    here = platform.node()
    if not named:
        output.note(f"{', '.join(own)} is the machine you work on, {here}: its accounts, SSH and settings would change")
        named = output.ask(f"to change {here} itself, type its name:")
    if named != here:
        raise RefusedError(
            f"nothing was changed: {', '.join(own)} is this machine ({here}), and nobody named it",
            hint=f"only if you mean it: {again} --this-machine {here}; else choose others with --host NAME",
        )
