"""The watch's sign of life: one small file for the loop and one for each part, so that silence can be seen."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from incident.watch.parts import PARTS, Part
from inventory import clock, duration, launching, served
from ledger import durable, owner

LOOP, LOOK = "loop", "look"
BEAT = timedelta(seconds=15)
SILENT = timedelta(minutes=2)
"""How old the loop's newest beat may be before it counts as not running."""
LOOKED = timedelta(minutes=15)
"""How old the newest look of the independent timer may be before it counts as not running."""


@dataclass(frozen=True)
class Beat:
    """How one part (or the loop) stands: when it began and ended, its exit code, and what it said when it failed.

    `ended_at` is None while it runs; `problem` is empty when it ended well; `owner` is the process whose beat it is, so
    that it is known at once when it died (empty: not kept).
    """

    name: str
    started_at: datetime
    ended_at: datetime | None = None
    exit_code: int | None = None
    problem: str = ""
    owner: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the documented JSON shape."""
        return {
            "part": self.name,
            "started_at": clock.to_text(self.started_at),
            "ended_at": None if self.ended_at is None else clock.to_text(self.ended_at),
            "exit_code": self.exit_code,
            "problem": self.problem,
        }


def folder(state: Path) -> Path:
    """Return where the watch keeps its files."""
    return state / launching.SIGNS


def write(state: Path, beat: Beat) -> None:
    """Keep a beat."""
    folder(state).mkdir(exist_ok=True, mode=0o700)
    content = json.dumps(beat.as_json() | {"owner": beat.owner}) + "\n"
    durable.write(folder(state) / f"{beat.name}.json", content.encode(), mode=0o600)


def read(state: Path, name: str) -> Beat | None:
    """Return a beat (None: there is none, or it cannot be read)."""
    try:
        content = json.loads((folder(state) / f"{name}.json").read_text())
        ended = content["ended_at"]
        return Beat(
            name=str(content["part"]),
            started_at=clock.from_text(content["started_at"]),
            ended_at=None if ended is None else clock.from_text(ended),
            exit_code=content["exit_code"],
            problem=str(content["problem"]),
            owner=str(content.get("owner", "")),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def ever(state: Path) -> bool:
    """Tell whether the watch was ever set up here: by `holdfast setup`, or because it ran once for long."""
    return (folder(state) / f"{LOOP}.json").exists() or _installed(state)


def _installed(state: Path) -> bool:
    found = served.installation()
    return found is not None and found.state == state and str(launching.WATCH_FILE) in found.made


def taken_away(state: Path) -> bool:
    """Tell whether this is the state of a control host that has no watch (any more)."""
    found = served.installation()
    return found is not None and found.state == state and not ever(state)


def silence(state: Path, now: datetime) -> str:
    """Return why the watch counts as not running, in words (empty: it runs, or was never set up)."""
    if not ever(state):
        return ""
    beat = read(state, LOOP)
    if beat is None:
        return "the watch has left no sign of life"
    if beat.problem:
        return f"the watch ended: {beat.problem}"
    if beat.owner and owner.is_dead(beat.owner):
        return f"the watch is dead: {owner.words(beat.owner)} ended without a word"
    return _stale(beat.ended_at or beat.started_at, now)


def _stale(last: datetime, now: datetime) -> str:
    if now - last > SILENT:
        return f"the watch was last heard {duration.show(now - last)} ago"
    if last - now > SILENT:  # a watch that lives would have left a newer sign by now
        return f"the watch's last sign of life is {duration.show(last - now)} in the future: the clock was set back"
    return ""


def unlooked(state: Path, now: datetime) -> str:
    """Return why nobody would notice the end of the watch, in words (empty: its timer looks, or was never set up)."""
    beat = read(state, LOOK)
    if beat is None:
        return ""
    last = beat.ended_at or beat.started_at
    return f"nobody looked after the watch for {duration.show(abs(now - last))}" if abs(now - last) > LOOKED else ""


def ailing(state: Path, now: datetime, parts: tuple[Part, ...] = PARTS) -> dict[str, str]:
    """Return what is wrong with each part of a watch that runs, in words; parts that are well are left out."""
    found: dict[str, str] = {}
    for part in parts:
        beat = read(state, part.name)
        if beat is None:
            found[part.name] = "has never run"
        elif beat.problem:
            found[part.name] = beat.problem
        elif beat.ended_at is not None and now - beat.ended_at > part.every * 3 + SILENT:
            found[part.name] = f"last ran {duration.show(now - beat.ended_at)} ago"
        elif beat.ended_at is None and now - beat.started_at > part.limit + SILENT:
            found[part.name] = f"has been running for {duration.show(now - beat.started_at)}"
    return found
