"""Moments as logs write them. What has no zone is taken as UTC; what has no year gets one from `now`."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_FRACTION = re.compile(r"(\.\d{6})\d+")
_AHEAD = timedelta(days=1)


def iso(value: Any) -> datetime | None:
    """Read an ISO 8601 moment; digits beyond microseconds are cut."""
    if not isinstance(value, str) or not 8 <= len(value) <= 64:
        return None
    try:
        moment = datetime.fromisoformat(_FRACTION.sub(r"\1", value.strip()))
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def epoch(value: Any, unit: float) -> datetime | None:
    """Read a count of `unit` seconds since 1970, written as number or text."""
    try:
        return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=round(float(value) * unit * 1_000_000))
    except (TypeError, ValueError, OverflowError):
        return None


def bsd(month: str, day: str, clock: str, now: datetime) -> datetime | None:
    """Read `Nov 23 03:10:00` (RFC 3164): the newest such moment not more than a day ahead of `now`, in UTC."""
    try:
        hour, minute, second = (int(part) for part in clock.split(":"))
        number = _MONTHS.index(month.title()) + 1
    except ValueError:
        return None
    for year in (now.year + 1, now.year, now.year - 1, now.year - 2, now.year - 3, now.year - 4):
        try:
            moment = datetime(year, number, int(day), hour, minute, second, tzinfo=UTC)
        except ValueError:  # 29 February only exists in some years
            continue
        if moment <= now + _AHEAD:
            return moment
    return None


def asctime(value: str) -> datetime | None:
    """Read Apache's `Sun Dec 04 04:47:44.123 2005` (local time of the server; taken as UTC)."""
    try:
        _, month, day, clock, year = value.split()
        return iso(f"{year}-{_MONTHS.index(month) + 1:02d}-{int(day):02d}T{clock}")
    except ValueError:
        return None


def clf(value: str) -> datetime | None:
    """Read a web log's `23/Nov/2026:03:10:00 +0000`."""
    try:
        day, month, rest = value.split("/", 2)
        year, hour, minute, tail = rest.split(":", 3)
        second, zone = tail.split(" ")
        text = f"{year}-{_MONTHS.index(month) + 1:02d}-{day}T{hour}:{minute}:{second}{zone[:3]}:{zone[3:]}"
        return iso(text)
    except ValueError:
        return None
