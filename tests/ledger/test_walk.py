"""The fast walk says of every chain what the slow, obvious one says."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ledger import chain, record, walk
from ledger.chain import Anchor, Row
from ledger.ledger import LEDGER_FILE, Entry, Ledger
from tests.ledger.test_chain import START, rows

GOOD = rows({"n": 1})[0]
TEXT = GOOD.payload.decode()
TOKENS = [
    *(
        '"',
        "\\",
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        " ",
        "\n",
        "\t",
        "\x00",
        "\x1f",
        "\x7f",
        "\u2028",
        "é",
        "-",
        "+",
        "0",
        "1",
    ),
    *("NaN", "Infinity", "-Infinity", "1e999", "1E5", "0x1", "01", "1.", ".5", "-0", "9" * 400, "true", "null", "nul"),
    *(
        '"seq":1',
        '"seq":2',
        '"kind":"test"',
        '"kind":"other"',
        '"body":[]',
        '"body":[["a",1]]',
        '"at":"2026-11-23"',
        "//",
        "'",
    ),
    *("\\u0000", "\\ud800", "\\udc00\\ud800", "\\ud83d\\ude00", "\\x41", "\\/", "/*x*/", "\ufeff", "[" * 300, "{}" * 3),
]
MOMENTS = [
    *("2026-11-23T03:10:00Z", "2026-11-23", "20261123T031000Z", "2026-W47-1T00:00:00Z", "2026-11-23T03:10:00"),
    *(
        "2026-13-01T00:00:00Z",
        "9999-12-31T23:59:59+00:00",
        "0001-01-01T00:00:00+14:00",
        "",
        "now",
        "2026-11-23T24:00:00Z",
    ),
]


def filed(payload: bytes, **columns: object) -> Row:
    return Row(
        **{"seq": 1, "kind": "test", "system": "sso", "payload": payload, "hash": record.digest(payload)} | columns
    )  # type: ignore[arg-type]


def says_right(row: Row) -> bool:
    return walk._right(row.seq, row.kind, row.system, row.payload, row.hash, 1, record.GENESIS)


def assert_not_righter_than_the_slow_one(row: Row) -> None:
    if says_right(row):
        assert chain.judge(row, 1, record.GENESIS) == []


def test_an_ordinary_record_is_plainly_right() -> None:
    assert says_right(GOOD)
    assert says_right(filed(TEXT.replace('"n":1', '"n":"chữ \\" Việt","m":[1.5,null,{"x":[]}]').encode()))


edits = st.lists(
    st.tuples(st.floats(0, 1), st.integers(0, 30), st.sampled_from(TOKENS) | st.text(max_size=4)),
    min_size=1,
    max_size=3,
)


@given(edits)
@settings(max_examples=1000)
def test_text_that_was_meddled_with_and_hashed_anew_is_never_righter(changes: list[tuple[float, int, str]]) -> None:
    text = TEXT
    for place, length, token in changes:
        start = int(place * len(text))
        text = text[:start] + token + text[start + length :]
    assert_not_righter_than_the_slow_one(filed(text.encode(errors="surrogatepass")))


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=4))
@settings(max_examples=500)
def test_bytes_that_were_meddled_with_and_hashed_anew_are_never_righter(changes: list[tuple[float, int]]) -> None:
    payload = bytearray(GOOD.payload)
    for place, value in changes:
        payload[int(place * (len(payload) - 1))] = value
    assert_not_righter_than_the_slow_one(filed(bytes(payload)))


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(MOMENTS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(["seq", "kind", "system", "at", "actor", "body", "previous_hash"]), values))
@example({"at": "0001-01-01T00:00:00+14:00"})
@example({"seq": 1.0})
@example({"seq": True})
@example({"seq": "1"})
@example({"body": []})
@example({"actor": None})
@settings(max_examples=500)
def test_fields_of_any_type_are_never_righter(fields: dict[str, object]) -> None:
    content = json.loads(TEXT) | fields
    for text in (json.dumps(content), json.dumps(content, ensure_ascii=False)):
        assert_not_righter_than_the_slow_one(filed(text.encode(errors="surrogatepass")))


@pytest.mark.parametrize("moment", MOMENTS)
def test_every_way_to_write_a_moment_is_never_righter(moment: str) -> None:
    assert_not_righter_than_the_slow_one(filed(TEXT.replace("2026-11-23T00:00:00.000000Z", moment).encode()))


@pytest.mark.parametrize(
    "columns",
    [
        {"kind": 5},
        {"kind": b"test"},
        {"system": None},
        {"system": 1},
        {"seq": True},
        {"seq": 1.0},
        {"hash": None},
        {"kind": None},
    ],
)
def test_columns_of_any_type_are_never_righter(columns: dict[str, object]) -> None:
    assert_not_righter_than_the_slow_one(filed(GOOD.payload, **columns))
    assert not says_right(filed(GOOD.payload, **columns))


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"[]",
        b"\xef\xbb\xbf" + GOOD.payload,
        TEXT.encode("utf-16"),
        TEXT.encode("utf-32-le"),
        b'{"seq":2,' + GOOD.payload[1:],
        GOOD.payload.replace(b'"n":1', b'"n":' + b"[" * 900 + b"]" * 900),
        GOOD.payload.replace(b'"n":1', b'"n":' + b"7" * 4000),
        b'{"x":' + GOOD.payload + b"}",
        b'x{"a":1' + GOOD.payload[GOOD.payload.index(b',"kind"') :],
        b"\xff" * 20 + GOOD.payload[GOOD.payload.index(b',"kind"') :],
    ],
)
def test_hostile_payloads_with_an_ending_that_looks_right_are_never_righter(payload: bytes) -> None:
    assert_not_righter_than_the_slow_one(filed(payload))


chains = st.lists(st.fixed_dictionaries({"n": st.integers()}), min_size=1, max_size=10).map(lambda made: rows(*made))


@given(chains, st.data())
@settings(max_examples=300)
def test_a_chain_is_walked_to_the_same_end_or_not_at_all(good: list[Row], data: st.DataObject) -> None:
    bad = list(good)
    for _ in range(data.draw(st.integers(0, 2))):
        place = data.draw(st.integers(0, len(bad) - 1))
        match data.draw(st.sampled_from(["drop", "double", "swap", "payload", "hash"])):
            case "drop" if len(bad) > 1:
                del bad[place]
            case "double":
                bad.insert(place, bad[place])
            case "swap":
                bad[place], bad[0] = bad[0], bad[place]
            case "payload":
                bad[place] = filed(bad[place].payload + b" ", seq=bad[place].seq)
            case _:
                bad[place] = filed(bad[place].payload, hash="0" * 64)
    verdict = chain.verify(bad)
    raw = [(row.seq, row.kind, row.system, row.payload, row.hash) for row in bad]
    found = walk.stretch(raw, 0, record.GENESIS, frozenset(range(1, 20)))
    if found is None:
        assert not verdict.whole
    else:
        assert (found.last, found.head, ()) == (verdict.records, verdict.head, verdict.faults)
        assert found.hashes == {row.seq: row.hash for row in bad}


def forge(state: Path, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(state / LEDGER_FILE)) as database:
        database.execute(statement, values)
        database.commit()


@pytest.fixture
def in_parts(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Divide even a short chain among processes."""

    def divide() -> None:
        monkeypatch.setattr(walk, "WORTH_A_PROCESS", 10)
        monkeypatch.setattr(walk.os, "cpu_count", lambda: 2)

    return divide


def test_a_long_chain_is_walked_in_parts_and_gives_the_same_verdict(
    ledger: Ledger, state: Path, in_parts: Callable[[], None]
) -> None:
    made = ledger.append_all([Entry("test", {"n": number}) for number in range(100)])
    anchors = [Anchor(made[place].seq, made[place].hash) for place in (0, 49, 50, 99)]
    alone = ledger.verify(anchors)
    in_parts()
    assert ledger.verify(anchors) == alone == chain.Verdict(100, made[-1].hash, (), 100)
    for seq in (50, 51):
        forge(state, "UPDATE records SET payload = payload || ' ' WHERE seq = ?", seq)
        verdict = ledger.verify(anchors)
        assert f"record {seq} was changed: its hash does not match its content" in verdict.faults
        forge(state, "UPDATE records SET payload = ? WHERE seq = ?", made[seq - 1].payload, seq)
    for seq in (50,):
        forge(state, "UPDATE records SET hash = ? WHERE seq = ?", "0" * 64, seq)
        assert not ledger.verify(anchors).whole
        forge(state, "UPDATE records SET hash = ? WHERE seq = ?", made[seq - 1].hash, seq)
    forge(state, "DELETE FROM records WHERE seq = 50")
    assert "record 50 is missing" in ledger.verify(anchors).faults[0]


def test_where_no_process_can_be_started_the_parts_are_walked_here(
    ledger: Ledger, in_parts: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError

    ledger.append_all([Entry("test", {"n": number}) for number in range(100)])
    in_parts()
    monkeypatch.setattr(walk, "ProcessPoolExecutor", refuse)
    assert ledger.verify().records == 100


def test_a_head_row_that_does_not_fit_the_records_is_a_fault(both: Ledger) -> None:
    made = both.append_all([Entry("test", {}), Entry("test", {})])
    for change in ("seq = 1", "hash = 'x'", f"seq = 1, hash = '{made[0].hash}'"):
        with both.store.write() as connection:
            connection.run(f"UPDATE head SET {change}")
        verdict = both.verify([Anchor(2, made[1].hash)])
        assert "the head row names record" in verdict.faults[0]
        assert (verdict.whole, verdict.anchored) == (False, 0)
        with both.store.write() as connection:
            connection.run("UPDATE head SET seq = ?, hash = ?", (2, made[1].hash))
    assert both.verify().whole
    with both.store.write() as connection:
        connection.run("DELETE FROM head")
    assert both.verify().faults == ("the head row is missing, and the newest record is 2",)


def test_records_before_the_first_are_a_fault(ledger: Ledger, state: Path) -> None:
    made = ledger.append("test", {})
    forge(state, "INSERT INTO records VALUES (0, 'test', NULL, ?, ?)", made.payload, made.hash)
    assert not ledger.verify().whole
    assert START
