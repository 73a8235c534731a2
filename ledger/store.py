"""The door to the database: tables, and the few statements Holdfast needs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from inventory import clock as clocks
from ledger import durable
from ledger import owner as owners
from ledger import record as records
from ledger.chain import Row
from ledger.errors import AlreadyThereError, LeaseLostError, LedgerError, next_step
from ledger.owner import Lease
from ledger.record import Record

SCHEMA_VERSION = 1
_BUSY_SECONDS = 30

_tables = sa.MetaData()
_meta = sa.Table("meta", _tables, sa.Column("name", sa.Text, primary_key=True), sa.Column("value", sa.Text))
_records = sa.Table(
    "records",
    _tables,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("system", sa.Text),
    sa.Column("payload", sa.LargeBinary, nullable=False),
    sa.Column("hash", sa.Text, nullable=False),
    sa.Index("records_kind", "kind", "seq"),
    sa.Index("records_system", "system", "seq"),
)
_projections = sa.Table(
    "projections",
    _tables,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("up_to", sa.Integer, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
)
_leases = sa.Table(
    "leases",
    _tables,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("holder", sa.Text, nullable=False),
    sa.Column("epoch", sa.Integer, nullable=False),
    sa.Column("until", sa.Text, nullable=False),
)
_alerts = sa.Table(
    "alerts",
    _tables,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("system", sa.Text),
    sa.Column("rule", sa.Text, nullable=False),
    sa.Column("level", sa.Text, nullable=False),
    sa.Column("raised_at", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("incident", sa.Text),
    sa.Column("body", sa.Text, nullable=False),
    sa.Index("alerts_state", "state", "raised_at"),
)
_HEAD_QUERY = sa.select(_records.c.seq, _records.c.hash).order_by(_records.c.seq.desc()).limit(1)
_SCHEMA_QUERY = sa.select(_meta.c.value).where(_meta.c.name == "schema")


class Store:
    """One ledger database; every public method is one transaction."""

    def __init__(self, url: str) -> None:
        self._url = sa.make_url(url)
        if self._url.get_backend_name() != "sqlite":
            raise LedgerError(f"{self._url.get_backend_name()} is not a ledger database this version can use")
        path = Path(self._url.database or "")
        with _told(f"the ledger {path}"):
            durable.make_private(path)
            self._engine = sa.create_engine(
                self._url, isolation_level="AUTOCOMMIT", connect_args={"timeout": _BUSY_SECONDS}
            )
            sa.event.listen(self._engine, "connect", _prepare)
            self._migrate()

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

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
        with self._write() as connection:
            if guard is not None:
                _require(connection, guard)
            seq, previous = connection.execute(_HEAD_QUERY).one_or_none() or (0, records.GENESIS)
            made: list[Record] = []
            for kind, system, body in entries:
                seq += 1
                made.append(records.seal(seq, at, kind, system, actor, body, previous))
                previous = made[-1].hash
            if made:
                connection.execute(sa.insert(_records), [_as_row(record) for record in made])
            if alerts:
                connection.execute(sa.insert(_alerts), list(alerts))
            for alert_id, change in alert_changes:
                connection.execute(sa.update(_alerts).where(_alerts.c.id == alert_id).values(**change))
            return made

    def read(
        self, *, after: int = 0, kinds: Sequence[str] = (), system: str | None = None, newest: int | None = None
    ) -> Iterator[Record]:
        """Yield records in order: after a sequence number, of some kinds, of one system, only the newest N."""
        query = sa.select(_records.c.payload, _records.c.hash, _records.c.seq).where(_records.c.seq > after)
        if kinds:
            query = query.where(_records.c.kind.in_(kinds))
        if system is not None:
            query = query.where(_records.c.system == system)
        if newest is not None:
            chosen = query.order_by(_records.c.seq.desc()).limit(newest).subquery()
            query = sa.select(chosen.c.payload, chosen.c.hash, chosen.c.seq)
            query = query.order_by(chosen.c.seq)
        else:
            query = query.order_by(_records.c.seq)
        with self._read() as connection:
            for payload, hash_, seq in connection.execute(query):
                try:
                    yield records.opened(payload, hash_)
                except ValueError as error:
                    raise LedgerError(
                        f"record {seq} cannot be read: {error}", hint="run: holdfast ledger verify"
                    ) from error

    def rows(self) -> Iterator[Row]:
        """Yield every row as stored, in order, for the verifier."""
        with self._read() as connection:
            for row in connection.execute(sa.select(_records).order_by(_records.c.seq)):
                yield Row(row.seq, row.kind, row.system, _as_bytes(row.payload), row.hash)

    def projection(self, name: str, version: int) -> tuple[int, Any] | None:
        """Return what was persisted of a projection: (up to which record, state), or None."""
        query = sa.select(_projections.c.up_to, _projections.c.state).where(
            _projections.c.name == name, _projections.c.version == version
        )
        with self._read() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else (int(row[0]), json.loads(row[1]))

    def keep_projection(self, name: str, version: int, up_to: int, state: Any) -> None:
        """Persist a projection, unless a newer one is already there."""
        values = {"name": name, "version": version, "up_to": up_to, "state": json.dumps(state, separators=(",", ":"))}
        with self._write() as connection:
            there = connection.execute(
                sa.select(_projections.c.version, _projections.c.up_to).where(_projections.c.name == name)
            ).one_or_none()
            if there is not None and tuple(there) >= (version, up_to):
                return
            connection.execute(sa.insert(_projections).prefix_with("OR REPLACE").values(**values))

    def acquire(
        self, name: str, holder: str, now: datetime, until: datetime, is_dead: Callable[[str], bool] = lambda _: False
    ) -> Lease:
        """Become the owner of `name`, or prolong one's own ownership.

        An owner whose time has run out, or who `is_dead`, gives way.

        Raises:
            LeaseLostError: somebody else owns it, lives, and it has not run out.
        """
        with self._write() as connection:
            row = connection.execute(sa.select(_leases).where(_leases.c.name == name)).mappings().one_or_none()
            if row is None:
                lease = Lease(name, holder, 1)
                connection.execute(
                    sa.insert(_leases).values(name=name, holder=holder, epoch=1, until=clocks.to_text(until))
                )
                return lease
            if row["holder"] != holder and row["until"] > clocks.to_text(now) and not is_dead(row["holder"]):
                raise LeaseLostError(
                    f"{name} is being worked on by {owners.words(row['holder'])} until {row['until']}",
                    hint="wait for it to end, or end that process; ownership runs out by itself",
                )
            epoch = row["epoch"] + (row["holder"] != holder)
            connection.execute(
                sa.update(_leases)
                .where(_leases.c.name == name)
                .values(holder=holder, epoch=epoch, until=clocks.to_text(until))
            )
            return Lease(name, holder, epoch)

    def release(self, lease: Lease) -> None:
        """Give up ownership; a lease already lost stays lost."""
        with self._write() as connection:
            connection.execute(
                sa.update(_leases)
                .where(_leases.c.name == lease.name, _leases.c.epoch == lease.epoch)
                .values(until="", holder="")
            )

    def alerts(
        self, *, states: Sequence[str] = (), ids: Sequence[str] = (), incident: str | None = None
    ) -> list[dict[str, Any]]:
        """Return alert rows, oldest first, as dicts of the table's columns (`body` parsed)."""
        query = sa.select(_alerts).order_by(_alerts.c.raised_at, _alerts.c.id)
        if states:
            query = query.where(_alerts.c.state.in_(states))
        if ids:
            query = query.where(_alerts.c.id.in_(ids))
        if incident is not None:
            query = query.where(_alerts.c.incident == incident)
        with self._read() as connection:
            return [{**row, "body": json.loads(row["body"])} for row in connection.execute(query).mappings()]

    def _migrate(self) -> None:
        """Begin a new ledger, or make sure this version understands the one that is there."""
        with self._read() as connection:
            there = sa.inspect(connection).has_table(_meta.name)
            found = connection.execute(_SCHEMA_QUERY).scalar_one_or_none() if there else None
        if found is not None and int(found) > SCHEMA_VERSION:
            raise LedgerError(
                f"the ledger was written by a newer Holdfast (its version {found}, ours {SCHEMA_VERSION})",
                hint="use the newer Holdfast; this one changed nothing",
            )
        if found is None:
            with self._write() as connection:
                _tables.create_all(connection)
                if connection.execute(_SCHEMA_QUERY).scalar_one_or_none() is None:
                    connection.execute(sa.insert(_meta).values(name="schema", value=str(SCHEMA_VERSION)))

    @contextmanager
    def _write(self) -> Iterator[sa.Connection]:
        with _told("the ledger"), self._engine.connect() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                with suppress(sa.exc.DBAPIError):  # the database may have rolled back by itself
                    connection.exec_driver_sql("ROLLBACK")
                raise
            connection.exec_driver_sql("COMMIT")

    @contextmanager
    def _read(self) -> Iterator[sa.Connection]:
        with _told("the ledger"), self._engine.connect() as connection:
            yield connection


def _require(connection: sa.Connection, lease: Lease) -> None:
    row = connection.execute(
        sa.select(_leases.c.holder, _leases.c.epoch).where(_leases.c.name == lease.name)
    ).one_or_none()
    if row is None or (row[0], row[1]) != (lease.holder, lease.epoch):
        raise LeaseLostError(
            f"{lease.name} has another owner now; this write was refused",
            hint="look at it with `holdfast recover status` before going on",
        )


def _as_row(record: Record) -> dict[str, Any]:
    return {name: getattr(record, name) for name in ("seq", "kind", "system", "payload", "hash")}


def _as_bytes(value: Any) -> bytes:
    """Return a stored payload as bytes, also when somebody put another type in its place."""
    return value if isinstance(value, bytes) else str(value).encode()


def _prepare(connection: Any, _: Any) -> None:
    for setting in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={_BUSY_SECONDS * 1000}"):
        connection.execute(f"PRAGMA {setting}")


@contextmanager
def _told(what: str) -> Iterator[None]:
    """Turn the database's errors into ours, with the next step."""
    try:
        yield
    except sa.exc.IntegrityError as error:
        raise AlreadyThereError(f"{what} holds this already: {error.orig}") from error
    except sa.exc.DBAPIError as error:
        raise LedgerError(f"{what} cannot be used: {error.orig}", hint=next_step(str(error.orig))) from error
    except OSError as error:
        raise LedgerError(f"{what} cannot be used: {error.strerror}", hint=next_step(str(error.strerror))) from error
