"""Views folded from records, kept in the database part by part, and built anew at will.

Every top-level name of a view's state is one part and one row. A reader folds in what was recorded since, reads only
the parts that these records touch, and writes back only those that changed. One head (name, version, up to which
record) says how far all of them are; who finds another head than the one he started from keeps nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, MutableMapping
from dataclasses import dataclass
from typing import Any

from ledger.connection import Connection
from ledger.errors import LedgerError
from ledger.record import Record
from ledger.store import Store, selected

_MOST_PARTS = 50_000
"""How many parts are held while folding; the first build over a million records keeps them, lets go, and goes on."""
_RECORDS_AT_ONCE = 10_000
"""How many records one query covers, so that sorting them by number costs the database little."""
_MOST_PASSED = 1_000
"""After how many records of other kinds the head moves on all the same, so that nobody looks through them again."""

_UNSEEN = (-1, "")

Head = tuple[int, int]


class UnreadableViewError(LedgerError):
    """What is kept of a view is no JSON."""


@dataclass(frozen=True)
class Projection:
    """A view folded from records: change `version` whenever `fold` changes meaning.

    `fold(state, record)` changes the state in place for records of `kinds` (empty: all); its values are JSON-able.
    What stands before the last `/` of a part's name is its family: one family can be read without the others.
    """

    name: str
    version: int
    fold: Callable[[State, Record], None]
    kinds: tuple[str, ...] = ()


class State(MutableMapping[str, Any]):
    """A projection's parts by name; each is read when it is first asked for.

    They come in the order of the records that made them, then by name. `seq` is the record that is folded in.
    """

    def __init__(self, connection: Connection | None, name: str) -> None:
        """Stand on what a transaction sees of a projection, or on nothing."""
        self._connection = connection
        self._name = name
        self._kept: dict[str, tuple[int, str] | None] = {}  # as in the database, of the parts that were asked for
        self._values: dict[str, Any] = {}
        self._places: dict[str, int] = {}
        self.seq = 0

    def __getitem__(self, part: str) -> Any:
        if part not in self._kept:
            self._load(part)
        return self._values[part]

    def __setitem__(self, part: str, value: Any) -> None:
        if part not in self:
            self._places[part] = self.seq
        self._values[part] = value

    def __delitem__(self, part: str) -> None:
        if part not in self:
            raise KeyError(part)
        self.discard(part)

    def __contains__(self, part: object) -> bool:
        if isinstance(part, str) and part not in self._kept:
            self._load(part)
        return part in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self.plain())

    def __len__(self) -> int:
        return len(self.plain())

    @property
    def held(self) -> int:
        """Return how many parts are in memory."""
        return len(self._kept)

    def put(self, part: str, value: Any) -> None:
        """Set a part at a new place, without reading what was there."""
        self._kept.setdefault(part, _UNSEEN)
        self._places[part] = self.seq
        self._values[part] = value

    def discard(self, part: str) -> None:
        """Drop a part, without reading whether it was there."""
        self._kept.setdefault(part, _UNSEEN)
        self._places.pop(part, None)
        self._values.pop(part, None)

    def plain(self, family: str | None = None) -> dict[str, Any]:
        """Return the parts of one family (None: all), as every later reader will see them."""
        rows = {part: (place, text) for part, place, text in self._rows(family) if part not in self._kept}
        for part, value in self._values.items():
            if family in (None, _family(part)):
                rows[part] = self._places[part], _text(value)
        ordered = sorted(rows.items(), key=lambda item: (item[1][0], item[0]))
        return {part: _value(text) for part, (_, text) in ordered}

    def changes(self) -> tuple[list[tuple[str, int, str]], list[str]]:
        """Return what is to be written: parts (name, place, text) that differ, and names that are gone."""
        now = ((part, self._places[part], _text(value)) for part, value in self._values.items())
        written = [(part, place, text) for part, place, text in now if (place, text) != self._kept[part]]
        return written, [part for part, kept in self._kept.items() if kept and part not in self._values]

    def _load(self, part: str) -> None:
        query = "SELECT place, state FROM projection_parts WHERE name = ? AND family = ? AND part = ?"
        found = self._connection.one(query, (self._name, _family(part), part)) if self._connection else None
        self._kept[part] = None
        if found is not None:
            self._kept[part] = self._places[part], text = found
            self._values[part] = _value(text)

    def _rows(self, family: str | None) -> Iterator[tuple[Any, ...]]:
        if self._connection is None:
            return
        query = "SELECT part, place, state FROM projection_parts WHERE name = ?"
        if family is None:
            yield from self._connection.each(query, (self._name,))
        else:
            yield from self._connection.each(f"{query} AND family = ?", (self._name, family))


def project(store: Store, projection: Projection, family: str | None = None) -> dict[str, Any]:
    """Return a projection's parts (of one family, or all), up to the newest record, and keep them for the next reader.

    Sequence numbers are given in the order of commits (every writer holds the database's one write lock), so a record
    after the head can only be one that was not folded yet, however many processes append meanwhile.
    """
    most = _MOST_PARTS
    while True:
        try:
            with store.reading() as connection:
                head = _head(connection, projection.name)
                fits = head is not None and head[0] == projection.version
                state = State(connection if fits else None, projection.name)
                seen, ended = _fold(connection, projection, state, head[1] if fits and head else 0, most)
                answer = state.plain(family) if ended else {}
        except UnreadableViewError:  # only the records count; what is kept of them is made again
            drop(store, projection.name)
            continue
        try:
            if head is None or head[0] <= projection.version:  # what newer code keeps is left to it
                _keep(store, projection, head, seen, state, at_once=not ended)
            elif not ended:
                most = 0
        except LedgerError:  # kept only to be fast: a full disk must not stop anybody from reading
            most = 0
        if ended:
            return answer


def rebuild(store: Store, projection: Projection) -> dict[str, Any]:
    """Return a projection's parts folded from the first record on; what `project` must equal."""
    state = State(None, projection.name)
    with store.reading() as connection:
        _fold(connection, projection, state, 0, 0)
    return state.plain()


def stands(store: Store, projection: Projection) -> bool:
    """Tell whether what is kept of a projection is what the records give; what no one would read is not looked at."""
    with store.reading() as connection:
        head = _head(connection, projection.name)
        if head is None or head[0] != projection.version:
            return True
        kept, anew = State(connection, projection.name), State(None, projection.name)
        for record in selected(connection, last=head[1], kinds=projection.kinds):
            anew.seq = record.seq
            projection.fold(anew, record)
        newest = connection.one("SELECT seq FROM head WHERE id = 1")
        reaches = newest is not None and head[1] <= newest[0]
        return reaches and _text(list(kept.plain().items())) == _text(list(anew.plain().items()))


def drop(store: Store, name: str) -> None:
    """Forget what is kept of a projection: the next reader builds it anew."""
    with store.write() as connection:
        for table in ("projection_heads", "projection_parts"):
            connection.run(f"DELETE FROM {table} WHERE name = ?", (name,))


def _fold(connection: Connection, projection: Projection, state: State, after: int, most: int) -> tuple[int, bool]:
    """Fold in what comes after a record; return how far that went, and whether it was all.

    It ends early once the state holds more than `most` parts (0: never).
    """
    newest = connection.one("SELECT seq FROM records ORDER BY seq DESC LIMIT 1")
    end = int(newest[0]) if newest else 0
    for start in range(after, end, _RECORDS_AT_ONCE):
        last = min(start + _RECORDS_AT_ONCE, end)
        for record in selected(connection, after=start, last=last, kinds=projection.kinds):
            state.seq = record.seq
            projection.fold(state, record)
            if most and state.held > most:
                return record.seq, False
    return max(after, end), True


def _keep(store: Store, projection: Projection, base: Head | None, seen: int, state: State, *, at_once: bool) -> None:
    """Persist what was folded on top of `base`, unless somebody else did so meanwhile.

    Where nothing changed the head may stay behind for some records, if it need not move on `at_once`.
    """
    written, dropped = state.changes()
    anew = base is None or base[0] != projection.version
    if not (anew or written or dropped or at_once) and base is not None and seen - base[1] < _MOST_PASSED:
        return
    name = projection.name
    with store.write() as connection:
        if _head(connection, name) != base:
            return
        if anew:
            connection.run("DELETE FROM projection_parts WHERE name = ?", (name,))
        connection.many(
            "DELETE FROM projection_parts WHERE name = ? AND family = ? AND part = ?",
            ((name, _family(part), part) for part in dropped),
        )
        connection.many(
            "INSERT INTO projection_parts (name, family, part, place, state) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (name, family, part) DO UPDATE SET place = excluded.place, state = excluded.state",
            ((name, _family(part), part, place, text) for part, place, text in written),
        )
        connection.run(
            "INSERT INTO projection_heads (name, version, up_to) VALUES (?, ?, ?)"
            " ON CONFLICT (name) DO UPDATE SET version = excluded.version, up_to = excluded.up_to",
            (name, projection.version, seen),
        )


def _head(connection: Connection, name: str) -> Head | None:
    found = connection.one("SELECT version, up_to FROM projection_heads WHERE name = ?", (name,))
    return None if found is None else (int(found[0]), int(found[1]))


def _family(part: str) -> str:
    return part.rpartition("/")[0]


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise UnreadableViewError("a kept view cannot be read", hint="holdfast ledger verify") from error


def _text(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
