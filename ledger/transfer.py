"""A ledger as files, to be kept or moved to another database: the exact bytes, checked on the way out and in.

`ledger.jsonl` has a first line with the site and the schema, one line for each record, alert and message, and a last
line with their numbers and the head's hash, so that a file that was cut is found. `objects/` has the objects and
tombstones under their names, `checkpoint.json` and `.pub` a checkpoint made for the export.
"""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby, islice
from pathlib import Path
from typing import IO, Any, TextIO

from inventory.errors import RefusedError, UsageError
from ledger import checkpoint as checkpoints
from ledger import durable, rotation
from ledger import record as records
from ledger.chain import Row, as_bytes, judge
from ledger.connection import Connection
from ledger.errors import LedgerError
from ledger.keys import ROTATED
from ledger.ledger import Ledger
from ledger.objects import Objects
from ledger.record import Record
from ledger.store import ALERT, add
from ledger.tables import SCHEMA_VERSION

FILE, OBJECTS, CHECKPOINT = "ledger.jsonl", "objects", "checkpoint.json"
_FORMAT = 1
_AT_ONCE = 1000
_ALERTS = (*ALERT, "seq", "place")
_MESSAGES = ("key", "channel", "content", "state", "created_at", "due", "attempts", "problem", "claim")
_TABLES = {"alert": ("alerts", _ALERTS), "message": ("outbox", _MESSAGES)}


class BrokenExportError(LedgerError):
    """An export is not whole, or is not what its checkpoint was made of; nothing was imported (exit 3)."""


@dataclass(frozen=True)
class Moved:
    """What was written or read: how many of each, and the head's hash."""

    records: int
    alerts: int
    messages: int
    objects: int
    head: str


def export(ledger: Ledger, state_directory: Path, site: str, target: Path) -> Moved:
    """Write a whole ledger into a new directory, which is there when it is complete and not before.

    Raises:
        UsageError: the target is there already.
        LedgerError: it could not be written or the ledger is not whole.
    """
    if target.exists():
        raise UsageError(f"{target} is there already", hint="name a directory that does not exist yet")
    beside = target.with_name(f".{target.name}.new")
    try:
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir(mode=0o700)
        checkpoints.write(ledger, state_directory, site, beside / CHECKPOINT)
        with (beside / FILE).open("x", encoding="utf-8") as stream, ledger.store.reading() as connection:
            counts, head = _write(connection, site, stream)
        objects = Objects(state_directory)
        if objects.root.exists():  # after the records: whatever these refer to is there
            shutil.copytree(objects.root, beside / OBJECTS, ignore=shutil.ignore_patterns(".*"))
        for file in sorted(beside.rglob("*")):
            durable.sync_directory(file) if file.is_dir() else durable.sync_file(file)
        beside.replace(target)
        durable.sync_directory(target.parent)
    except OSError as error:
        raise LedgerError(
            f"the ledger could not be written to {target}: {error.strerror}", hint="make room, then try again"
        ) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return Moved(counts["record"], counts["alert"], counts["message"], len(list(objects.names())), head)


def import_(ledger: Ledger, state_directory: Path, site: str, source: Path, key_file: Path | None) -> Moved:
    """Read an export into an empty ledger: all of it, each byte checked, or nothing.

    Args:
        ledger: an empty one.
        state_directory: where its objects go.
        site: the site that the export must be of.
        source: the directory of the export.
        key_file: the public key kept outside; else the one in the export, which proves nothing by itself.

    Raises:
        RefusedError: the ledger has records.
        BrokenExportError, CheckpointError: the export is not whole, or another site's.
        LedgerError: it could not be read or written.
    """
    objects = Objects(state_directory)
    new: list[Path] = []
    try:
        with (source / FILE).open("rb") as stream:
            return _import(ledger, objects, new, site, source, stream, key_file)
    except OSError as error:
        _remove(new)
        reason = error.strerror
        raise LedgerError(f"{source} cannot be read: {reason}", hint="name the directory of an export") from error
    except BaseException:
        _remove(new)
        raise


def _import(
    ledger: Ledger,
    objects: Objects,
    new: list[Path],
    site: str,
    source: Path,
    stream: IO[bytes],
    key_file: Path | None,
) -> Moved:
    with ledger.store.writing() as (connection, seq, _):
        _refuse_unless_empty(seq)
        reading = _Reading(connection, site)
        reading.read(stream)
        key = checkpoints.read_public(key_file or (source / CHECKPOINT).with_suffix(".pub"))
        trust = rotation.follow(reading.rotations, site, [key])
        anchor = trust.check(source / CHECKPOINT, site).anchor
        _require(not trust.faults, *trust.faults)
        _require(reading.hash_of(anchor.seq) == anchor.hash, f"record {anchor.seq} is not the one of its checkpoint")
        count = _take_objects(objects, source / OBJECTS, new)
    return Moved(reading.records, reading.counts["alert"], reading.counts["message"], count, reading.head)


def _remove(files: Sequence[Path]) -> None:
    for file in files:
        file.unlink(missing_ok=True)


def _refuse_unless_empty(seq: int) -> None:
    if seq != 0:
        raise RefusedError(
            f"the ledger has {seq} records already", hint="import into an empty one: another state or database"
        )


def _require(right: bool, *faults: str) -> None:
    if not right:
        raise BrokenExportError(
            f"the export is not whole: {faults[0]}", hint="nothing was imported; use another copy of the export"
        )


class _Reading:
    """One pass over the lines of an export, each put into the database."""

    def __init__(self, connection: Connection, site: str) -> None:
        self.counts = dict.fromkeys(_TABLES, 0)
        self.records = 0
        self.head = records.GENESIS
        self.rotations: list[Record] = []
        self._connection = connection
        self._site = site

    def read(self, stream: IO[bytes]) -> None:
        """Read all lines.

        Raises:
            BrokenExportError: a line is missing, changed or too many.
        """
        lines = (_parsed(number, line) for number, line in enumerate(stream, start=1))
        first = next(lines, {})
        _require(first.get("holdfast_ledger") == _FORMAT, "its first line is not that of an export")
        _require(first.get("site") == self._site, f"it is of site {first.get('site')!r}; this is {self._site!r}")
        last: Mapping[str, Any] = {}
        for kind, together in groupby(lines, key=_kind):
            _require(not last, "lines follow its end")
            if kind == "end":
                last = next(together)
            while part := list(islice(together, _AT_ONCE)):
                self._take(kind, part)
        wanted = {"end": self.records, "head": self.head, **self.counts}
        _require(last == wanted, "its end is missing or tells of other records")

    def hash_of(self, seq: int) -> str | None:
        """Return a record's hash, as it is in the database now."""
        row = self._connection.one("SELECT hash FROM records WHERE seq = ?", (seq,))
        return None if row is None else str(row[0])

    def _take(self, kind: str, part: Sequence[Mapping[str, Any]]) -> None:
        try:
            if kind == "record":
                add(self._connection, [self._record(line) for line in part])
                return
            table, columns = _TABLES[kind]
            rows = [[line[kind][name] for name in columns] for line in part]
        except (KeyError, TypeError, ValueError) as error:
            told = f"a line of the kind {kind[:20]!r} after record {self.records} cannot be read"
            raise BrokenExportError(f"the export is not whole: {told}", hint="use another copy of it") from error
        self.counts[kind] += len(part)
        marks = ", ".join("?" * len(columns))
        self._connection.many(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)

    def _record(self, line: Mapping[str, Any]) -> Record:
        payload = _payload(line["record"])
        found = records.opened(payload, records.digest(payload))
        faults = judge(Row(found.seq, found.kind, found.system, payload, line["hash"]), self.records + 1, self.head)
        _require(not faults, *faults)
        self.records, self.head = found.seq, found.hash
        if found.kind == ROTATED:
            self.rotations.append(found)
        return found


def _write(connection: Connection, site: str, stream: TextIO) -> tuple[dict[str, int], str]:
    """Write every line; return how many there are of each kind, and the head's hash."""
    counts = dict.fromkeys(("record", *_TABLES), 0)
    previous, number = records.GENESIS, 0

    def line(content: Mapping[str, Any]) -> None:
        stream.write(json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n")

    line({"holdfast_ledger": _FORMAT, "site": site, "schema": SCHEMA_VERSION})
    for seq, kind, system, payload, hash_ in connection.each(
        "SELECT seq, kind, system, payload, hash FROM records ORDER BY seq"
    ):
        number += 1
        if judge(Row(seq, kind, system, as_bytes(payload), hash_), number, previous):
            raise LedgerError(f"record {number} is not whole; nothing was exported", hint="holdfast ledger verify")
        line({"record": _told(as_bytes(payload)), "hash": hash_})
        previous = hash_
    counts["record"] = number
    for kind, (table, columns) in _TABLES.items():
        for row in connection.each(f"SELECT {', '.join(columns)} FROM {table} ORDER BY {columns[0]}"):
            line({kind: dict(zip(columns, row, strict=True))})
            counts[kind] += 1
    line({"end": number, "head": previous, **{kind: counts[kind] for kind in _TABLES}})
    return counts, previous


def _told(payload: bytes) -> str | dict[str, str]:
    """Return a record's bytes as text; bytes that are no text as base64."""
    with suppress(UnicodeDecodeError):
        return payload.decode()
    return {"base64": base64.b64encode(payload).decode()}


def _payload(told: Any) -> bytes:
    return told.encode() if isinstance(told, str) else base64.b64decode(told["base64"], validate=True)


def _parsed(number: int, line: bytes) -> dict[str, Any]:
    try:
        return dict(json.loads(line))
    except (ValueError, TypeError, RecursionError) as error:
        raise BrokenExportError(
            f"the export is not whole: its line {number} cannot be read", hint="use another copy of it"
        ) from error


def _kind(line: Mapping[str, Any]) -> str:
    return str(next(iter(line), ""))


def _take_objects(objects: Objects, source: Path, new: list[Path]) -> int:
    """Take over objects and tombstones, each held against its name; what is added is noted in `new`."""
    given = Objects(source.parent)
    names = list(given.names())
    for name in names:
        there = objects.path(name).exists()
        if objects.put(given.get(name)) == name and not there:
            new.append(objects.path(name))
    for name in given.tombstones():
        if objects.tombstone(name) is None:
            objects.erase(name, given.tombstone(name) or {})
            new.append(objects.tombstone_file(name))
    return len(names)
