"""The login that asked, behind sudo too: only what the kernel and sudo vouch for, never a mere variable.

What is proved: an ordinary user cannot become anybody else, whatever the environment says. Behind sudo the variables
are believed only if the process really runs as root or as the system user `holdfast`, if they agree with each other
and with the user list, and if the kernel's own note of who logged in (where it keeps one) does not contradict them.
What is not: whoever already holds root or `holdfast` can name another login where the kernel keeps no note; they could
rewrite the ledger as well. That is what signatures and checkpoints outside are for.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Callable, Mapping
from pathlib import Path

SYSTEM_USER = "holdfast"
_FIRST_ORDINARY_UID = 1000
_NOT_SET = 2**32 - 1

Names = Callable[[int], str | None]


def current() -> str:
    """Return the login behind this process."""
    return decide(os.getuid(), os.environ, _name, _logged_in())


def decide(uid: int, environment: Mapping[str, str], names: Names, logged_in: int | None) -> str:
    """Return the login behind a process.

    Args:
        uid: the real user it runs as.
        environment: its variables.
        names: the user list: a name by its id, None if there is none.
        logged_in: who the kernel says logged in (None: it keeps no note).
    """
    own = names(uid) or f"uid-{uid}"
    if uid != 0 and not (own == SYSTEM_USER and uid < _FIRST_ORDINARY_UID):
        return own
    caller, number = environment.get("SUDO_USER", ""), environment.get("SUDO_UID", "")
    if not caller or not (number.isascii() and number.isdigit()) or names(int(number)) != caller:
        return own
    if logged_in is not None and logged_in != int(number):
        return names(logged_in) or own
    return caller


def _name(uid: int) -> str | None:
    try:
        return pwd.getpwuid(uid).pw_name
    except (KeyError, OverflowError):
        return None


def _logged_in() -> int | None:
    try:
        number = int(Path("/proc/self/loginuid").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
    return None if number == _NOT_SET else number
