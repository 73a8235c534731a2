"""A clock that stands still until a test moves it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class FakeClock:
    """Wall time and monotonic time move together by `sleep` and `advance`; `set` moves the wall time alone."""

    def __init__(self, now: datetime = datetime(2026, 11, 23, 3, 10, tzinfo=UTC)) -> None:
        self._now = now
        self._monotonic = 1000.0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def sleep(self, seconds: float) -> None:
        self.advance(seconds=seconds)

    def advance(self, **amount: float) -> datetime:
        """Let time pass (`hours=4`, `seconds=30` …) and return the new moment."""
        passed = timedelta(**amount)
        self._now += passed
        self._monotonic += passed.total_seconds()
        return self._now

    def set(self, now: datetime) -> None:
        """Step the wall clock, as an operator or a time server would: monotonic time does not follow."""
        self._now = now
