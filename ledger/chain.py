"""Is the chain whole? Pure: rows in, verdict out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ledger import record as records


@dataclass(frozen=True)
class Row:
    """A stored row as it is: the columns the database indexes beside the bytes that were hashed."""

    seq: int
    kind: str
    system: str | None
    payload: bytes
    hash: str


@dataclass(frozen=True)
class Anchor:
    """What an outside checkpoint says: record `seq` has `hash`."""

    seq: int
    hash: str


@dataclass(frozen=True)
class Verdict:
    """What was found: `records` walked, the head's hash, faults, and up to which record outside proof reaches."""

    records: int
    head: str
    faults: tuple[str, ...]
    anchored: int

    @property
    def whole(self) -> bool:
        """Tell whether the chain itself has no fault (says nothing about records after the anchor)."""
        return not self.faults

    @property
    def verified(self) -> bool:
        """Tell whether every record is proved: no fault, and the newest one lies under an outside checkpoint."""
        return self.whole and self.anchored == self.records and self.records > 0


def verify(rows: Iterable[Row], anchors: Sequence[Anchor] = ()) -> Verdict:
    """Walk every row in order and hold it against the row before and against outside checkpoints.

    Whoever holds the database can recompute every hash, so without anchors a whole chain is *unanchored*,
    never verified.
    """
    wanted: dict[int, set[str]] = {}
    for anchor in anchors:
        wanted.setdefault(anchor.seq, set()).add(anchor.hash)
    faults: list[str] = []
    previous, expected, anchored = records.GENESIS, 1, 0
    for row in rows:
        faults += judge(row, expected, previous)
        if row.seq in wanted:
            if wanted.pop(row.seq) == {row.hash}:
                anchored = max(anchored, row.seq)
            else:
                faults.append(f"record {row.seq} is not the one the checkpoint was made of")
        previous, expected = row.hash, row.seq + 1
        if len(faults) > 20:
            break
    else:
        faults += [f"the checkpoint names record {seq}, which is missing: the tail was cut" for seq in sorted(wanted)]
    return Verdict(expected - 1, previous, tuple(faults), anchored if not faults else 0)


def judge(row: Row, expected: int, previous: str) -> list[str]:
    """Say what is wrong with a row that should be number `expected` and follow the hash `previous`."""
    if records.digest(row.payload) != row.hash:
        return [f"record {row.seq} was changed: its hash does not match its content"]
    try:
        content = records.opened(row.payload, row.hash)
    except ValueError as error:
        return [f"record {row.seq} cannot be read: {error}"]
    faults = []
    if row.seq != expected:
        faults.append(f"record {expected} is missing; record {row.seq} stands in its place")
    if content.previous_hash != previous:
        faults.append(f"record {row.seq} does not follow the record before it")
    if (content.seq, content.kind, content.system) != (row.seq, row.kind, row.system):
        faults.append(f"record {row.seq} is filed as something else than it says")
    return faults


def as_bytes(value: Any) -> bytes:
    """Return a stored payload as bytes, also when somebody put another type in its place."""
    return value if isinstance(value, bytes) else str(value).encode()
