"""The time of the newest record really in the data, as a system's own query answers it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from inventory import clock


def moment(answer: str | None) -> datetime | None:
    """Return the time an answer names; none if it names none, or has no offset."""
    if answer is None:
        return None
    try:
        return clock.from_text(answer)
    except ValueError:
        return None


def first(answers: Iterable[str | None]) -> str | None:
    """Return the first answer that is a time, as records hold it."""
    found = next((one for one in map(moment, answers) if one is not None), None)
    return None if found is None else clock.to_text(found)
