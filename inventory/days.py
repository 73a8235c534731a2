"""Days where the site is: a deadline that is a day ends at that day's midnight there. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator


def zone(name: str) -> tzinfo:
    """Return a time zone by its name, such as `Asia/Ho_Chi_Minh`.

    Raises:
        ValueError: this machine knows no such zone.
    """
    if name == "UTC":  # also where no list of zones is installed
        return UTC
    try:
        return ZoneInfo(name)
    except (OSError, KeyError, ValueError) as error:
        raise ValueError(f"{name!r} is no time zone this machine knows; write it like Asia/Ho_Chi_Minh") from error


def local(now: datetime, name: str) -> date:
    """Return which day it is in a time zone."""
    return now.astimezone(zone(name)).date()


def clock_time(now: datetime, name: str) -> datetime:
    """Return what the clocks on the wall show in a time zone, as a moment without a zone."""
    return now.astimezone(zone(name)).replace(tzinfo=None)


def end(day: date, name: str) -> datetime:
    """Return the moment a day is over in a time zone: its midnight."""
    return datetime.combine(day + timedelta(days=1), time(), zone(name))


def _known(name: str) -> str:
    zone(name)
    return name


ZoneName = Annotated[str, AfterValidator(_known)]
