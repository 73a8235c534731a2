"""The ledger's tables, and the few statements Holdfast needs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from inventory import clock as clocks
from ledger import chain, durable
from ledger import owner as owners
from ledger import record as records
from ledger.database import Connection, Database, told
from ledger.errors import LeaseLostError, LedgerError
from ledger.owner import Lease
from ledger.record import Record

SCHEMA_VERSION = 2

_TABLES = (
    "CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT)",
    "CREATE TABLE IF NOT EXISTS records (seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, system TEXT,"
    " payload BLOB NOT NULL, hash TEXT NOT NULL)",
    "CREATE INDEX IF NOT EXISTS records_kind ON records (kind, seq)",
    "CREATE INDEX IF NOT EXISTS records_system ON records (system, seq)",
    "CREATE TABLE IF NOT EXISTS leases (name TEXT PRIMARY KEY, holder TEXT NOT NULL, epoch INTEGER NOT NULL,"
    " until TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS alerts (id TEXT PRIMARY KEY, system TEXT, rule TEXT NOT NULL, level TEXT NOT NULL,"
    " raised_at TEXT NOT NULL, state TEXT NOT NULL, incident TEXT, body TEXT NOT NULL)",
    "CREATE INDEX IF NOT EXISTS alerts_state ON alerts (state, raised_at)",
    "CREATE TABLE IF NOT EXISTS projection_heads (name TEXT PRIMARY KEY, version INTEGER NOT NULL,"
    " up_to INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS projection_parts (name TEXT NOT NULL, family TEXT NOT NULL,"
    " part TEXT NOT NULL, place INTEGER NOT NULL, state TEXT NOT NULL, PRIMARY KEY (name, family, part))",
)
_UPGRADES = {1: ("DROP TABLE IF EXISTS projections",)}
"""What leads from each older schema to the next, besides new tables; projections are built anew."""
_ALERT_COLUMNS = ("id", "system", "rule", "level", "raised_at", "state", "incident", "body")
_IN_ALERTS = ", ".join(_ALERT_COLUMNS)


class Store:
    """One ledger database; every public method is one transaction."""

    def __init__(self, url: str) -> None:
        self._database = Database(url)
        with told(f"the ledger {self._database.path}"):
            durable.make_private(self._database.path)
            self._migrate()

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()

    def append(
        self,
        at: datetime,
        actor: str,
        entries: Sequence[tuple[str, str | None, dict[str, Any]]],
        *,
        guard: Lease | None = None,
        alerts: Sequence[dict[str, Any]] = (),
        alert_changes: Sequence[tuple[str, dict[str, Any]]] = (),
    ) -> list[Record]:
        """Write records (kind, system, body) and alert rows together, or none of them.

        Raises:
            LeaseLostError: `guard` is no longer the owner.
            AlreadyThereError: one of the alerts is there already.
            LedgerError: the database refused.
        """
        with self.write() as connection:
            if guard is not None:
                _require(connection, guard)
            head = connection.one("SELECT seq, hash FROM records ORDER BY seq DESC LIMIT 1")
            seq, previous = head or (0, records.GENESIS)
            made: list[Record] = []
            for kind, system, body in entries:
                seq += 1
                made.append(records.seal(seq, at, kind, system, actor, body, previous))
                previous = made[-1].hash
            connection.many(
                "INSERT INTO records (seq, kind, system, payload, hash) VALUES (?, ?, ?, ?, ?)",
                [(record.seq, record.kind, record.system, record.payload, record.hash) for record in made],
            )
            connection.many(
                f"INSERT INTO alerts ({_IN_ALERTS}) VALUES ({_marks(_ALERT_COLUMNS)})",
                [[alert[name] for name in _ALERT_COLUMNS] for alert in alerts],
            )
            for alert_id, change in alert_changes:
                changed = {name: change[name] for name in _ALERT_COLUMNS if name in change}
                columns = ", ".join(f"{name} = ?" for name in changed)
                connection.run(f"UPDATE alerts SET {columns} WHERE id = ?", [*changed.values(), alert_id])
            return made

    def read(
        self, *, after: int = 0, kinds: Sequence[str] = (), system: str | None = None, newest: int | None = None
    ) -> Iterator[Record]:
        """Yield records in order: after a sequence number, of some kinds, of one system, only the newest N."""
        with self.reading() as connection:
            yield from selected(connection, after=after, kinds=kinds, system=system, newest=newest)

    def rows(self) -> Iterator[chain.Row]:
        """Yield every row as stored, in order, for the verifier."""
        with self.reading() as connection:
            for seq, kind, system, payload, hash_ in connection.each(
                "SELECT seq, kind, system, payload, hash FROM records ORDER BY seq"
            ):
                yield chain.Row(seq, kind, system, _as_bytes(payload), hash_)

    def acquire(
        self, name: str, holder: str, now: datetime, until: datetime, is_dead: Callable[[str], bool] = lambda _: False
    ) -> Lease:
        """Become the owner of `name`, or prolong one's own ownership.

        An owner whose time has run out, or who `is_dead`, gives way.

        Raises:
            LeaseLostError: somebody else owns it, lives, and it has not run out.
        """
        with self.write() as connection:
            row = connection.one("SELECT holder, epoch, until FROM leases WHERE name = ?", (name,))
            if row is None:
                connection.run(
                    "INSERT INTO leases (name, holder, epoch, until) VALUES (?, ?, 1, ?)",
                    (name, holder, clocks.to_text(until)),
                )
                return Lease(name, holder, 1)
            known, epoch, ends = row
            if known != holder and ends > clocks.to_text(now) and not is_dead(known):
                raise LeaseLostError(
                    f"{name} is being worked on by {owners.words(known)} until {ends}",
                    hint="wait for it to end, or end that process; ownership runs out by itself",
                )
            epoch += known != holder
            connection.run(
                "UPDATE leases SET holder = ?, epoch = ?, until = ? WHERE name = ?",
                (holder, epoch, clocks.to_text(until), name),
            )
            return Lease(name, holder, epoch)

    def release(self, lease: Lease) -> None:
        """Give up ownership; a lease already lost stays lost."""
        with self.write() as connection:
            connection.run(
                "UPDATE leases SET until = '', holder = '' WHERE name = ? AND epoch = ?", (lease.name, lease.epoch)
            )

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
        query = f"SELECT {_IN_ALERTS} FROM alerts{wanted} ORDER BY raised_at, id"
        with self.reading() as connection:
            rows = [dict(zip(_ALERT_COLUMNS, row, strict=True)) for row in connection.each(query, wanted.values)]
        return [{**row, "body": json.loads(row["body"])} for row in rows]

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Be the only writer; all or nothing."""
        with self._database.write() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """See one moment of the ledger."""
        with self._database.read() as connection:
            yield connection

    def _migrate(self) -> None:
        """Begin a new ledger, or bring the one that is there to this version; a newer one is left as it is."""
        with self.reading() as connection:
            found = _schema(connection)
        if found == SCHEMA_VERSION:
            return
        if found is not None and found > SCHEMA_VERSION:
            raise LedgerError(
                f"the ledger was written by a newer Holdfast (its version {found}, ours {SCHEMA_VERSION})",
                hint="use the newer Holdfast; this one changed nothing",
            )
        with self.write() as connection:
            found = _schema(connection)  # another process may have been first
            for statement in _TABLES:
                connection.run(statement)
            if found is None:
                connection.run("INSERT INTO meta (name, value) VALUES ('schema', ?)", (str(SCHEMA_VERSION),))
            elif found < SCHEMA_VERSION:
                for version in range(found, SCHEMA_VERSION):
                    for statement in _UPGRADES[version]:
                        connection.run(statement)
                connection.run("UPDATE meta SET value = ? WHERE name = 'schema'", (str(SCHEMA_VERSION),))


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
        self._conditions.append(f"{column} IN ({_marks(values)})")
        self.values += values

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
    """Yield records as one transaction sees them, chosen as in `Store.read`, up to the number `last`."""
    wanted = _Wanted()
    wanted.that("seq > ?", after)
    if last is not None:
        wanted.that("seq <= ?", last)
    if kinds:
        wanted.among("kind", kinds)
    if system is not None:
        wanted.that("system = ?", system)
    query = f"SELECT payload, hash, seq FROM records{wanted} ORDER BY seq"
    if newest is not None:
        query = f"SELECT * FROM ({query} DESC LIMIT ?) AS chosen ORDER BY seq"
        wanted.values.append(newest)
    for payload, hash_, seq in connection.each(query, wanted.values):
        try:
            yield records.opened(payload, hash_)
        except ValueError as error:
            raise LedgerError(f"record {seq} cannot be read: {error}", hint="run: holdfast ledger verify") from error


def _schema(connection: Connection) -> int | None:
    if not connection.has_table("meta"):
        return None
    found = connection.one("SELECT value FROM meta WHERE name = 'schema'")
    return None if found is None else int(found[0])


def _require(connection: Connection, lease: Lease) -> None:
    row = connection.one("SELECT holder, epoch FROM leases WHERE name = ?", (lease.name,))
    if row != (lease.holder, lease.epoch):
        raise LeaseLostError(
            f"{lease.name} has another owner now; this write was refused",
            hint="look at it with `holdfast recover status` before going on",
        )


def _marks(values: Sequence[Any]) -> str:
    return ", ".join("?" * len(values))


def _as_bytes(value: Any) -> bytes:
    """Return a stored payload as bytes, also when somebody put another type in its place."""
    return value if isinstance(value, bytes) else str(value).encode()
