"""One question to this installation and its answer; every question asked apart, so that none holds up the others."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from incident.facts import WORST_FIRST, State
from inventory.clock import Clock
from inventory.errors import ExitCode, HoldfastError

LIMIT = 20.0
"""Seconds a check may take unless it says otherwise: a dead network disk answers never."""


@dataclass(frozen=True)
class Found:
    """What a check saw of one thing; `mend` is the command that mends it (empty: the check's own)."""

    state: State
    found: str
    subject: str = ""
    mend: str = ""


@dataclass(frozen=True)
class Check:
    """One question: its id, why it matters, how to look, what mends it, and how long it may take (seconds).

    A check that looks at other machines is `remote`, and left out of a quick round.
    """

    id: str
    why: str
    look: Callable[[], Iterable[Found]]
    mend: str = ""
    limit: float = LIMIT
    remote: bool = False


@dataclass(frozen=True)
class Finding:
    """The answer to one check about one thing; `mend` is the command that mends what is not green."""

    check: str
    subject: str
    state: State
    found: str
    why: str
    mend: str

    def as_json(self) -> dict[str, Any]:
        """Return the documented JSON shape."""
        return {
            "check": self.check,
            "subject": self.subject,
            "state": self.state,
            "found": self.found,
            "why": self.why,
            "mend": self.mend,
        }


def examine(checks: Sequence[Check], clock: Clock, told: Callable[[str], None] = lambda _: None) -> list[Finding]:
    """Ask every check at the same time; one that fails, finds nothing or does not end in time is unknown."""
    started = clock.monotonic()
    asked = [(check, _Asked(check)) for check in checks]
    found: list[Finding] = []
    for check, answer in asked:
        told(check.id)
        found += answer.within(check.limit - (clock.monotonic() - started))
    return found


def exit_code(found: Sequence[Finding]) -> ExitCode:
    """Return 1 when something is red or unknown, or nothing was asked at all; else 0."""
    bad = not found or any(each.state in {"red", "unknown"} for each in found)
    return ExitCode.FINDINGS if bad else ExitCode.DONE


def worst(states: Iterable[State]) -> State:
    """Return the state that counts for all of them; none at all is unknown."""
    return min(states, key=WORST_FIRST.index, default="unknown")


class _Asked:
    """A check at work in a thread of its own; a thread that never ends does not keep the program alive."""

    def __init__(self, check: Check) -> None:
        self._check = check
        self._answers: list[Found] | None = None
        self._thread = threading.Thread(target=self._look, daemon=True, name=check.id)
        self._thread.start()

    def within(self, seconds: float) -> list[Finding]:
        self._thread.join(max(0.0, seconds))
        answers = self._answers
        if answers is None:
            answers = [Found("unknown", f"no answer within {self._check.limit:g} seconds")]
        return [_finding(self._check, each) for each in answers]

    def _look(self) -> None:
        try:
            answers = list(self._check.look()) or [Found("unknown", "there was nothing to look at")]
        except HoldfastError as error:
            hint = error.hint if error.hint.startswith("holdfast ") else ""
            answers = [Found("unknown", f"could not be checked: {' '.join(error.message.split())}", mend=hint)]
        except OSError as error:
            answers = [Found("unknown", f"could not be checked: {error.strerror or error} ({error.filename})")]
        except Exception as error:  # a fault of ours in one check must not hide what the others see
            answers = [Found("unknown", f"could not be checked: {type(error).__name__}: {error}")]
        self._answers = answers


def _finding(check: Check, found: Found) -> Finding:
    mend = "" if found.state == "green" else found.mend or check.mend
    return Finding(check.id, found.subject, found.state, found.found, check.why, mend)
