"""What the ledger asks of its database: append, read, alerts, leases."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from ledger import durable, leases, migration
from ledger import record as records
from ledger.chain import Row, as_bytes
from ledger.connection import Connection
from ledger.database import Database
from ledger.errors import LedgerError
from ledger.owner import Lease
from ledger.record import Record

ALERT = ("id", "system", "rule", "level", "raised_at", "state", "incident", "body")
_INSERT_RECORD = "INSERT INTO records (seq, kind, system, payload, hash) VALUES (?, ?, ?, ?, ?)"
_INSERT_ALERT = f"INSERT INTO alerts ({', '.join(ALERT)}, seq, place) VALUES ({', '.join('?' * 10)})"


class Store:
    """One ledger database, brought to this version's schema; every public method is one transaction."""

    def __init__(self, url: str, password: Callable[[], str] | None = None) -> None:
        self.database = Database(url, password)
        if self.database.path is not None:
            with self.database.told():
                durable.make_private(self.database.path)
        migration.bring_up(self.database)

    def close(self) -> None:
        """Let go of the database."""
        self.database.close()

    @contextmanager
    def writing(self) -> Iterator[tuple[Connection, int, str]]:
        """Be the only writer: hold the head row, whose number and hash are yielded too; all or nothing."""
        with self.database.write() as connection:
            head = connection.one(f"SELECT seq, hash FROM head WHERE id = 1{connection.locked}")
            if head is None:
                raise LedgerError(
                    f"{self.database.name} has lost its head row", hint="keep it, and run: holdfast ledger verify"
                )
            yield connection, head[0], head[1]

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Be the only writer; all or nothing."""
        with self.writing() as (connection, _, _):
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """See one moment of the ledger."""
        with self.database.read() as connection:
            yield connection

    def append(
        self,
        at: datetime,
        actor: str,
        entries: Sequence[tuple[str, str | None, dict[str, Any]]],
        *,
        guard: Lease | None = None,
        alerts: Sequence[dict[str, Any]] = (),
        alert_changes: Sequence[tuple[str, dict[str, Any]]] = (),
        also: Callable[[Connection], None] | None = None,
    ) -> list[Record]:
        """Write records (kind, system, body) and rows that belong to them together, or none of them.

        Args:
            at: when.
            actor: who.
            entries: the records to be.
            guard: the lease the writer must still hold.
            alerts: new alert rows, whose digest is in the last record.
            alert_changes: (alert id, columns to change).
            also: other statements of the same transaction; what it raises undoes everything.

        Raises:
            LeaseLostError: `guard` is no longer the owner.
            AlreadyThereError: one of the alerts is there already.
            LedgerError: the database refused.
        """
        with self.writing() as (connection, seq, previous):
            if guard is not None:
                leases.require(connection, guard)
            if also is not None:
                also(connection)
            made = _sealed(seq, previous, at, actor, entries)
            add(connection, made)
            newest = made[-1].seq if made else seq
            rows = [[*(row[name] for name in ALERT), newest, place] for place, row in enumerate(alerts)]
            connection.many(_INSERT_ALERT, rows)
            for alert_id, change in alert_changes:
                columns = [name for name in ALERT if name in change]
                new = ", ".join(f"{name} = ?" for name in columns)
                connection.run(f"UPDATE alerts SET {new} WHERE id = ?", [*map(change.get, columns), alert_id])
            return made

    def read(
        self, *, after: int = 0, kinds: Sequence[str] = (), system: str | None = None, newest: int | None = None
    ) -> Iterator[Record]:
        """Yield records in order: after a sequence number, of some kinds, of one system, only the newest N.

        A kind that ends with a dot stands for all that begin so.
        """
        with self.reading() as connection:
            yield from selected(connection, after=after, kinds=kinds, system=system, newest=newest)

    def containing(self, part: bytes) -> Iterator[Record]:
        """Yield the records whose bytes hold `part`, in order."""
        with self.reading() as connection:
            yield from holding(connection, part)

    def rows(self) -> Iterator[Row]:
        """Yield every row as stored, in order, for the verifier."""
        with self.reading() as connection:
            query = "SELECT seq, kind, system, payload, hash FROM records ORDER BY seq"
            for seq, kind, system, payload, hash_ in connection.each(query):
                yield Row(seq, kind, system, as_bytes(payload), hash_)

    def acquire(
        self, name: str, holder: str, now: datetime, until: datetime, is_dead: Callable[[str], bool] = lambda _: False
    ) -> Lease:
        """Become the owner of `name`, or prolong one's own ownership (see `leases.acquire`)."""
        with self.write() as connection:
            return leases.acquire(connection, name, holder, now, until, is_dead)

    def release(self, lease: Lease) -> None:
        """Give up ownership; a lease already lost stays lost."""
        with self.write() as connection:
            leases.release(connection, lease)

    def tally(self, state: str) -> list[tuple[str, str | None, int, str]]:
        """Count alerts in a state: for each level and system how many, and the id of the one raised first."""
        query = (
            "SELECT level, system, COUNT(*), MIN(raised_at || ' ' || id) FROM alerts WHERE state = ?"
            " GROUP BY level, system"
        )
        with self.reading() as connection:
            rows = connection.all(query, (state,))
        return [(level, system, int(count), str(first).partition(" ")[2]) for level, system, count, first in rows]

    def alerts(
        self, *, states: Sequence[str] = (), ids: Sequence[str] = (), incident: str | None = None
    ) -> list[dict[str, Any]]:
        """Return alert rows, oldest first, as dicts of the table's columns (`body` parsed)."""
        wanted = _Wanted()
        if states:
            wanted.among("state", states)
        if ids:
            wanted.among("id", ids)
        if incident is not None:
            wanted.that("incident = ?", incident)
        query = f"SELECT {', '.join(ALERT)} FROM alerts{wanted} ORDER BY raised_at, id"
        with self.reading() as connection:
            rows = [dict(zip(ALERT, row, strict=True)) for row in connection.each(query, wanted.values)]
        return [{**row, "body": json.loads(row["body"])} for row in rows]


class _Wanted:
    """The conditions of a query and their values."""

    def __init__(self) -> None:
        self._conditions: list[str] = []
        self.values: list[Any] = []

    def that(self, condition: str, value: Any) -> None:
        """Want a condition with one value."""
        self._conditions.append(condition)
        self.values.append(value)

    def among(self, column: str, values: Sequence[Any]) -> None:
        """Want a column to have one of some values."""
        self._conditions.append(f"{column} IN ({', '.join('?' * len(values))})")
        self.values += values

    def kinds(self, kinds: Sequence[str]) -> None:
        """Want one of some kinds; one that ends with a dot stands for all that begin so."""
        exact = [kind for kind in kinds if not kind.endswith(".")]
        ranges = [(kind, kind[:-1] + "/") for kind in kinds if kind.endswith(".")]  # "/" comes right after "."
        either = [f"kind IN ({', '.join('?' * len(exact))})"] if exact else []
        either += ["kind >= ? AND kind < ?"] * len(ranges)
        self._conditions.append(f"({' OR '.join(either)})")
        self.values += [*exact, *(border for pair in ranges for border in pair)]

    def __str__(self) -> str:
        return f" WHERE {' AND '.join(self._conditions)}" if self._conditions else ""


def selected(
    connection: Connection,
    *,
    after: int = 0,
    last: int | None = None,
    kinds: Sequence[str] = (),
    system: str | None = None,
    newest: int | None = None,
) -> Iterator[Record]:
    """Yield records as one transaction sees them, chosen as in `Store.read`, up to the number `last`.

    Raises:
        LedgerError: a record cannot be read.
    """
    wanted = _Wanted()
    wanted.that("seq > ?", after)
    if last is not None:
        wanted.that("seq <= ?", last)
    if kinds:
        wanted.kinds(kinds)
    if system is not None:
        wanted.that("system = ?", system)
    query = f"SELECT payload, hash, seq FROM records{wanted} ORDER BY seq"
    if newest is not None:
        query = f"SELECT * FROM ({query} DESC LIMIT {int(newest)}) AS newest ORDER BY seq"
    yield from _opened(connection.each(query, wanted.values))


def holding(connection: Connection, part: bytes) -> Iterator[Record]:
    """Yield the records whose bytes hold `part`, in order.

    Raises:
        LedgerError: a record cannot be read.
    """
    query = f"SELECT payload, hash, seq FROM records WHERE {connection.holds} ORDER BY seq"
    yield from _opened(connection.each(query, (part,)))


def _opened(rows: Iterable[tuple[Any, ...]]) -> Iterator[Record]:
    for payload, hash_, seq in rows:
        try:
            yield records.opened(payload, hash_)
        except ValueError as error:
            raise LedgerError(f"record {seq} cannot be read: {error}", hint="run: holdfast ledger verify") from error


def _sealed(
    seq: int, previous: str, at: datetime, actor: str, entries: Sequence[tuple[str, str | None, dict[str, Any]]]
) -> list[Record]:
    made: list[Record] = []
    for number, (kind, system, body) in enumerate(entries, start=seq + 1):
        made.append(records.seal(number, at, kind, system, actor, body, previous))
        previous = made[-1].hash
    return made


def add(connection: Connection, made: Sequence[Record]) -> None:
    """Put sealed records after the head, and move it on."""
    if made:
        connection.many(_INSERT_RECORD, [(each.seq, each.kind, each.system, each.payload, each.hash) for each in made])
        connection.run("UPDATE head SET seq = ?, hash = ? WHERE id = 1", (made[-1].seq, made[-1].hash))
