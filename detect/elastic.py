"""The door to Elasticsearch: documents written with each one's result, searches, scans and groups that are complete.

What may be repeated is repeated when a node is lost, and nothing else: a document has an id, so that writing it twice
is writing it once; a document replaced under a condition is looked at before it is called lost.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from typing import Any

from detect import elastic_answer as answers
from detect import elastic_request as requests
from detect.elastic_answer import (
    Bucket,
    ConflictError,
    Health,
    Hit,
    IndexMissingError,
    NotAskedWellError,
    Page,
    SearchError,
    State,
    TooOldError,
    Version,
    Written,
)
from detect.elastic_connection import Address, Connection
from detect.elastic_request import Document, Grouping, Order, Scan
from inventory.clock import Clock

_SHARD_SECONDS = "10s"


class Engine:
    """A cluster to ask. `patience` is for how many seconds what may be repeated is; `limit`, those of one question."""

    def __init__(self, address: Address, clock: Clock, *, patience: float = 60.0, limit: float = 30.0) -> None:
        self._connection = Connection(address, clock, patience=patience, limit=limit)
        self._where = self._connection.where

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of its connections."""
        self._connection.close()

    def look(self) -> Health:
        """Return how the cluster is.

        Raises:
            SearchError: it cannot be asked, or is too old.
        """
        only = "nodes.*.version"  # not the start page, which a distribution for tests has not
        nodes = self._connection.ask(lambda client: client.nodes.info(node_id="_local", filter_path=only))
        version = next((str(node["version"]) for node in nodes.get("nodes", {}).values()), "")
        if version and int(version.partition(".")[0]) < answers.OLDEST:
            hint = f"Elasticsearch {answers.OLDEST} or newer is needed"
            raise TooOldError(f"{self._where} is version {version}", hint=hint)
        said = self._connection.ask(lambda client: client.cluster.health())
        return Health(said["cluster_name"], version, said["status"], said["number_of_nodes"], said["unassigned_shards"])

    def write(self, documents: Sequence[Document], *, searchable: bool = False) -> tuple[Written, ...]:
        """Write documents and return what became of each, in their order; a refused one holds up no other.

        What is kept or replaced is on the disks of the cluster. `searchable`: wait until a search finds it. Repeated
        as a whole after an error it changes nothing more. An id should come once in a call, and from one writer: where
        there are several, `put` knows whose turn it is.

        Raises:
            SearchError: it is not known of every document what became of it.
        """
        became: dict[int, Written] = {}
        lines: dict[int, bytes] = {}
        for position, document in enumerate(documents):
            line = requests.wire(document)
            if isinstance(line, bytes):
                lines[position] = line
            else:
                became[position] = Written(document.index, document.id, State.REFUSED, line)
        for batch in requests.batches({position: len(line) for position, line in lines.items()}):
            became |= self._write(documents, lines, batch, searchable=searchable)
        return tuple(became[position] for position in range(len(documents)))

    def put(
        self, index: str, id_: str, source: Mapping[str, Any], expected: Version | None, *, searchable: bool = False
    ) -> Version | None:
        """Write one document if its state is still the expected one (None: there is none); None: it is not.

        When no answer came it is asked again under the same condition, and what is there then is ours if it says the
        same: so `source` must name its writer.

        Raises:
            SearchError: it was not done, or (`unclear`) nobody can tell.
        """
        line = requests.wire(Document(index, id_, source))
        if isinstance(line, str):
            raise NotAskedWellError(f"{id_!r} cannot be written: {line}")
        condition: dict[str, Any] = {"op_type": "create"}
        if expected is not None:
            condition = {"if_seq_no": expected.seq_no, "if_primary_term": expected.term}
        meant = json.loads(requests.encoded(source))
        waiting, unclear = self._connection.waiting(), False
        while True:
            try:
                said = self._connection.once(
                    lambda client: client.index(
                        index=index,
                        id=id_,
                        document=meant,
                        timeout=_SHARD_SECONDS,
                        refresh="wait_for" if searchable else "false",
                        **condition,
                    )
                )
                return answers.version_of(said)
            except ConflictError:
                return answers.whose(self.get(index, id_), meant, expected, self._where) if unclear else None
            except SearchError as error:
                unclear = unclear or error.unclear
                if not error.passing or not waiting.again():
                    raise

    def get(self, index: str, id_: str) -> Hit | None:
        """Return one document as it is now, with its version; None: there is none.

        Raises:
            SearchError: it cannot be asked, or there is no such index.
        """
        found = self._connection.ask(lambda client: client.options(ignore_status=404).get(index=index, id=id_))
        if "error" in found:
            raise answers.failure(404, found, self._where)
        return answers.hit(found) if found["found"] else None

    def make_index(self, index: str, *, mappings: Mapping[str, Any], settings: Mapping[str, Any]) -> bool:
        """Have an index; False: it was there, and stays as it is."""
        try:
            self._connection.ask(
                lambda client: client.indices.create(index=index, mappings=mappings, settings=settings)
            )
        except NotAskedWellError:
            if self._connection.ask(lambda client: client.indices.exists(index=index)):
                return False
            raise
        return True

    def search(
        self,
        index: str,
        query: Mapping[str, Any],
        *,
        size: int = 10,
        sort: Sequence[Mapping[str, Any]] = (),
        fields: Sequence[str] = (),
    ) -> Page:
        """Return the first documents of a search, and how many there are in all.

        Raises:
            SearchError: it cannot be answered whole.
        """
        said = self._connection.ask(
            lambda client: client.search(
                index=index,
                query=query,
                size=size,
                sort=list(sort) or None,
                source={"includes": list(fields)} if fields else True,
                track_total_hits=True,
                seq_no_primary_term=True,
                version=True,
                allow_partial_search_results=False,
            )
        )
        return Page(answers.hits(said, self._where), said["hits"]["total"]["value"])

    def scan(self, asked: Scan) -> Iterator[Hit]:
        """Yield every document of a scan once, as all were at one moment.

        Where that moment is lost with a node, the rest is as of a later one.

        Raises:
            SearchError: it cannot be gone through whole; what came before was right.
        """
        order = self._order(asked)
        cursor = requests.Cursor(order)
        waiting = self._connection.waiting()
        while True:
            try:
                with closing(self._pages(asked, order, cursor)) as pages:
                    for page in pages:
                        waiting.begin()
                        yield from filter(cursor.passes, page)
                return
            except SearchError as error:
                if not error.passing or not waiting.again():
                    raise

    def groups(self, asked: Grouping) -> Iterator[Bucket]:
        """Yield every group, in the order of its key, counted exactly.

        Raises:
            SearchError: they cannot be gone through whole.
        """
        after: Mapping[str, Any] | None = None
        waiting = self._connection.waiting()
        while True:
            try:
                with self._point(asked.index) as point:
                    latest = point
                    while True:
                        said = self._search(requests.groups_of(asked, latest, after))
                        found, next_ = answers.buckets(said, self._where)
                        waiting.begin()
                        yield from found
                        if next_ is None:
                            return
                        after, latest = next_, said["pit_id"]
            except SearchError as error:
                if not error.passing or not waiting.again():
                    raise

    def _write(
        self, documents: Sequence[Document], lines: Mapping[int, bytes], batch: list[int], *, searchable: bool
    ) -> dict[int, Written]:
        """Send one batch, and again what the cluster could not take yet, until each document has its result."""
        became: dict[int, Written] = {}
        waiting = self._connection.waiting()
        while True:
            items = self._bulk([lines[position] for position in batch], searchable=searchable)
            later: dict[int, SearchError] = {}
            for position, item in zip(batch, items, strict=True):
                document = documents[position]
                result = answers.outcome(document.index, document.id, item, self._where)
                if isinstance(result, Written):
                    became[position] = result
                elif result.passing:
                    later[position] = result
                else:
                    raise result
            if not later:
                return became
            if not waiting.again():
                raise next(iter(later.values()))
            batch = list(later)

    def _bulk(self, sent: list[bytes], *, searchable: bool) -> list[Any]:
        lines: list[Any] = [line for document in sent for line in document.splitlines()]
        refresh = "wait_for" if searchable else "false"
        items: list[Any] = self._connection.ask(
            lambda client: client.bulk(operations=lines, timeout=_SHARD_SECONDS, refresh=refresh)
        )["items"]
        if len(items) != len(sent):
            raise NotAskedWellError(f"{self._where} answered about {len(items)} documents of {len(sent)}")
        return items

    def _order(self, asked: Scan) -> Order:
        said = self._connection.ask(
            lambda client: client.field_caps(index=asked.index, fields=asked.by, include_unmapped=True)
        )
        if not said["indices"]:
            raise IndexMissingError(f"{self._where}: no index is named {asked.index}", hint="look at the name")
        order = requests.order_of(asked.by, list(said["fields"].get(asked.by, ())))
        if isinstance(order, str):
            raise NotAskedWellError(order)
        return order

    def _pages(self, asked: Scan, order: Order, cursor: requests.Cursor) -> Generator[tuple[Hit, ...], None, None]:
        after: Sequence[int] = ()
        with self._point(asked.index) as point:
            latest = point
            query = cursor.query(asked.query)
            while True:
                said = self._search(requests.page_of(asked, order, query, latest, after))
                page = answers.hits(said, self._where)
                if not page:
                    return
                yield page
                after, latest = page[-1].sort, said["pit_id"]

    def _search(self, body: Mapping[str, Any]) -> Any:
        return self._connection.once(lambda client: client.search(**body, allow_partial_search_results=False))

    @contextmanager
    def _point(self, index: str) -> Iterator[str]:
        """Have a moment of the indices to look at, and let go of it afterwards."""
        said = self._connection.once(lambda client: client.open_point_in_time(index=index, keep_alive=requests.KEPT))
        try:
            yield said["id"]
        finally:
            with suppress(SearchError):  # it ends by itself
                self._connection.once(lambda client: client.close_point_in_time(id=said["id"]))
