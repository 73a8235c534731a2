"""What Elasticsearch answers, read into values of our own, and what goes wrong, by name. Sends nothing."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, ClassVar

from inventory.errors import HoldfastError

OLDEST = 8
"""The oldest major version the client speaks to."""

_LONGEST_REASON = 300


class SearchError(HoldfastError):
    """Elasticsearch did not do what was asked (exit 3).

    `passing`: the same question may be answered later. `unclear`: it may have been done although no answer came.
    """

    passing: ClassVar[bool] = False
    unclear: ClassVar[bool] = False


class UnreachableError(SearchError):
    """No node answers."""

    passing = True
    unclear = True


class UntrustedError(SearchError):
    """The server's certificate proves nothing to us."""


class BusyError(SearchError):
    """It refuses for now, and nothing was done: too much at once, or its disk is full."""

    passing = True


class IncompleteError(SearchError):
    """Shards are missing, so an answer would be only a part of it."""

    passing = True
    unclear = True


class AccessError(SearchError):
    """The key is not known (`status` 401), or may not do this (403)."""

    def __init__(self, message: str, *, hint: str, status: int) -> None:
        super().__init__(message, hint=hint)
        self.status = status


class IndexMissingError(SearchError):
    """There is no such index."""


class ConflictError(SearchError):
    """Somebody else was first."""


class UnclearError(SearchError):
    """A document was replaced, and whether ours was there in between nobody can tell."""

    unclear = True


class NotAskedWellError(SearchError):
    """The question itself is refused."""


class TooOldError(SearchError):
    """It is older than this client speaks to, or no Elasticsearch."""


@dataclass(frozen=True)
class Version:
    """Which state of a document one has seen: only its holder may replace exactly this. `count` grows by one."""

    seq_no: int
    term: int
    count: int


@dataclass(frozen=True)
class Hit:
    """A document found; `sort` has its sort values, `version` its state where it was asked for."""

    index: str
    id: str
    source: Mapping[str, Any]
    sort: tuple[int, ...] = ()
    version: Version | None = None


@dataclass(frozen=True)
class Page:
    """Documents found, and how many there are in all."""

    hits: tuple[Hit, ...]
    total: int


@dataclass(frozen=True)
class Bucket:
    """A group of documents: its key (None: without the field; dates as milliseconds), their number, and values."""

    key: Mapping[str, str | int | float | bool | None]
    count: int
    values: Mapping[str, Any]


class State(Enum):
    """What became of a document."""

    KEPT = "kept"
    REPLACED = "replaced"
    THERE = "there"
    REFUSED = "refused"


@dataclass(frozen=True)
class Written:
    """What became of one document, by its id; `reason` says why it was refused."""

    index: str
    id: str
    state: State
    reason: str = ""


@dataclass(frozen=True)
class Health:
    """A cluster as a whole; `version` may be empty (it would not say), `status` is green, yellow or red."""

    name: str
    version: str
    status: str
    nodes: int
    unassigned: int


def failure(status: int, body: Any, where: str) -> SearchError:
    """Return the error that an answer other than success stands for."""
    kinds, reason = _reason(body.get("error") if isinstance(body, Mapping) else None)
    if status in (401, 403):
        what = "does not accept the API key" if status == 401 else f"does not allow this with the API key: {reason}"
        return AccessError(f"{where} {what}", hint="look at `elasticsearch` in holdfast.yml", status=status)
    named = next((_BY_KIND[kind] for kind in _BY_KIND if kind in kinds), None)
    error, hint = named or _BY_STATUS.get(status, (NotAskedWellError, ""))
    return error(f"{where}: {reason or f'answer {status}'}", hint=hint)


_HEALTH = "holdfast doctor shows how the cluster is"
_NEWER = f"Elasticsearch {OLDEST} or newer is needed"
_BY_KIND: dict[str, tuple[type[SearchError], str]] = {
    "media_type_header_exception": (TooOldError, _NEWER),
    "index_not_found_exception": (IndexMissingError, "look at the name of the index"),
    "search_context_missing_exception": (IncompleteError, "start the search again"),
}
_BY_STATUS: dict[int, tuple[type[SearchError], str]] = {
    406: (TooOldError, _NEWER),
    409: (ConflictError, ""),
    429: (BusyError, f"try again later; {_HEALTH}"),
    **dict.fromkeys((408, 502, 503, 504), (IncompleteError, _HEALTH)),
}


def _reason(error: Any) -> tuple[frozenset[str], str]:
    """Return the kinds an error names, and its reason in one line with the innermost cause."""
    if not isinstance(error, Mapping):
        return frozenset(), _line(error) if isinstance(error, str) else ""
    roots = error.get("root_cause")
    causes = [error, *(each for each in (roots if isinstance(roots, list) else []) if isinstance(each, Mapping))]
    kinds = frozenset(str(each.get("type")) for each in causes)
    reasons = [_line(error.get("reason"))]
    inner: Any = error.get("caused_by")
    for _ in range(5):
        if not isinstance(inner, Mapping):
            break
        reasons.append(_line(inner.get("reason")))
        inner = inner.get("caused_by")
    told = list(dict.fromkeys(each for each in (reasons[0], reasons[-1]) if each))
    return kinds, "; ".join(told)


def _line(text: Any) -> str:
    """Return text as one short line without control characters: a document's content may be quoted in it."""
    whole = str(text or "")[: 4 * _LONGEST_REASON]
    words = " ".join("".join(c if unicodedata.category(c)[0] != "C" else " " for c in whole).split())
    return words if len(words) <= _LONGEST_REASON else words[: _LONGEST_REASON - 1] + "…"


def outcome(index: str, id_: str, item: Any, where: str) -> Written | SearchError:
    """Return what became of one document of a bulk request; an error that is not the document's own as that."""
    result = next(iter(item.values()), None) if isinstance(item, Mapping) and len(item) == 1 else None
    if not isinstance(result, Mapping) or result.get("_id") != id_:
        return NotAskedWellError(f"{where} answered about another document than {id_!r}")
    status = result.get("status")
    if status in (200, 201):
        replaced = result.get("result") == "updated"
        return Written(index, id_, State.REPLACED if replaced else State.KEPT)
    kinds, reason = _reason(result.get("error"))
    if status == 409:
        return Written(index, id_, State.THERE)
    if status in (400, 413) and not kinds & {"index_closed_exception", "invalid_index_name_exception"}:
        return Written(index, id_, State.REFUSED, reason)
    return failure(status if isinstance(status, int) else 500, {"error": result.get("error")}, where)


def version_of(found: Mapping[str, Any]) -> Version:
    """Read which state of a document an answer is about."""
    return Version(found["_seq_no"], found["_primary_term"], found["_version"])


def hit(found: Mapping[str, Any]) -> Hit:
    """Read one document found."""
    version = version_of(found) if "_seq_no" in found else None
    return Hit(found["_index"], found["_id"], found.get("_source") or {}, tuple(found.get("sort", ())), version)


def whose(there: Hit | None, meant: Any, expected: Version | None, where: str) -> Version | None:
    """Return the version of a document if it is ours, which was sent with no answer and then refused; None: it is not.

    Raises:
        UnclearError: there is more than one state after the expected one, so ours may have been among them.
    """
    if there is not None and there.source == meant:
        return there.version
    before = expected.count if expected is not None else 0
    if there is not None and there.version is not None and there.version.count == before + 1:
        return None
    raise UnclearError(f"{where}: nobody can tell whether a document was written before it was replaced")


def hits(body: Mapping[str, Any], where: str) -> tuple[Hit, ...]:
    """Return the documents of an answer.

    Raises:
        IncompleteError: some shards or some time were missing.
    """
    shards = body.get("_shards", {})
    if body.get("timed_out") or shards.get("failed"):
        raise IncompleteError(f"{where} answered in part only", hint="holdfast doctor shows how the cluster is")
    return tuple(hit(found) for found in body["hits"]["hits"])


def buckets(body: Mapping[str, Any], where: str) -> tuple[tuple[Bucket, ...], Mapping[str, Any] | None]:
    """Return a page of groups and after which key the next begins (None: there is no next)."""
    hits(body, where)
    groups = body["aggregations"]["groups"]
    found = tuple(
        Bucket(
            bucket["key"],
            bucket["doc_count"],
            {name: value for name, value in bucket.items() if name not in ("key", "doc_count")},
        )
        for bucket in groups["buckets"]
    )
    return found, groups.get("after_key")
