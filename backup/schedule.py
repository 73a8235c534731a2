"""When is the next copy due? Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

_MOST_SLACK = timedelta(minutes=10)


def is_due(every: timedelta, last_good: datetime | None, now: datetime) -> bool:
    """Tell whether a copy must be made now.

    Due when there is none, when the last good one is `every` old (less a twentieth, at most ten minutes, so that a
    timer that fires a little early does not skip a whole period), and when it seems to come from the future: then the
    clock was set back and its age is not known.
    """
    if last_good is None or last_good > now:
        return True
    return now - last_good >= every - min(every / 20, _MOST_SLACK)


def next_due(every: timedelta, last_good: datetime | None, now: datetime) -> datetime:
    """Return when the next copy is due; `now` when it is due already."""
    return now if last_good is None or is_due(every, last_good, now) else last_good + every
