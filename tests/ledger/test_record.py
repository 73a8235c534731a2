from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import record

START = datetime(2026, 11, 23, tzinfo=UTC)
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), plain, max_size=4))
def test_a_record_survives_the_round_trip_through_its_bytes(body: dict[str, object]) -> None:
    try:
        sealed = record.seal(1, START, "k", None, "minh", body, record.GENESIS)
    except UnicodeEncodeError:  # a lone half of a character cannot be written
        return
    assert record.opened(sealed.payload, sealed.hash) == sealed
    assert record.digest(sealed.payload) == sealed.hash


def test_the_order_of_keys_does_not_change_the_hash() -> None:
    one = record.seal(1, START, "k", None, "m", {"a": 1, "b": 2}, record.GENESIS)
    assert one == record.seal(1, START, "k", None, "m", {"b": 2, "a": 1}, record.GENESIS)


@pytest.mark.parametrize("body", [{"x": float("nan")}, {"x": {1, 2}}, {"x": START}, {"x": b"bytes"}])
def test_what_is_not_plain_json_is_refused(body: dict[str, object]) -> None:
    with pytest.raises((TypeError, ValueError)):
        record.seal(1, START, "k", None, "m", body, record.GENESIS)


def test_a_record_is_shown_short_on_one_line_and_whole_as_json() -> None:
    sealed = record.seal(1, START, "k", "sso", "m", {"hash": "a" * 64, "n": 3, "text": "x" * 200}, record.GENESIS)
    assert sealed.brief(40) == "hash=aaaaaaaaaaaa… n=3 text=xxxxxxxxxxx…"
    assert len(sealed.brief()) == 100
    assert sealed.to_json() == {
        "seq": 1,
        "at": "2026-11-23T00:00:00.000000Z",
        "kind": "k",
        "system": "sso",
        "actor": "m",
        "body": {"hash": "a" * 64, "n": 3, "text": "x" * 200},
        "hash": sealed.hash,
    }
