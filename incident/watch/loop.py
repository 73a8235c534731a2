"""The loop: start each part when it is time, end what takes too long, note how each ended. Does no work itself.

Each part runs in a process of its own, so one that fails, hangs or grows holds up nobody; and one watch at a time works
for a site: the loop owns a lease, and goes when it has lost it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from incident.watch import heartbeat
from incident.watch.heartbeat import BEAT, LOOP, Beat
from incident.watch.parts import Part
from inventory import duration
from inventory.errors import ExitCode, worst
from ledger.ledger import Ledger
from ledger.owner import Lease

LEASE, STARTED = "watch", "watch.started"
_LENGTH = timedelta(minutes=2)
_TICK_SECONDS = 0.25
_WELL = (ExitCode.DONE, ExitCode.FINDINGS)
_LAST_LINES = 4096


class Child(Protocol):
    """A process at work."""

    def ended(self) -> int | None:
        """Return its exit code, or None while it runs."""
        ...

    def stop(self) -> None:
        """End it and everything it started."""
        ...


Start = Callable[[Part, Path], Child]
"""Starts a round of a part; both its outputs go to the file."""


@dataclass
class _Round:
    child: Child
    started_at: datetime
    started: float
    stopping: bool = False


class Loop:
    """One watch of one site."""

    def __init__(
        self, ledger: Ledger, state: Path, parts: Sequence[Part], start: Start, told: Callable[[str], None]
    ) -> None:
        self._ledger = ledger
        self._clock = ledger.clock
        self._state = state
        self._parts = parts
        self._start = start
        self._told = told
        self._rounds: dict[str, _Round] = {}
        self._next = {part.name: self._clock.monotonic() for part in parts}
        self._codes: dict[str, ExitCode] = {}
        self._once = False

    def run(self, *, once: bool) -> ExitCode:
        """Go on until interrupted, or with `once` until each part has ended; the worst exit code of the last rounds.

        Raises:
            LeaseLostError: another watch works for this site.
        """
        self._once = once
        lease = self._ledger.own(LEASE, length=_LENGTH)
        self._ledger.append(STARTED, self._beginning(once))
        problem = "it was not ended in an orderly way"
        try:
            self._turn(lease, once)
            problem = "" if once else problem
        except KeyboardInterrupt:
            problem = "it was told to end"
            raise
        finally:
            self._end_all()
            if not once:
                self._beat(problem)
            self._ledger.append("watch.ended", {"reason": problem or "done"})
            self._ledger.disown(lease)
        return worst(self._codes.values())

    def _beginning(self, once: bool) -> dict[str, Any]:
        """Return what is recorded of the start: among it for how long no watch was heard before (None: never)."""
        last = None if once else heartbeat.read(self._state, LOOP)
        silent = None if last is None else (self._clock.now() - (last.ended_at or last.started_at)).total_seconds()
        names = [part.name for part in self._parts]
        return {"pid": os.getpid(), "parts": names, "once": once, "silent_seconds": silent and round(silent)}

    def _turn(self, lease: Lease, once: bool) -> None:
        last_beat = last_lease = None
        while True:
            now = self._clock.monotonic()
            if last_lease is None or now - last_lease >= _LENGTH.total_seconds() / 4:
                lease, last_lease = self._ledger.own(lease.name, length=_LENGTH), now
            if not once and (last_beat is None or now - last_beat >= BEAT.total_seconds()):
                self._beat()
                last_beat = now
            for part in self._parts:
                self._look_after(part, now, once)
            if once and len(self._codes) == len(self._parts):
                return
            self._clock.sleep(_TICK_SECONDS)

    def _look_after(self, part: Part, now: float, once: bool) -> None:
        running = self._rounds.get(part.name)
        if running is None:
            if now >= self._next[part.name] and not (once and part.name in self._codes):
                self._begin(part, now)
            return
        code = running.child.ended()
        if code is not None:
            self._finish(part, running, code)
        elif not running.stopping and now - running.started > part.limit.total_seconds():
            running.stopping = True  # ending it may hang as well: somebody else waits for that
            threading.Thread(target=running.child.stop, daemon=True).start()

    def _begin(self, part: Part, now: float) -> None:
        log = heartbeat.folder(self._state) / f"{part.name}.log"
        log.parent.mkdir(exist_ok=True, mode=0o700)
        log.unlink(missing_ok=True)
        started_at = self._clock.now()
        heartbeat.write(self._state, Beat(part.name, started_at, problem=self._known(part)))
        self._next[part.name] = now + part.every.total_seconds()
        self._rounds[part.name] = _Round(self._start(part, log), started_at, now)

    def _finish(self, part: Part, ended: _Round, code: int) -> None:
        del self._rounds[part.name]
        problem = ""
        if ended.stopping:
            problem = f"it took longer than {duration.show(part.limit)} and was ended"
        elif code not in _WELL:
            problem = self._said(part) or f"it ended with {code}"
        known = self._known(part)
        heartbeat.write(self._state, Beat(part.name, ended.started_at, self._clock.now(), code, problem))
        self._codes[part.name] = ExitCode(code) if code in set(ExitCode) and not ended.stopping else ExitCode.UNFINISHED
        if problem != known:
            kind = "watch.failed" if problem else "watch.mended"
            self._ledger.append(kind, {"part": part.name, "problem": problem or known})
        if self._once:  # somebody waits for how it ends
            took = duration.show(self._clock.monotonic() - ended.started)
            words = problem or ("findings: " + self._said(part) if code == ExitCode.FINDINGS else "done")
            self._told(f"{part.name}: {words} ({took})")
        elif problem != known:
            self._told(f"{part.name}: {problem or 'runs again'}")

    def _known(self, part: Part) -> str:
        before = heartbeat.read(self._state, part.name)
        return before.problem if before is not None else ""

    def _said(self, part: Part) -> str:
        """Return the error a round ended with, from its output."""
        log = heartbeat.folder(self._state) / f"{part.name}.log"
        try:
            text = log.read_bytes()[-_LAST_LINES:].decode(errors="replace")
        except OSError:
            return ""
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        errors = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
        return (errors or lines or [""])[-1][:300]

    def _end_all(self) -> None:
        for name, running in self._rounds.items():
            running.child.stop()
            heartbeat.write(self._state, Beat(name, running.started_at, self._clock.now(), None, "the watch ended"))
        self._rounds.clear()

    def _beat(self, problem: str = "") -> None:
        now = self._clock.now()
        heartbeat.write(self._state, Beat(LOOP, now, now, None, problem, self._ledger.holder))
