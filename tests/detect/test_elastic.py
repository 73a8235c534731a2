"""The contract with Elasticsearch, held against the real server."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from cli.clock import SystemClock
from detect.elastic import Address, Document, Engine, Grouping, Scan
from detect.elastic_answer import IndexMissingError, NotAskedWellError, State, UnclearError, UnreachableError, Version
from detect.elastic_request import Group
from tests.elastic.cluster import Cluster, Node
from tests.elastic.relay import Asked, Relay, relay
from tests.fakes.clock import FakeClock

pytestmark = pytest.mark.elasticsearch

SEEN = {"properties": {"seen": {"type": "date"}, "host": {"type": "keyword"}, "bytes": {"type": "long"}}}
MORNING = 1_764_000_000_000


@pytest.fixture
def engine(search_cluster: Cluster) -> Iterator[Engine]:
    """The cluster with an index `logs` of three shards, each kept twice."""
    with Engine(Address(tuple(search_cluster.urls)), SystemClock()) as opened:
        opened.make_index("logs", mappings=SEEN, settings={"number_of_shards": 3, "number_of_replicas": 1})
        yield opened


@pytest.fixture
def lossy(search_cluster: Cluster, engine: Engine) -> Iterator[tuple[Relay, Engine]]:
    """A way to the same index on which answers are lost; its pauses take no time."""
    with relay(search_cluster.nodes[0]) as between, Engine(Address((between.url,)), FakeClock()) as opened:
        yield between, opened


def logs(count: int, *, every: int = 10) -> list[Document]:
    """So many documents, ten of them in each millisecond."""
    return [Document("logs", f"d{n}", {"seen": MORNING + n // every, "bytes": n}, new=True) for n in range(count)]


def found(cluster: Cluster, index: str = "logs") -> dict[str, Any]:
    """What is really there, asked of the server itself."""
    cluster.ask("POST", f"/{index}/_refresh")
    hits = cluster.ask("POST", f"/{index}/_search", {"size": 10_000})["hits"]["hits"]
    return {hit["_id"]: hit["_source"] for hit in hits}


def deep(levels: int) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for _ in range(levels):
        made = {"a": made}
    return made


HOSTILE = {
    "no number": {"bytes": "x\n\x1b[31m\u202ered"},
    "no end": {"bytes": float("nan")},
    "half a pair": {"host": "\ud800"},
    "too deep": deep(200),
    "without end": deep(100_000),
    "nameless": {"": 1},
    "of the server": {"_id": "x"},
    "too many fields": {f"f{n}": 1 for n in range(2000)},
    "too large": {"host": "x" * (9 << 20)},
    "too large a number": {"bytes": 10**30},
    "no text": {"host": b"bytes"},
    "i" * 600: {"bytes": 1},
    "\udcff": {"bytes": 1},
    "": {"bytes": 1},
}


def test_each_document_has_its_own_result_and_a_refused_one_holds_up_no_other(
    engine: Engine, search_cluster: Cluster
) -> None:
    good = [Document("logs", f"good {n}\n\u2028", {"bytes": n, "text": "\x00 \u2028 ü"}) for n in range(3)]
    bad = [Document("logs", id_, source) for id_, source in HOSTILE.items()]
    written = engine.write([good[0], *bad, *good[1:]])
    assert [each.state for each in written] == [State.KEPT, *[State.REFUSED] * len(bad), State.KEPT, State.KEPT]
    assert [each.id for each in written] == [each.id for each in [good[0], *bad, *good[1:]]]
    assert [each.id for each in written if each.state is State.REFUSED and not each.reason.isprintable()] == []
    assert found(search_cluster) == {each.id: each.source for each in good}


def test_what_is_new_is_written_once_and_anything_else_is_replaced(engine: Engine, search_cluster: Cluster) -> None:
    def write(bytes_: int, *, new: bool) -> State:
        return engine.write([Document("logs", "a", {"bytes": bytes_}, new=new)])[0].state

    assert [write(1, new=True), write(2, new=True)] == [State.KEPT, State.THERE]
    assert found(search_cluster)["a"] == {"bytes": 1}
    assert write(3, new=False) is State.REPLACED
    assert found(search_cluster)["a"] == {"bytes": 3}


def test_documents_whose_acknowledgement_was_lost_are_there_once(
    lossy: tuple[Relay, Engine], search_cluster: Cluster
) -> None:
    between, engine = lossy
    between.lose_one("/_bulk")
    assert {each.state for each in engine.write(logs(100))} == {State.THERE}
    assert len([asked for asked in between.asked if asked.path.startswith("/_bulk")]) == 2
    assert len(found(search_cluster)) == 100


def test_a_full_disk_is_waited_for_and_then_named(engine: Engine, search_cluster: Cluster) -> None:
    def block(*, closed: bool) -> None:
        search_cluster.ask("PUT", "/logs/_settings", {"index.blocks.read_only_allow_delete": closed or None})

    block(closed=True)
    threading.Timer(0.5, lambda: block(closed=False)).start()
    assert [each.state for each in engine.write(logs(2))] == [State.KEPT] * 2


def test_of_two_that_replace_the_same_state_one_is_first(engine: Engine) -> None:
    first = engine.put("logs", "lease", {"host": "a"}, None)
    assert engine.put("logs", "lease", {"host": "b"}, None) is None
    assert isinstance(first, Version)
    second = engine.put("logs", "lease", {"host": "b"}, first)
    assert engine.put("logs", "lease", {"host": "a"}, first) is None
    there = engine.get("logs", "lease")
    assert there is not None
    assert (there.source, there.version) == ({"host": "b"}, second)


def test_a_replacement_whose_acknowledgement_was_lost_is_known_as_ours(
    lossy: tuple[Relay, Engine], engine: Engine
) -> None:
    between, through = lossy
    between.lose_one("/logs/_doc/lease")
    first = through.put("logs", "lease", {"host": "a"}, None)
    there = engine.get("logs", "lease")
    assert there is not None
    assert first == there.version


def test_a_replacement_that_never_arrived_is_not_taken_for_a_rivals(
    lossy: tuple[Relay, Engine], engine: Engine
) -> None:
    between, through = lossy

    def rival(asked: Asked) -> bool:
        between.before = lambda _: False
        assert engine.put("logs", "lease", {"host": "rival"}, None) is not None
        return True

    between.before = rival
    assert through.put("logs", "lease", {"host": "a"}, None) is None


def count_up(engine: Engine, writer: str, unclear: list[str]) -> None:
    """Add one to a shared number 25 times for sure, each time under the condition that nobody else did."""
    added = 0
    while added < 25:
        there = engine.get("logs", "number")
        number = there.source["bytes"] if there is not None else 0
        try:
            said = {"bytes": number + 1, "host": writer}
            added += engine.put("logs", "number", said, there.version if there else None) is not None
        except UnclearError:
            unclear.append(writer)


@pytest.mark.parametrize("seed", range(5))
def test_two_writers_whose_requests_and_answers_are_lost_never_lose_a_step_nor_double_one_unknowingly(
    lossy: tuple[Relay, Engine], search_cluster: Cluster, seed: int
) -> None:
    between, first = lossy
    losing, unclear = random.Random(seed), list[str]()
    between.before = lambda _: losing.random() < 0.2
    between.after = lambda _: losing.random() < 0.2
    with Engine(Address((between.url,)), FakeClock()) as second:
        other = threading.Thread(target=count_up, args=(second, "second", unclear))
        other.start()
        count_up(first, "first", unclear)
        other.join()
    assert 50 <= found(search_cluster)["number"]["bytes"] <= 50 + len(unclear)


def test_a_scan_gives_every_document_once_and_oldest_first_whatever_its_index_knows(
    engine: Engine, search_cluster: Cluster
) -> None:
    engine.make_index("logs-fine", mappings={"properties": {"seen": {"type": "date_nanos"}}}, settings={})
    engine.make_index("logs-none", mappings={"dynamic": False}, settings={})
    documents = logs(50)
    documents += [Document("logs-fine", f"f{n}", {"seen": f"2025-11-24T16:00:00.{n:09}Z"}) for n in range(50)]
    documents += [Document("logs-none", f"n{n}", {"bytes": n}) for n in range(5)]
    assert {each.state for each in engine.write(documents, searchable=True)} == {State.KEPT}
    hits = list(engine.scan(Scan("logs*", "seen", page=7)))
    assert sorted(hit.id for hit in hits) == sorted(document.id for document in documents)
    assert [hit.sort[0] for hit in hits] == sorted(hit.sort[0] for hit in hits)
    assert {hit.id for hit in hits[-5:]} == {f"n{n}" for n in range(5)}, "those without the field come last"
    some = engine.scan(Scan("logs", "bytes", {"range": {"bytes": {"lt": 3}}}, fields=("bytes",)))
    assert [hit.source for hit in some] == [{"bytes": 0}, {"bytes": 1}, {"bytes": 2}]


@pytest.mark.parametrize("by", ["seen", "bytes"])
def test_a_scan_that_loses_its_point_in_time_anywhere_goes_on_where_it_was(
    lossy: tuple[Relay, Engine], search_cluster: Cluster, by: str
) -> None:
    between, engine = lossy
    documents = [*logs(60), *(Document("logs", f"none {n}", {"host": "x"}) for n in range(20))]
    engine.write(documents, searchable=True)

    def end_point(asked: Asked) -> bool:
        if asked.path.startswith("/_search") and random.random() < 0.4:
            search_cluster.ask("DELETE", "/_pit", {"id": asked.body["pit"]["id"]})
        return False

    random.seed(5)
    between.before = end_point
    for _ in range(3):
        assert Counter(hit.id for hit in engine.scan(Scan("logs", by, page=7))) == Counter(d.id for d in documents)


def test_groups_are_counted_exactly_over_many_pages(lossy: tuple[Relay, Engine]) -> None:
    between, engine = lossy
    random.seed(7)
    hosts = [random.choice(["a", "b", "c", None]) for _ in range(300)]
    hour = 3_600_000
    engine.write(
        [Document("logs", f"{n}", {"seen": n * hour // 10, "host": host}) for n, host in enumerate(hosts)],
        searchable=True,
    )
    between.lose_one("/_search")
    by = {"hour": Group("seen", interval="1h"), "host": Group("host")}
    asked = Grouping("logs", by, values={"last": {"max": {"field": "seen"}}}, page=9)
    groups = list(engine.groups(asked))
    assert {(each.key["hour"], each.key["host"]): each.count for each in groups} == Counter(
        (n // 10 * hour, host) for n, host in enumerate(hosts)
    )
    assert all(each.key["hour"] <= each.values["last"]["value"] < each.key["hour"] + hour for each in groups)


def test_a_search_gives_the_first_and_says_how_many_there_are(engine: Engine) -> None:
    engine.write(logs(30), searchable=True)
    page = engine.search("logs", {"range": {"bytes": {"gte": 10}}}, size=2, sort=[{"bytes": "desc"}], fields=["bytes"])
    assert (page.total, [hit.source for hit in page.hits]) == (20, [{"bytes": 29}, {"bytes": 28}])


ASKED_WRONGLY: dict[str, tuple[Callable[[Engine], object], type[Exception], str]] = {
    "search": (lambda e: e.search("nowhere", {"match_all": {}}), IndexMissingError, r"no such index \[nowhere\]"),
    "scan": (lambda e: list(e.scan(Scan("nowhere-*", "seen"))), IndexMissingError, "no index is named nowhere-"),
    "get": (lambda e: e.get("nowhere", "a"), IndexMissingError, "nowhere"),
    "groups": (lambda e: list(e.groups(Grouping("nowhere", {"x": Group("host")}))), IndexMissingError, "nowhere"),
    "query": (lambda e: e.search("logs", {"nonsense": {}}), NotAskedWellError, r"unknown query \[nonsense\]"),
    "text": (lambda e: list(e.scan(Scan("logs", "host"))), NotAskedWellError, "host is keyword there"),
    "name": (lambda e: e.write([Document("UPPER", "a", {})]), NotAskedWellError, "must be lowercase"),
    "put": (lambda e: e.put("logs", "a", {"host": "\ud800"}, None), NotAskedWellError, "cannot be written as JSON"),
    "map": (lambda e: e.make_index("m", mappings={"x": 1}, settings={}), NotAskedWellError, "unsupported parameters"),
}


@pytest.mark.parametrize("name", ASKED_WRONGLY)
def test_what_is_asked_wrongly_is_named_at_once(engine: Engine, name: str) -> None:
    ask, error, said = ASKED_WRONGLY[name]
    with pytest.raises(error, match=said):
        ask(engine)


def test_an_index_that_is_there_stays_as_it_is(engine: Engine) -> None:
    assert engine.make_index("logs", mappings={}, settings={}) is False
    assert engine.get("logs", "none") is None


def test_the_cluster_says_how_it_is(engine: Engine, search_cluster: Cluster) -> None:
    search_cluster.wait()
    health = engine.look()
    assert (health.version, health.status, health.nodes, health.unassigned) == ("8.19.8", "green", 3, 0)


def test_nothing_acknowledged_is_lost_and_nothing_is_double_when_a_node_dies_in_mid_write(
    engine: Engine, search_cluster: Cluster
) -> None:
    search_cluster.wait()
    documents = logs(9_000)
    killer = threading.Thread(target=search_cluster.nodes[0].kill)
    acknowledged: list[str] = []
    for start in range(0, len(documents), 300):
        if start == 600:
            killer.start()
        if start == 8_700:
            killer.join()
        written = engine.write(documents[start : start + 300])
        acknowledged += [each.id for each in written if each.state in (State.KEPT, State.THERE)]
    assert len(acknowledged) == len(documents)
    search_cluster.mend(status="green")
    assert found(search_cluster) == {document.id: document.source for document in documents}


def test_a_scan_goes_on_when_the_node_it_reads_from_dies(engine: Engine, search_cluster: Cluster) -> None:
    search_cluster.wait()
    documents = logs(2_000)
    engine.write(documents, searchable=True)
    scan = engine.scan(Scan("logs", "seen", page=50))
    seen = [next(scan).id for _ in range(300)]
    reading(search_cluster).kill()
    seen += [hit.id for hit in scan]
    assert Counter(seen) == Counter(document.id for document in documents)


def reading(cluster: Cluster) -> Node:
    """The node with the most points in time open, so that one is surely lost with it."""
    stats = cluster.ask("GET", "/_nodes/stats/indices/search")["nodes"].values()
    name = max(stats, key=lambda node: node["indices"]["search"]["open_contexts"])["name"]
    return next(node for node in cluster.nodes if node.name == name)


def test_a_cluster_that_is_gone_is_named_and_ends_with_3() -> None:
    with (
        Engine(Address(("http://127.0.0.1:9",)), SystemClock(), patience=0) as engine,
        pytest.raises(UnreachableError, match=r"http://127.0.0.1:9 cannot be reached: Connection refused") as caught,
    ):
        engine.write(logs(1))
    assert (caught.value.exit_code, caught.value.hint) == (3, "holdfast doctor")
