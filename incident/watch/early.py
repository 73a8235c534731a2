"""Early warnings: what the clocks of open incidents are close to, said before it is late, and once each. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from incident.clocks import IncidentClock
from inventory import clock as clocks
from inventory import duration


@dataclass(frozen=True)
class Notice:
    """Something people are to be told: its key (the same for the same thing), the subject, and the text."""

    key: str
    subject: str
    text: str

    def content(self) -> dict[str, str]:
        """Return what goes into the outbox."""
        return {"subject": self.subject, "text": self.text}


def notices(incident: str, title: str, running: Iterable[IncidentClock]) -> list[Notice]:
    """Return a notice for each clock that passed a mark and is not stopped: of the highest mark it passed.

    What is due at once is told from its start on, and again with each reminder until it is recorded.
    """
    found = []
    for each in running:
        mark = _mark(each)
        if not mark:
            continue
        whose = f" of {each.system}" if each.system else ""
        key = ":".join(("clock", incident, each.key, each.system or "", clocks.to_text(each.due), mark))
        state = f"is LATE by {duration.show(-each.left)}" if each.late else f"has {duration.show(each.left)} left"
        if each.remind_every is not None:
            state = f"is due AT ONCE, not recorded for {duration.show(each.used)}"
        used = f"{each.share:.0%} of the time is used"
        text = f"{title}\n{each.title}{whose}: due {clocks.to_text(each.due)[:16].replace('T', ' ')} UTC, {used}\n"
        next_ = f"Next: holdfast incident show {incident}\n"
        found.append(Notice(key, f"{incident}: {each.title}{whose} {state}", text + next_))
    return found


def _mark(each: IncidentClock) -> str:
    """Return the highest mark a clock has passed, or an empty text: another mark is another notice."""
    if each.stopped is not None:
        return ""
    if each.remind_every is not None:
        return f"reminder {each.reminders}"
    if each.late:
        return "late"
    return "" if each.warning is None else f"{each.warning:.0%}"
