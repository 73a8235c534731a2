"""The look from outside: is the loop alive? Records and tells its silence itself, for a dead loop tells nobody."""

from __future__ import annotations

import platform
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from incident.watch import heartbeat, notifying, sending
from incident.watch.early import Notice
from incident.watch.heartbeat import LOOK, LOOP, Beat
from incident.watch.loop import STARTED
from inventory import clock as clocks
from inventory import duration
from inventory.clock import Clock
from inventory.errors import ExitCode, HoldfastError, worst
from inventory.site import Site
from ledger.ledger import Ledger
from ledger.record import Record

Told = Callable[[str], None]
SILENT, HEARD = "watch.silent", "watch.heard"
PATIENCE = timedelta(seconds=30)
"""How long a silent watch is waited for: systemd starts one that died again after ten seconds."""
_PAUSE_SECONDS = 1.0
_STARTS, _WITHIN = 5, timedelta(minutes=15)
_NEXT = "Next: systemctl status holdfast-watch; journalctl -u holdfast-watch -n 50\n"


def look(site: Site, state: Path, clock: Clock, open_ledger: Callable[[], Ledger], told: Told) -> tuple[ExitCode, str]:
    """Look once: findings, and why, when the watch is silent, which is recorded and told; unfinished when that failed.

    Where the ledger cannot be written the channels are told past it, once for each silence.
    """
    started_at = clock.now()
    why = _silence(state, clock)
    before = heartbeat.read(state, LOOK)
    try:
        ledger = open_ledger()
        why = why or restless(_starts(ledger), started_at)
        code = worst((_note(site, ledger, state, why, told), ExitCode.FINDINGS if why else ExitCode.DONE))
    except HoldfastError as error:
        told(f"error: {error.message}")
        code = ExitCode.UNFINISHED
        if why and (before is None or not before.problem):
            _tell_directly(site, _silent(why, "unrecorded", 0), told)
    if heartbeat.ever(state):
        heartbeat.write(state, Beat(LOOK, started_at, clock.now(), code, why))
    return code, why


def restless(starts: Sequence[datetime], now: datetime) -> str:
    """Return that the watch is started over and over, in words (empty: it is not)."""
    lately = [start for start in starts if timedelta() <= now - start <= _WITHIN]
    if len(lately) < _STARTS:
        return ""
    return f"the watch does not last: it was started {len(lately)} times within {duration.show(_WITHIN)}"


def _starts(ledger: Ledger) -> list[datetime]:
    newest = ledger.read(kinds=(STARTED,), newest=_STARTS * 2)
    return [record.at for record in newest if not record.body.get("once")]


def _silence(state: Path, clock: Clock) -> str:
    """Return why the watch counts as silent, once it had time to be heard again."""
    patient_until = clock.monotonic() + PATIENCE.total_seconds()
    while (why := heartbeat.silence(state, clock.now())) and clock.monotonic() < patient_until:
        clock.sleep(_PAUSE_SECONDS)
    return why


def _note(site: Site, ledger: Ledger, state: Path, why: str, told: Told) -> ExitCode:
    """Record that a silence began or ended, and tell it: at once, and every day it lasts."""
    newest = next(ledger.read(kinds=(SILENT, HEARD), newest=1), None)
    since = newest if newest is not None and newest.kind == SILENT else None
    if not why:
        if since is None:
            return ExitCode.DONE
        ledger.append(HEARD, {"silent_since": since.body["since"]})
        return notifying.put(site, ledger, _heard(since) if site.settings.notifications else [], told)
    if since is None:
        last = heartbeat.read(state, LOOP)
        heard = last.ended_at if last is not None and last.ended_at is not None else ledger.clock.now()
        since = ledger.append(SILENT, {"why": why, "since": clocks.to_text(heard)})
    days = max(0, (ledger.clock.now() - since.at).days)
    put = notifying.put(site, ledger, [_silent(why, str(since.seq), days)], told)
    return worst((put, notifying.deliver(site, ledger, told)))


def _silent(why: str, which: str, days: int) -> Notice:
    text = f"On {platform.node()}: {why}.\nNothing is copied, detected or told by itself until it runs again.\n"
    return Notice(f"watch:silent:{which}:{days}", f"The watch is silent: {why}", text + _NEXT)


def _heard(since: Record) -> list[Notice]:
    text = f"On {platform.node()}: the watch was silent since {since.body['since']} and runs again.\n"
    return [Notice(f"watch:heard:{since.seq}", "The watch runs again", text + "Next: holdfast today\n")]


def _tell_directly(site: Site, notice: Notice, told: Told) -> None:
    for name in site.settings.notifications:
        with suppress(HoldfastError):
            sending.send(site, name, notice.content())
            told(f"{name} was told past the ledger")
