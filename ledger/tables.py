"""The tables of a ledger, in words that SQLite and PostgreSQL both read."""

from __future__ import annotations

from ledger.connection import Connection

SCHEMA_VERSION = 2

_TABLES = (
    "CREATE TABLE IF NOT EXISTS meta (name {text} PRIMARY KEY, value {text})",
    # one row, the newest record: whoever writes locks it, so numbers are given in the order of commits
    "CREATE TABLE IF NOT EXISTS head (id INTEGER PRIMARY KEY, seq {number} NOT NULL, hash {text} NOT NULL)",
    "CREATE TABLE IF NOT EXISTS records (seq {number} PRIMARY KEY, kind {text} NOT NULL, system {text},"
    " payload {binary} NOT NULL, hash {text} NOT NULL)",
    "CREATE INDEX IF NOT EXISTS records_kind ON records (kind, seq)",
    "CREATE INDEX IF NOT EXISTS records_system ON records (system, seq)",
    "CREATE TABLE IF NOT EXISTS projection_heads (name {text} PRIMARY KEY, version {number} NOT NULL,"
    " up_to {number} NOT NULL)",
    "CREATE TABLE IF NOT EXISTS projection_parts (name {text} NOT NULL, family {text} NOT NULL,"
    " part {text} NOT NULL, place {number} NOT NULL, state {text} NOT NULL, PRIMARY KEY (name, family, part))",
    "CREATE TABLE IF NOT EXISTS leases (name {text} PRIMARY KEY, holder {text} NOT NULL, epoch {number} NOT NULL,"
    " until {text} NOT NULL)",
    # `seq` is the record with the digest of an alert and of those raised with it, `place` its place among them
    "CREATE TABLE IF NOT EXISTS alerts (id {text} PRIMARY KEY, system {text}, rule {text} NOT NULL,"
    " level {text} NOT NULL, raised_at {text} NOT NULL, state {text} NOT NULL, incident {text}, body {text} NOT NULL,"
    " seq {number}, place {number})",
    "CREATE INDEX IF NOT EXISTS alerts_state ON alerts (state, raised_at)",
    "CREATE INDEX IF NOT EXISTS alerts_seq ON alerts (seq, place)",
    "CREATE TABLE IF NOT EXISTS outbox (key {text} PRIMARY KEY, channel {text} NOT NULL, content {text} NOT NULL,"
    " state {text} NOT NULL, created_at {text} NOT NULL, due {text} NOT NULL, attempts INTEGER NOT NULL,"
    " problem {text} NOT NULL, claim {text} NOT NULL)",
    "CREATE INDEX IF NOT EXISTS outbox_state ON outbox (state, due)",
)
NAMES = ("meta", "head", "records", "leases", "alerts", "outbox")
"""The tables whose content cannot be built anew."""


def create(connection: Connection) -> None:
    """Make every table and index that is not there."""
    for statement in _TABLES:
        connection.run(statement.format(number=connection.number, binary=connection.binary, text=connection.text))


def version(connection: Connection) -> int | None:
    """Return the schema version of the database, or None if no ledger was begun in it."""
    if not connection.has_table("meta"):
        return None
    found = connection.one("SELECT value FROM meta WHERE name = 'schema'")
    return None if found is None else int(found[0])
