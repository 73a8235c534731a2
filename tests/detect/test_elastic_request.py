from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detect import elastic_request as requests
from detect.elastic_answer import Hit
from detect.elastic_request import Cursor, Document, Order, Scan

NOWHERE = 2**63 - 1


def hits(*values: int) -> list[Hit]:
    return [Hit("logs", f"{n}", {}, (value,)) for n, value in enumerate(values)]


@given(st.dictionaries(st.integers(0, 20_000), st.integers(1, 12 << 20), max_size=40))
def test_every_document_is_in_one_batch_and_no_batch_of_several_is_too_large(sizes: dict[int, int]) -> None:
    made = list(requests.batches(sizes))
    assert [position for batch in made for position in batch] == list(sizes)
    assert [batch for batch in made if len(batch) > 1 and sum(sizes[each] for each in batch) > 8 << 20] == []


def test_a_batch_has_no_more_documents_than_the_server_likes() -> None:
    assert [len(batch) for batch in requests.batches(dict.fromkeys(range(12_000), 1))] == [5000, 5000, 2000]


@given(st.dictionaries(st.text(max_size=5), st.text() | st.integers() | st.floats(), max_size=4), st.text())
def test_what_is_sent_is_two_lines_whatever_the_text(source: dict[str, Any], id_: str) -> None:
    line = requests.wire(Document("logs", id_, source, new=True))
    assert isinstance(line, str) or len(line.splitlines()) == line.count(b"\n") == 2


@pytest.mark.parametrize(
    ("types", "order"),
    [
        ([], Order("t", "date")),
        (["unmapped"], Order("t", "date")),
        (["date", "unmapped"], Order("t", "date")),
        (["date_nanos"], Order("t", "date_nanos")),
        (["date", "date_nanos"], Order("t", "date_nanos", mixed=True)),
        (["long", "integer"], Order("t", "long")),
        (["date", "keyword"], "t is date and keyword there; a scan goes by a date or a whole number"),
    ],
)
def test_how_a_field_is_sorted_follows_what_the_indices_say_of_it(types: list[str], order: Order | str) -> None:
    assert requests.order_of("t", types) == order


@given(
    st.lists(st.integers(0, 3), max_size=30),
    st.lists(st.integers(1, 8), max_size=10),
    st.sampled_from([Order("t", "date"), Order("t", "date_nanos")]),
)
def test_each_document_passes_once_wherever_a_scan_begins_anew(
    values: list[int], cuts: list[int], order: Order
) -> None:
    every = hits(*sorted(value * 400_000 for value in values))
    cursor, passed = Cursor(order), list[Hit]()
    stamp = 0
    for cut in [*cuts, len(every)]:
        rest = [hit for hit in every if order.stamp(hit.sort[0]) >= stamp]
        for hit in rest[:cut]:
            passed += [hit] if cursor.passes(hit) else []
            stamp = order.stamp(hit.sort[0])
    assert passed[: len(every)] == every[: len(passed)]
    assert len({hit.id for hit in passed}) == len(passed)


def conditions(query: dict[str, Any]) -> Iterable[str]:
    return (next(iter(each)) for each in query["bool"]["filter"])


def test_a_scan_that_begins_anew_asks_for_the_rest_and_for_those_without_the_field() -> None:
    order = Order("t", "date")
    cursor = Cursor(order)
    assert cursor.query({"term": {"a": 1}}) == {"bool": {"filter": [{"term": {"a": 1}}]}}
    cursor.passes(hits(7)[0])
    assert list(conditions(cursor.query({"term": {"a": 1}}))) == ["term", "bool"]
    assert {"range": {"t": {"gte": 7, "format": "epoch_millis"}}} in order.from_there(7)["bool"]["should"]
    assert order.from_there(NOWHERE) == {"bool": {"must_not": {"exists": {"field": "t"}}}}


def test_a_page_is_complete_of_one_point_in_time_and_after_the_last() -> None:
    page = requests.page_of(Scan("logs", "t", fields=("a",), page=5), Order("t", "date"), {}, "point", (7, 1))
    assert (page["pit"]["id"], page["size"], page["search_after"]) == ("point", 5, [7, 1])
    assert page["source"] == {"includes": ["a"]}
