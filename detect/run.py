"""Rules over files given by hand: no site, no state, just what hits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from detect import sources
from detect.engine import Engine, Finding, Hit, Place
from detect.event import Event, Reference
from detect.rule import Header, RuleSet
from detect.sources import Tally
from inventory import clock

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Shown:
    """One hit as it is reported: `time` is the event's own (None: it has none); `count` how many events are in it."""

    header: Header
    time: datetime | None
    reference: Reference
    count: int = 1

    def to_json(self) -> dict[str, Any]:
        """Return the documented shape of `detect run --json`."""
        return {
            "rule": self.header.id,
            "title": self.header.title,
            "level": self.header.level,
            "time": None if self.time is None else clock.to_text(self.time),
            "event": self.reference.to_json(),
        }

    def to_line(self) -> str:
        """Return one line for people."""
        when = "-" if self.time is None else f"{self.time:%Y-%m-%d %H:%M:%S}Z"
        many = f" ({self.count} events)" if self.count > 1 else ""
        place = f"{self.reference.file}:{self.reference.line}"
        return f"{when}  {self.header.level:<13}  {self.header.title}{many}  {place}"


def over_files(
    engine: Engine, files: Sequence[str], now: datetime, tally: Tally, progress: Progress = lambda _text: None
) -> Iterator[Shown]:
    """Yield every hit: those of single events as they are read, those of correlations at the end.

    A correlation's hit is shown at the event with which its condition was met first.

    Raises:
        UnreadableError: a file cannot be read.
    """
    for file in files:
        progress(file)
        for event in sources.events(file, now, tally):
            for hit in engine.feed(event, Place(log=file, source=file)):
                yield _shown(hit)
    for finding in engine.findings():
        yield _summed(finding)


def summary(rules: RuleSet, tally: Tally, hits: int, seconds: float) -> str:
    """Return the one line that ends a run: counts, and how long it took."""
    usable, unusable = len(rules.headers()), len(rules.unusable)
    not_run = f" ({unusable} not run)" if unusable else ""
    return (
        f"{tally.events} events, {tally.corrupt} corrupt lines, {usable} rules{not_run}, {hits} hits "
        f"in {seconds:.1f} seconds"
    )


def fires(engine: Engine, events: Sequence[Event]) -> set[str]:
    """Return the ids of the rules that say anything about these events."""
    hit = {hit.header.id for event in events for hit in engine.feed(event)}
    return hit | {finding.header.id for finding in engine.findings()}


def _shown(hit: Hit) -> Shown:
    return Shown(hit.header, hit.event.time, hit.event.reference)


def _summed(finding: Finding) -> Shown:
    burst = finding.burst
    at = burst.occurrences[burst.met]
    return Shown(finding.header, at.time, at.reference, len(burst.references))
