"""The examples written into a rule: log lines it must fire on, and log lines it must leave alone.

```yaml
holdfast:
  tests:
    fires:            # each case is a list of log lines, as a log would hold them
      - ['{time} host sshd[1]: Failed password for root from 10.0.0.9 port 22']
    silent:
      - - {repeat: 3, every: 10s, line: '{time} host sshd[1]: Failed password for user{n} from 10.0.0.9 port 22'}
```
`{time}` becomes a moment that moves on by `every` (one second) with each line, `{n}` the number of the repetition.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from detect import run as runs
from detect.engine import Engine
from detect.event import CorruptError, Event
from detect.readers import reader
from detect.readers.lines import Line
from detect.rule import Header, RuleSet
from inventory import clock, duration

PASS, FAIL, UNTESTED = "pass", "fail", "untested"
_MOST_LINES = 10_000


@dataclass(frozen=True)
class Result:
    """How one rule's examples went: pass, fail (`problem` says which), or untested."""

    id: str
    title: str
    verdict: str
    examples: int
    problem: str = ""

    @property
    def passed(self) -> bool:
        """Tell whether nothing failed (an untested rule has not failed; it has not passed either)."""
        return self.verdict != FAIL

    def to_json(self) -> dict[str, Any]:
        """Return the documented shape."""
        return {
            "rule": self.id,
            "title": self.title,
            "verdict": self.verdict,
            "examples": self.examples,
            "problem": self.problem or None,
        }


def run(rules: RuleSet, now: datetime) -> list[Result]:
    """Run the examples of every rule that can be run."""
    return [_tested(header, only(rules, header.id), now) for header in rules.headers()]


def only(rules: RuleSet, identity: str) -> RuleSet:
    """Return the set of one rule alone, or of a correlation and what it builds on."""
    wanted = {identity}
    for correlation in reversed(rules.correlations):
        if correlation.header.id in wanted:
            wanted |= set(correlation.rules)
    return RuleSet(
        tuple(rule for rule in rules.rules if rule.header.id in wanted),
        tuple(rule for rule in rules.correlations if rule.header.id in wanted),
    )


def events(case: Any, now: datetime) -> list[Event]:
    """Return the events of one case.

    Raises:
        ValueError: the case is not written as described, or a line is no event.
    """
    if not isinstance(case, list):
        raise ValueError("an example must be a list of log lines")  # noqa: TRY004 - the file is wrong, not the call
    made: list[Event] = []
    at = now - timedelta(days=1)
    for number, (text, step) in enumerate(_lines(case), start=1):
        line = Line(number, 0, 0, text.replace("{time}", clock.to_text(at).replace("Z", "+00:00")))
        at += step
        try:
            event = reader.read(line, "example", "auto", now)
        except CorruptError as error:
            raise ValueError(f"line {number} is no event: {error}") from error
        made += [event] if event is not None else []
    return made


def _lines(case: list[Any]) -> Iterator[tuple[str, timedelta]]:
    for entry in case:
        if isinstance(entry, str):
            yield entry, timedelta(seconds=1)
        elif isinstance(entry, Mapping) and isinstance(entry.get("line"), str):
            step = duration.parse(str(entry.get("every", "1s")))
            for number in range(min(int(entry.get("repeat", 1)), _MOST_LINES)):
                yield entry["line"].replace("{n}", str(number)), step
        else:
            raise ValueError("an example's line must be a text, or {repeat, every, line}")  # noqa: TRY004


def _tested(header: Header, rules: RuleSet, now: datetime) -> Result:
    written = header.custom.get("tests")
    if not isinstance(written, Mapping):
        return Result(header.id, header.title, UNTESTED, 0)
    done = 0
    for kind, expected in (("fires", True), ("silent", False)):
        cases = written.get(kind) or []
        for number, case in enumerate(cases, start=1):
            done += 1
            try:
                fired = header.id in runs.fires(Engine(rules), events(case, now))
            except ValueError as error:
                return Result(header.id, header.title, FAIL, done, f"{kind} example {number}: {error}")
            if fired is not expected:
                what = "fired" if fired else "did not fire"
                return Result(header.id, header.title, FAIL, done, f"it {what} on {kind} example {number}")
        if not cases:
            return Result(header.id, header.title, FAIL, done, f"no {kind} example")
    return Result(header.id, header.title, PASS, done)
