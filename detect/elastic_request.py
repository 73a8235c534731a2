"""What is asked of Elasticsearch, as plain values: documents on the wire, pages in order, groups. Sends nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from detect.elastic_answer import Hit

LARGEST_DOCUMENT = 8 << 20
"""Bytes; the server takes no request above 100 MB, and refuses all of it."""

_LARGEST_BATCH = 8 << 20
_MOST_IN_BATCH = 5000
_LONGEST_ID = 512
_UNKNOWN = 2**63 - 1
"""What the server gives as the sort value of a document without the field."""

_DATES = ("date", "date_nanos")
_WHOLE = ("long", "integer", "short", "byte")


@dataclass(frozen=True)
class Document:
    """Something to keep under an id; `new`: leave what is there under this id as it is."""

    index: str
    id: str
    source: Mapping[str, Any]
    new: bool = False


@dataclass(frozen=True)
class Scan:
    """Every document of `index` (names and patterns, comma between) that `query` finds, by one field, oldest first.

    `by` is a date or whole number; documents without it come last. `fields` are the ones wanted (none: all);
    `page` is how many come in one answer, 1 to 10 000.
    """

    index: str
    by: str
    query: Mapping[str, Any] | None = None
    fields: tuple[str, ...] = ()
    page: int = 1000


@dataclass(frozen=True)
class Group:
    """Documents with the same value of a field; `interval` makes spans of time, like `1h`, of a date."""

    field: str
    interval: str = ""


@dataclass(frozen=True)
class Grouping:
    """Every group of documents by the fields of `by`, each counted exactly; `values` are metric aggregations."""

    index: str
    by: Mapping[str, Group]
    query: Mapping[str, Any] | None = None
    values: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    page: int = 1000


@dataclass(frozen=True)
class Order:
    """How a field is sorted: `kind` is its type; dates come as milliseconds, or as nanoseconds if any has them."""

    by: str
    kind: str
    mixed: bool = False

    @property
    def in_nanoseconds(self) -> bool:
        """Tell whether sort values are nanoseconds."""
        return self.mixed or self.kind == "date_nanos"

    def clauses(self) -> list[dict[str, Any]]:
        """Return the sort; documents of one value keep their place within a point in time."""
        by = {"order": "asc", "missing": "_last", "unmapped_type": self.kind}
        if self.in_nanoseconds and self.mixed:
            by["numeric_type"] = "date_nanos"
        return [{self.by: by}, {"_shard_doc": {"order": "asc"}}]

    def stamp(self, value: int) -> int:
        """Return where a scan that must begin anew begins: whole milliseconds, which a query can name."""
        return value // 1_000_000 if self.in_nanoseconds and value != _UNKNOWN else value

    def from_there(self, stamp: int) -> dict[str, Any]:
        """Return a query for all from a stamp on, those without the field among them."""
        without = {"bool": {"must_not": {"exists": {"field": self.by}}}}
        if self.kind not in _DATES:
            return {"bool": {"should": [{"range": {self.by: {"gte": stamp}}}, without]}}
        if stamp == _UNKNOWN:
            return without
        return {"bool": {"should": [{"range": {self.by: {"gte": stamp, "format": "epoch_millis"}}}, without]}}


class Cursor:
    """How far a scan is: each document is let through once, also when the scan had to begin anew at the last stamp."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._stamp: int | None = None
        self._let_through: set[tuple[str, str]] = set()

    def passes(self, hit: Hit) -> bool:
        """Tell whether a document was not let through before, and remember it."""
        stamp = self._order.stamp(hit.sort[0])
        if stamp != self._stamp:
            self._stamp = stamp
            self._let_through = set()
        key = (hit.index, hit.id)
        if key in self._let_through:
            return False
        self._let_through.add(key)
        return True

    def query(self, asked: Mapping[str, Any] | None) -> dict[str, Any]:
        """Return the query for what is still to come."""
        parts = [dict(asked)] if asked else []
        if self._stamp is not None:
            parts.append(self._order.from_there(self._stamp))
        return {"bool": {"filter": parts}}


def order_of(by: str, types: Sequence[str]) -> Order | str:
    """Return how to sort by a field of these types in the indices asked, or why it cannot be done.

    In indices that do not know the field every document is one without it.
    """
    known = {kind for kind in types if kind != "unmapped"}
    if not known:
        return Order(by, "date")
    if known <= set(_DATES):
        return Order(by, "date_nanos" if "date_nanos" in known else "date", mixed=len(known) > 1)
    if known <= set(_WHOLE):
        return Order(by, "long")
    return f"{by} is {' and '.join(sorted(known))} there; a scan goes by a date or a whole number"


def page_of(asked: Scan, order: Order, query: Mapping[str, Any], point: str, after: Sequence[int]) -> dict[str, Any]:
    """Return the search for one page of a scan, within a point in time."""
    page: dict[str, Any] = {
        "pit": {"id": point, "keep_alive": KEPT},
        "query": query,
        "sort": order.clauses(),
        "size": asked.page,
        "track_total_hits": False,
        "source": {"includes": list(asked.fields)} if asked.fields else True,
    }
    return page | ({"search_after": list(after)} if after else {})


KEPT = "5m"
"""How long the server keeps a point in time after the last question to it."""


def groups_of(asked: Grouping, point: str, after: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the search for one page of groups, within a point in time."""
    composite: dict[str, Any] = {
        "size": asked.page,
        "sources": [{name: _source(group)} for name, group in asked.by.items()],
    }
    if after is not None:
        composite["after"] = dict(after)
    aggregation = {"composite": composite, "aggs": {name: dict(value) for name, value in asked.values.items()}}
    return {
        "pit": {"id": point, "keep_alive": KEPT},
        "query": dict(asked.query) if asked.query else {"match_all": {}},
        "size": 0,
        "track_total_hits": False,
        "aggs": {"groups": aggregation},
    }


def _source(group: Group) -> dict[str, Any]:
    """Return one field of a composite aggregation; documents without it are a group of their own."""
    if group.interval:
        return {"date_histogram": {"field": group.field, "fixed_interval": group.interval, "missing_bucket": True}}
    return {"terms": {"field": group.field, "missing_bucket": True}}


def wire(document: Document) -> bytes | str:
    """Return a document's two lines of a bulk request, or, as text, why it cannot be sent.

    An id that is no proper text or too long is found here: the server would refuse its neighbours with it.
    """
    action = {"create" if document.new else "index": {"_index": document.index, "_id": document.id}}
    try:
        if not 0 < len(document.id.encode()) <= _LONGEST_ID:
            return f"its id has {len(document.id.encode())} bytes; 1 to {_LONGEST_ID} can be"
        source = encoded(document.source)
        line = b"%b\n%b\n" % (encoded(action), source)
    except (TypeError, ValueError, RecursionError) as error:
        return f"it cannot be written as JSON: {type(error).__name__}"
    if len(source) > LARGEST_DOCUMENT:
        return f"it has {len(source)} bytes; {LARGEST_DOCUMENT} is the most"
    return line


def encoded(source: Mapping[str, Any]) -> bytes:
    """Return JSON in one line.

    Raises:
        TypeError, ValueError, RecursionError: it holds what JSON has not (NaN, half a surrogate pair), or no end.
    """
    return json.dumps(source, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def batches(sizes: Mapping[int, int]) -> Iterator[list[int]]:
    """Yield positions, in order, in requests of a size the server takes well; `sizes` are bytes by position."""
    batch: list[int] = []
    room = _LARGEST_BATCH
    for position, size in sizes.items():
        if batch and (size > room or len(batch) == _MOST_IN_BATCH):
            yield batch
            batch, room = [], _LARGEST_BATCH
        batch.append(position)
        room -= size
    if batch:
        yield batch
