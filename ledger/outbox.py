"""Messages that must reach somebody: kept until they are sent, tried again, given up in the open.

A message has a key that says what it is about: the same key is the same message, however often and by whomever it is
put. Whoever sends claims messages first, for a while, so that no two senders send one at the same time; a sender that
dies loses its claim when the time is over, and the message is sent by the next. A message may therefore arrive twice if
a sender dies between sending and saying so; it never gets lost.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from inventory import clock
from inventory.errors import UsageError
from ledger.connection import Connection
from ledger.errors import LeaseLostError
from ledger.ledger import Ledger

SENT, DEAD, PUT, AGAIN = "message.sent", "message.dead", "message.put", "message.again"
WAITING, GONE, GIVEN_UP = "waiting", "sent", "dead"

MOST_ATTEMPTS = 10
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=1)
CLAIM = timedelta(minutes=5)
_FREE = ""
_COLUMNS = ("key", "channel", "content", "state", "created_at", "due", "attempts", "problem", "claim")
_ROW = ", ".join(_COLUMNS)


@dataclass(frozen=True)
class Message:
    """One message: its key, the channel of holdfast.yml it goes to, what it says, and how far it is.

    `state` is `waiting`, `sent` or `dead`; `due` when it is tried next; `problem` why the last attempt failed; `claim`
    the sender it is with (empty: nobody), good until the moment in it.
    """

    key: str
    channel: str
    content: Mapping[str, Any]
    state: str
    created_at: datetime
    due: datetime
    attempts: int
    problem: str
    claim: str

    def to_json(self) -> dict[str, Any]:
        """Return the documented shape of one message in `holdfast ledger outbox list --json`."""
        return {
            "key": self.key,
            "channel": self.channel,
            "content": dict(self.content),
            "state": self.state,
            "created_at": clock.to_text(self.created_at),
            "due": clock.to_text(self.due),
            "attempts": self.attempts,
            "problem": self.problem,
        }


def wait_after(attempts: int) -> timedelta:
    """Return how long to wait after so many failed attempts: a minute, doubled each time, an hour at most."""
    doubled: int = 2 ** min(attempts - 1, 30)
    return min(FIRST_WAIT * doubled, LONGEST_WAIT)


def put(ledger: Ledger, key: str, channel: str, content: Mapping[str, Any], *, due: datetime | None = None) -> bool:
    """Keep a message to be sent at `due` (None: now); False if one with this key was put before, sent or not.

    Raises:
        LedgerError: it was not kept.
    """
    now = ledger.clock.now()
    text = json.dumps(dict(content), sort_keys=True, ensure_ascii=False)
    row = (key, channel, text, WAITING, clock.to_text(now), clock.to_text(due or now), 0, "", _FREE)
    if _found(ledger, "key = ?", (key,)):
        return False

    def add(connection: Connection) -> None:
        if connection.one("SELECT 1 FROM outbox WHERE key = ?", (key,)) is not None:
            raise _PutBeforeError
        connection.run(f"INSERT INTO outbox ({_ROW}) VALUES ({', '.join('?' * len(row))})", row)

    try:
        ledger.store.append(now, ledger.actor, [(PUT, None, {"key": key, "channel": channel})], also=add)
    except _PutBeforeError:
        return False
    return True


def due(ledger: Ledger) -> list[Message]:
    """Return the messages to be sent now that are with nobody, the longest due first."""
    return _found(ledger, f"state = ? AND {_READY}", (WAITING, *_ready(ledger.clock.now())))


_READY = (
    "(due <= ? OR (attempts = 0 AND created_at > ?) OR (attempts > 0 AND due > ?))"
    " AND (claim = ? OR claim < ? OR claim > ?)"
)
"""Due and with nobody; what could only be so late because the clock was set back since counts as due and as free."""


def _ready(now: datetime) -> tuple[str, ...]:
    at, beyond = clock.to_text(now), clock.to_text(now + LONGEST_WAIT)
    return (at, at, beyond, _FREE, at, beyond)


def claim(ledger: Ledger, message: Message, *, length: timedelta = CLAIM) -> Message | None:
    """Take a message to send it, for `length`, an hour at most; None if somebody has it, or it is not due any more."""
    now = ledger.clock.now()
    mine = f"{clock.to_text(now + length)} {ledger.holder}"
    free = f"key = ? AND state = ? AND {_READY}"
    values = (message.key, WAITING, *_ready(now))
    with ledger.store.write() as connection:
        if connection.run(f"UPDATE outbox SET claim = ? WHERE {free}", (mine, *values)) == 0:
            return None
        row = connection.one(f"SELECT {_ROW} FROM outbox WHERE key = ?", (message.key,))
        assert row is not None
        return _message(row)


def sent(ledger: Ledger, message: Message) -> None:
    """Record that a claimed message reached its channel.

    Raises:
        LeaseLostError: it is somebody else's by now; it may have been sent twice.
        LedgerError: not recorded; it will be sent again.
    """
    body = {"key": message.key, "channel": message.channel, "attempts": message.attempts + 1}
    new = {"state": GONE, "attempts": message.attempts + 1, "problem": "", "claim": _FREE}
    _settle(ledger, message, [(SENT, None, body)], new)


def failed(ledger: Ledger, message: Message, problem: str) -> Message:
    """Note why a claimed message could not be sent: it waits longer each time, and is given up after the last attempt.

    Raises:
        LeaseLostError: it is somebody else's by now.
    """
    attempts = message.attempts + 1
    dead = attempts >= MOST_ATTEMPTS
    body = {"key": message.key, "channel": message.channel, "attempts": attempts, "problem": problem[:500]}
    new = {
        "state": GIVEN_UP if dead else WAITING,
        "attempts": attempts,
        "problem": problem[:500],
        "due": clock.to_text(ledger.clock.now() + wait_after(attempts)),
        "claim": _FREE,
    }
    return _settle(ledger, message, [(DEAD, None, body)] if dead else [], new)


def again(ledger: Ledger, key: str) -> Message:
    """Let a message that was given up be sent anew, from the first attempt.

    Raises:
        UsageError: there is no such message, or it was not given up.
    """
    found = _found(ledger, "key = ?", (key,))
    if not found:
        raise UsageError(f"there is no message {key!r}", hint="holdfast ledger outbox list")
    if found[0].state != GIVEN_UP:
        raise UsageError(f"message {key!r} is {found[0].state}, not dead", hint="only a dead message is sent anew")
    new = {"state": WAITING, "attempts": 0, "due": clock.to_text(ledger.clock.now()), "claim": _FREE}
    return _settle(ledger, found[0], [(AGAIN, None, {"key": key})], new)


def listed(ledger: Ledger, states: Sequence[str] = ()) -> list[Message]:
    """Return messages, the longest due first, of some states (none given: of all)."""
    if not states:
        return _found(ledger, "1 = 1", ())
    return _found(ledger, f"state IN ({', '.join('?' * len(states))})", tuple(states))


def _settle(
    ledger: Ledger, message: Message, entries: Sequence[tuple[str, None, dict[str, Any]]], new: Mapping[str, Any]
) -> Message:
    """Change a message that is still as it was given, together with its record."""
    settled: list[Message] = []

    def change(connection: Connection) -> None:
        columns = ", ".join(f"{name} = ?" for name in new)
        same = "key = ? AND state = ? AND claim = ?"
        values = (*new.values(), message.key, message.state, message.claim)
        if connection.run(f"UPDATE outbox SET {columns} WHERE {same}", values) == 0:
            raise LeaseLostError(
                f"message {message.key!r} is with another sender now", hint="holdfast ledger outbox list"
            )
        row = connection.one(f"SELECT {_ROW} FROM outbox WHERE key = ?", (message.key,))
        assert row is not None
        settled.append(_message(row))

    ledger.store.append(ledger.clock.now(), ledger.actor, entries, also=change)
    return settled[0]


def _found(ledger: Ledger, condition: str, values: Sequence[Any]) -> list[Message]:
    with ledger.store.reading() as connection:
        query = f"SELECT {_ROW} FROM outbox WHERE {condition} ORDER BY due, key"
        return [_message(row) for row in connection.each(query, values)]


def _message(row: Sequence[Any]) -> Message:
    named = dict(zip(_COLUMNS, row, strict=True))
    moments = {name: clock.from_text(named[name]) for name in ("created_at", "due")}
    return Message(**named | moments | {"content": json.loads(named["content"])})


class _PutBeforeError(Exception):
    """Another process put the same message in this moment."""
