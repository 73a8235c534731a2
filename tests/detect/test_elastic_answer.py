from __future__ import annotations

from typing import Any

import pytest

from detect import elastic_answer as answers
from detect.elastic_answer import (
    AccessError,
    BusyError,
    ConflictError,
    Hit,
    IncompleteError,
    IndexMissingError,
    NotAskedWellError,
    SearchError,
    State,
    TooOldError,
    UnclearError,
    Version,
    Written,
)

WHERE = "Elasticsearch at https://search.example:9200"


def told(kind: str, reason: str = "why", cause: str = "") -> dict[str, Any]:
    error: dict[str, Any] = {"type": kind, "reason": reason, "root_cause": [{"type": kind, "reason": reason}]}
    return {"error": error | ({"caused_by": {"type": "x", "reason": cause}} if cause else {})}


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, told("parsing_exception"), NotAskedWellError),
        (400, told("media_type_header_exception"), TooOldError),
        (406, {"error": "Content-Type header [x] is not supported"}, TooOldError),
        (401, told("security_exception"), AccessError),
        (403, told("security_exception"), AccessError),
        (404, told("index_not_found_exception"), IndexMissingError),
        (404, told("search_context_missing_exception"), IncompleteError),
        (409, told("version_conflict_engine_exception"), ConflictError),
        (429, told("cluster_block_exception"), BusyError),
        (503, told("search_phase_execution_exception"), IncompleteError),
        (502, "<html>", IncompleteError),
        (500, None, NotAskedWellError),
    ],
)
def test_a_failure_has_a_name(status: int, body: Any, error: type[SearchError]) -> None:
    failed = answers.failure(status, body, WHERE)
    assert type(failed) is error
    assert (failed.exit_code, failed.message.startswith(WHERE)) == (3, True)


def test_only_what_did_nothing_is_clear_when_it_may_pass() -> None:
    assert {(e.passing, e.unclear) for e in (BusyError, IncompleteError)} == {(True, False), (True, True)}
    assert {e.passing for e in (AccessError, NotAskedWellError, ConflictError, TooOldError)} == {False}


def test_a_reason_is_one_short_line_with_the_innermost_cause() -> None:
    reason = "failed\n\x1b[2J to\u202e parse " + "x" * 5000
    failed = answers.failure(400, told("document_parsing_exception", reason, "not a number"), WHERE)
    assert failed.message.isprintable()
    assert failed.message.endswith("; not a number")
    assert len(failed.message) < 400


@pytest.mark.parametrize(
    ("item", "became"),
    [
        ({"index": {"_id": "a", "status": 201, "result": "created"}}, State.KEPT),
        ({"index": {"_id": "a", "status": 200, "result": "updated"}}, State.REPLACED),
        ({"create": {"_id": "a", "status": 409} | told("version_conflict_engine_exception")}, State.THERE),
        ({"index": {"_id": "a", "status": 400} | told("document_parsing_exception")}, State.REFUSED),
        ({"index": {"_id": "a", "status": 400} | told("index_closed_exception")}, NotAskedWellError),
        ({"index": {"_id": "a", "status": 404} | told("index_not_found_exception")}, IndexMissingError),
        ({"index": {"_id": "a", "status": 403} | told("security_exception")}, AccessError),
        ({"index": {"_id": "a", "status": 429} | told("es_rejected_execution_exception")}, BusyError),
        ({"index": {"_id": "b", "status": 201, "result": "created"}}, NotAskedWellError),
        ({"index": {"_id": "a"}}, NotAskedWellError),
        ({}, NotAskedWellError),
        ("nonsense", NotAskedWellError),
    ],
)
def test_only_an_acknowledged_document_counts_and_only_its_own_fault_is_its_own(item: Any, became: Any) -> None:
    result = answers.outcome("logs", "a", item, WHERE)
    assert (result.state if isinstance(result, Written) else type(result)) is became


def test_an_answer_of_some_shards_only_is_no_answer() -> None:
    whole = {"hits": {"hits": [{"_index": "logs", "_id": "a", "_source": {"x": 1}, "sort": [5, 0]}]}}
    assert answers.hits(whole, WHERE)[0].sort == (5, 0)
    for missing in ({"timed_out": True}, {"_shards": {"failed": 1}}):
        with pytest.raises(IncompleteError, match="in part only"):
            answers.hits(whole | missing, WHERE)


def test_whose_a_document_is_can_be_told_unless_ours_may_have_been_in_between() -> None:
    ours, theirs, seen = {"by": "us"}, {"by": "them"}, Version(4, 1, 2)

    def after(source: dict[str, str], count: int) -> Version | None:
        return answers.whose(Hit("leases", "a", source, version=Version(9, 1, count)), ours, seen, WHERE)

    assert after(ours, 5) == Version(9, 1, 5)
    assert after(theirs, 3) is None
    for unclear in (lambda: after(theirs, 4), lambda: answers.whose(None, ours, seen, WHERE)):
        with pytest.raises(UnclearError, match="nobody can tell"):
            unclear()
