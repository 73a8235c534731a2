"""Is what lies beside the chain what the chain says? Alerts, objects, and the views kept for speed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from ledger import alerts, projection
from ledger.connection import Connection
from ledger.erasure import ERASED
from ledger.errors import LedgerError
from ledger.ledger import Ledger
from ledger.objects import Objects, referred
from ledger.projection import Projection
from ledger.record import Record
from ledger.store import ALERT, holding, selected

_MOST = 20
_ALERTS = f"SELECT {', '.join(ALERT)}, seq, place FROM alerts"


@dataclass(frozen=True)
class Audit:
    """What was found beside the chain: faults in words, and the objects that were erased by law."""

    faults: tuple[str, ...]
    erased: tuple[str, ...]


def audit(ledger: Ledger, objects: Objects, projections: Sequence[Projection] = ()) -> Audit:
    """Hold alerts, objects and kept views against the records.

    A view that does not follow from the records is a fault, and is dropped so that nobody reads it again.
    """
    faults: list[str] = []
    erased: tuple[str, ...] = ()
    try:
        with ledger.store.reading() as connection:
            faults += _some(_alert_faults(connection))
            wrong, erased = _object_faults(connection, objects)
            faults += _some(wrong)
        faults += _some(_view_faults(ledger, projections))
    except (LedgerError, ValueError, KeyError, TypeError, AttributeError) as error:
        faults.append(f"what lies beside the chain cannot be checked: {error}")
    return Audit(tuple(faults), erased)


def _some(faults: Iterator[str]) -> Iterator[str]:
    for number, fault in enumerate(faults):
        if number == _MOST:
            yield "and more of the same kind"
            return
        yield fault


def _alert_faults(connection: Connection) -> Iterator[str]:
    """Hold each alert against the digest of those it was raised with, and its state against the changes on record."""
    now = _states(selected(connection, kinds=[alerts.CHANGED]))
    raised = {record.seq: record for record in selected(connection, kinds=[alerts.RAISED])}
    for (row,) in connection.each("SELECT id FROM alerts WHERE seq IS NULL ORDER BY id"):
        yield f"alert {row} belongs to no record"
    rows = connection.each(f"{_ALERTS} WHERE seq IS NOT NULL ORDER BY seq, place")
    seen: set[int] = set()
    for seq, together in groupby(rows, key=lambda row: row[-2]):
        found = [dict(zip((*ALERT, "seq", "place"), row, strict=True)) for row in together]
        seen.add(seq)
        record = raised.get(seq)
        if record is None:
            yield f"{len(found)} alerts say that record {seq} raised them, which it did not"
        elif not _as_raised(found, record):
            yield f"the alerts that record {seq} raised were changed, added to or removed"
        for row in found:
            if (row["state"], row["incident"]) != now.pop(row["id"], (alerts.OPEN, None)):
                yield f"alert {row['id']} is {row['state']} in incident {row['incident']}, and no record says so"
    for seq in sorted(raised.keys() - seen):
        yield f"the alerts that record {seq} raised are gone"


def _as_raised(rows: Sequence[Mapping[str, Any]], record: Record) -> bool:
    digest = hashlib.sha256()
    for place, row in enumerate(rows):
        if row["place"] != place:
            return False
        first = {name: row[name] for name in ALERT} | {"state": alerts.OPEN, "incident": None}
        digest.update(("\n" if place else "").encode() + json.dumps(first, sort_keys=True).encode())
    return (len(rows), digest.hexdigest()) == (record.body["count"], record.body["digest"])


def _states(changes: Iterable[Record]) -> dict[str, tuple[str, str | None]]:
    states: dict[str, tuple[str, str | None]] = {}
    for record in changes:
        for alert in record.body["ids"]:
            before = states.get(alert, (alerts.OPEN, None))
            incident = record.body.get("incident")
            states[alert] = (record.body["state"], before[1] if incident is None else incident)
    return states


def _object_faults(connection: Connection, objects: Objects) -> tuple[Iterator[str], tuple[str, ...]]:
    """Hold each object that is there or on record against its name, and each erased one against its record."""
    named: dict[str, int] = {}
    erased: set[str] = set()
    for record in holding(connection, b'"object'):
        if record.kind == ERASED:
            erased.add(record.body["object"])
        else:
            named |= {name: record.seq for name in referred(record.body) if name not in named}
    names = sorted({*objects.names(), *objects.tombstones(), *named, *erased})
    found = (_object_fault(objects, name, erased=name in erased) for name in names)
    told = (f"{_object(name, named)} {fault}" for name, fault in zip(names, found, strict=True) if fault)
    return told, tuple(sorted(erased))


def _object(name: str, named: Mapping[str, int]) -> str:
    return f"object {name[:16]} of record {named[name]}" if name in named else f"object {name[:16]}"


def _object_fault(objects: Objects, name: str, *, erased: bool) -> str:
    whole, marked = objects.is_whole(name), objects.tombstone(name) is not None
    if erased:
        done = whole is None and marked
        return "" if done else f"was to be erased, and that was not finished: holdfast ledger erase {name}"
    if marked:
        return "has a tombstone, and no record says that it was erased"
    if whole is None:
        return "is missing, and no record says that it was erased"
    return "" if whole else "was changed"


def _view_faults(ledger: Ledger, projections: Sequence[Projection]) -> Iterator[str]:
    for each in projections:
        if not _stands(ledger, each):
            yield f"the kept view {each.name!r} did not follow from the records; it was dropped, to be built anew"
            projection.drop(ledger.store, each.name)


def _stands(ledger: Ledger, view: Projection) -> bool:
    try:
        return projection.stands(ledger.store, view)
    except ValueError:  # what is kept is not even JSON
        return False
