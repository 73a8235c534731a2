"""The tables of a ledger, in words that SQLite and PostgreSQL both read."""

from __future__ import annotations

from ledger.connection import Connection

SCHEMA_VERSION = 2

_TABLES = (
    "CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT)",
    # one row, the newest record: whoever writes locks it, so numbers are given in the order of commits
    "CREATE TABLE IF NOT EXISTS head (id INTEGER PRIMARY KEY, seq {number} NOT NULL, hash TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS records (seq {number} PRIMARY KEY, kind TEXT NOT NULL, system TEXT,"
    " payload {binary} NOT NULL, hash TEXT NOT NULL)",
    "CREATE INDEX IF NOT EXISTS records_kind ON records (kind, seq)",
    "CREATE INDEX IF NOT EXISTS records_system ON records (system, seq)",
    "CREATE TABLE IF NOT EXISTS projection_heads (name TEXT PRIMARY KEY, version {number} NOT NULL,"
    " up_to {number} NOT NULL)",
    "CREATE TABLE IF NOT EXISTS projection_parts (name TEXT NOT NULL, family TEXT NOT NULL,"
    " part TEXT NOT NULL, place {number} NOT NULL, state TEXT NOT NULL, PRIMARY KEY (name, family, part))",
    "CREATE TABLE IF NOT EXISTS leases (name TEXT PRIMARY KEY, holder TEXT NOT NULL, epoch {number} NOT NULL,"
    " until TEXT NOT NULL)",
    # `seq` is the record with the digest of an alert and of those raised with it, `place` its place among them
    "CREATE TABLE IF NOT EXISTS alerts (id TEXT PRIMARY KEY, system TEXT, rule TEXT NOT NULL, level TEXT NOT NULL,"
    " raised_at TEXT NOT NULL, state TEXT NOT NULL, incident TEXT, body TEXT NOT NULL, seq {number}, place {number})",
    "CREATE INDEX IF NOT EXISTS alerts_state ON alerts (state, raised_at)",
    "CREATE INDEX IF NOT EXISTS alerts_seq ON alerts (seq, place)",
    "CREATE TABLE IF NOT EXISTS outbox (key TEXT PRIMARY KEY, channel TEXT NOT NULL, content TEXT NOT NULL,"
    " state TEXT NOT NULL, created_at TEXT NOT NULL, due TEXT NOT NULL, attempts INTEGER NOT NULL,"
    " problem TEXT NOT NULL, claim TEXT NOT NULL)",
    "CREATE INDEX IF NOT EXISTS outbox_state ON outbox (state, due)",
)
NAMES = ("meta", "head", "records", "leases", "alerts", "outbox")
"""The tables whose content cannot be built anew."""


def create(connection: Connection) -> None:
    """Make every table and index that is not there."""
    for statement in _TABLES:
        connection.run(statement.format(number=connection.number, binary=connection.binary))


def version(connection: Connection) -> int | None:
    """Return the schema version of the database, or None if no ledger was begun in it."""
    if not connection.has_table("meta"):
        return None
    found = connection.one("SELECT value FROM meta WHERE name = 'schema'")
    return None if found is None else int(found[0])
