"""The chain walked fast: what is plainly right is passed over at once, and anything else is left to `chain`.

A row is plainly right when its hash fits its bytes, the bytes are one JSON object, and the fields of that object are
the ones the row is filed under. The JSON is read by a strict parser in machine code; what that parser will not read
(the standard library's reads a little more) is judged by `chain.judge`, and a chain with a fault is walked again by
`chain.verify`, which alone says what is wrong. A long chain in a file is walked by all cores, a part each.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from pydantic_core import from_json

from ledger import chain
from ledger import record as records
from ledger.chain import Anchor, Row, Verdict, as_bytes
from ledger.connection import Connection
from ledger.database import Database

_LONGEST = 4000
"""Longer records are left to `chain`: parsers differ in how deep and how large a number they read."""
WORTH_A_PROCESS = 150_000
"""So many records take longer to walk than another process to start."""
_MOST_PROCESSES = 8
_ROWS = "SELECT seq, kind, system, payload, hash FROM records"
_BEFORE_ALL = -(2**63)

RawRow = tuple[Any, Any, Any, Any, Any]


@dataclass(frozen=True)
class Stretch:
    """A stretch of the chain without a fault: its last record's number and hash, and the hashes asked for."""

    last: int
    head: str
    hashes: dict[int, str]


def stretch(rows: Iterable[RawRow], last: int, head: str, wanted: frozenset[int]) -> Stretch | None:
    """Walk the rows that follow record `last` with hash `head`.

    Args:
        rows: (seq, kind, system, payload, hash) as stored, in order.
        last: the number before the first row's.
        head: the hash before the first row's.
        wanted: the records whose hashes are to be returned.

    Returns:
        None as soon as anything is not right.
    """
    hashes: dict[int, str] = {}
    for seq, kind, system, payload, hash_ in rows:
        last += 1
        if not _right(seq, kind, system, payload, hash_, last, head) and chain.judge(
            Row(seq, kind, system, as_bytes(payload), hash_), last, head
        ):
            return None
        if seq in wanted:
            hashes[seq] = hash_
        head = hash_
    return Stretch(last, head, hashes)


def _right(seq: Any, kind: Any, system: Any, payload: Any, hash_: Any, expected: int, previous: str) -> bool:
    """Tell whether a row is plainly right; False says nothing."""
    if type(payload) is not bytes or type(kind) is not str or type(seq) is not int or seq != expected:
        return False
    if len(payload) > _LONGEST or sha256(payload).hexdigest() != hash_:
        return False
    try:
        content = from_json(payload)
        return (
            content["seq"] == seq
            and content["previous_hash"] == previous
            and content["kind"] == kind
            and content["system"] == system
            and type(content["body"]) is dict
            and datetime.fromisoformat(content["at"]).tzinfo is UTC
            and "actor" in content
        )
    except (ValueError, KeyError, TypeError):
        return False


def verify(database: Database, anchors: Sequence[Anchor] = ()) -> Verdict:
    """Return the verdict of `chain.verify` on the records of a database, and hold its head row against them."""
    with database.read() as connection:
        head = connection.one("SELECT seq, hash FROM head WHERE id = 1")
        found = _clean(database, connection, frozenset(anchor.seq for anchor in anchors))
        if found is not None and all(found.hashes.get(anchor.seq) == anchor.hash for anchor in anchors):
            verdict = Verdict(found.last, found.head, (), max((anchor.seq for anchor in anchors), default=0))
        else:
            rows = connection.each(f"{_ROWS} ORDER BY seq")
            verdict = chain.verify((Row(row[0], row[1], row[2], as_bytes(row[3]), row[4]) for row in rows), anchors)
    if verdict.whole and head != (verdict.records, verdict.head):
        told = "is missing" if head is None else f"names record {head[0]}"
        fault = f"the head row {told}, and the newest record is {verdict.records}"
        return Verdict(verdict.records, verdict.head, (fault,), 0)
    return verdict


def _clean(database: Database, connection: Connection, wanted: frozenset[int]) -> Stretch | None:
    """Walk all records; None as soon as one is not right."""
    end = (connection.one("SELECT max(seq) FROM records") or (None,))[0]
    borders = _borders(connection, end if isinstance(end, int) else 0, database.path)
    if borders is None:
        return None
    parts = [
        (low, high, 0 if low == _BEFORE_ALL else low, head, wanted) for (low, head), (high, _) in pairwise(borders)
    ]
    if len(parts) == 1 or database.path is None:
        return _part(connection, *parts[0])
    return _together(database.path, connection, parts)


def _borders(connection: Connection, end: int, path: Path | None) -> list[tuple[int, str]] | None:
    """Divide the records: (number, hash) of each part's last one; None if such a record is not there."""
    cores = min(os.cpu_count() or 1, _MOST_PROCESSES, end // WORTH_A_PROCESS + 1) if path is not None else 1
    borders = [(_BEFORE_ALL, records.GENESIS)]
    for nth in range(1, cores):
        row = connection.one("SELECT hash FROM records WHERE seq = ?", (end * nth // cores,))
        if row is None:
            return None
        borders.append((end * nth // cores, row[0]))
    return [*borders, (end, "")]


_Part = tuple[int, int, int, str, frozenset[int]]


def _part(connection: Connection, low: int, high: int, last: int, head: str, wanted: frozenset[int]) -> Stretch | None:
    query = f"{_ROWS} WHERE seq > ? AND seq <= ? ORDER BY seq"
    return stretch(connection.each(query, (low, high)), last, head, wanted)


def _part_of_file(path: Path, part: _Part) -> Stretch | None:
    database = Database(f"sqlite:///{path}")
    try:
        with database.read() as connection:
            return _part(connection, *part)
    finally:
        database.close()


def _together(path: Path, connection: Connection, parts: Sequence[_Part]) -> Stretch | None:
    """Walk the first part here and each other one in a process of its own."""
    try:
        with ProcessPoolExecutor(len(parts) - 1, mp_context=get_context("spawn")) as others:
            asked = [others.submit(_part_of_file, path, part) for part in parts[1:]]
            found = [_part(connection, *parts[0]), *(answer.result() for answer in asked)]
    except (BrokenProcessPool, OSError):  # no room for another process: slower, and the same
        found = [_part(connection, *part) for part in parts]
    hashes: dict[int, str] = {}
    for each in found:
        if each is None:
            return None
        hashes |= each.hashes
    return None if found[-1] is None else Stretch(found[-1].last, found[-1].head, hashes)
