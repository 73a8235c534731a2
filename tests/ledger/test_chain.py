from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from ledger import chain, record
from ledger.chain import Anchor, Row

START = datetime(2026, 11, 23, tzinfo=UTC)


def rows(*bodies: dict[str, int]) -> list[Row]:
    made: list[Row] = []
    previous = record.GENESIS
    for seq, body in enumerate(bodies, start=1):
        sealed = record.seal(seq, START, "test", "sso", "minh", body, previous)
        made.append(Row(seq, sealed.kind, sealed.system, sealed.payload, sealed.hash))
        previous = sealed.hash
    return made


def anchored(good: list[Row]) -> list[Anchor]:
    return [Anchor(good[-1].seq, good[-1].hash)]


chains = st.lists(st.fixed_dictionaries({"n": st.integers()}), min_size=2, max_size=12).map(lambda made: rows(*made))


@given(chains)
def test_a_whole_chain_without_outside_proof_is_never_called_verified(good: list[Row]) -> None:
    verdict = chain.verify(good)
    assert (verdict.records, verdict.head, verdict.faults) == (len(good), good[-1].hash, ())
    assert (verdict.whole, verdict.anchored, verdict.verified) == (True, 0, False)


@given(chains, st.data())
def test_a_whole_chain_is_proved_up_to_its_newest_checkpoint(good: list[Row], data: st.DataObject) -> None:
    places = data.draw(st.sets(st.sampled_from(range(len(good))), min_size=1))
    verdict = chain.verify(good, [Anchor(good[place].seq, good[place].hash) for place in places])
    assert verdict.whole
    assert verdict.anchored == max(places) + 1
    assert verdict.verified == (max(places) + 1 == len(good))


@given(chains, st.data())
def test_a_changed_byte_is_found(good: list[Row], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(good) - 1))
    payload = bytearray(good[place].payload)
    payload[data.draw(st.integers(0, len(payload) - 1))] ^= data.draw(st.integers(1, 255))
    bad = [*good[:place], replace(good[place], payload=bytes(payload)), *good[place + 1 :]]
    assert not chain.verify(bad).whole


@given(chains, st.data())
def test_a_changed_column_beside_the_bytes_is_found(good: list[Row], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(good) - 1))
    change = data.draw(st.sampled_from([{"kind": "other"}, {"system": None}, {"seq": 99}, {"hash": "0" * 64}]))
    bad = [*good[:place], replace(good[place], **change), *good[place + 1 :]]  # type: ignore[arg-type]
    assert not chain.verify(bad).whole


@given(chains, st.data())
def test_a_removed_record_is_found(good: list[Row], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(good) - 1))
    bad = good[:place] + good[place + 1 :]
    verdict = chain.verify(bad, anchored(good))
    assert not verdict.whole
    assert not verdict.verified


@given(chains, st.data())
def test_swapped_records_are_found(good: list[Row], data: st.DataObject) -> None:
    one, other = data.draw(st.permutations(range(len(good))))[:2]
    bad = list(good)
    bad[one], bad[other] = bad[other], bad[one]
    assert not chain.verify(bad).whole


@given(chains, st.data())
def test_an_inserted_record_is_found(good: list[Row], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(good) - 1))
    before = good[place - 1].hash if place else record.GENESIS
    sealed = record.seal(place + 1, START, "test", "sso", "minh", {"forged": True}, before)
    forged = Row(place + 1, sealed.kind, sealed.system, sealed.payload, sealed.hash)
    assert not chain.verify([*good[:place], forged, *good[place:]]).whole


@given(chains, st.integers(min_value=1))
def test_a_cut_tail_and_an_old_copy_are_found_by_the_checkpoint_and_only_by_it(good: list[Row], cut: int) -> None:
    old = good[: -(1 + cut % len(good))] if cut % len(good) + 1 <= len(good) else []
    assert chain.verify(old).whole
    assert not chain.verify(old).verified
    verdict = chain.verify(old, anchored(good))
    assert "the tail was cut" in verdict.faults[0]
    assert (verdict.anchored, verdict.verified) == (0, False)


@given(chains, st.data())
def test_a_history_with_every_hash_recomputed_is_found_by_the_checkpoint_and_never_verified(
    good: list[Row], data: st.DataObject
) -> None:
    bodies = [record.opened(row.payload, row.hash).body for row in good]
    place = data.draw(st.integers(0, len(good) - 1))
    bodies[place] = {"n": "forged"}
    forged = rows(*bodies)  # type: ignore[arg-type]
    assert chain.verify(forged).whole
    assert not chain.verify(forged).verified
    verdict = chain.verify(forged, anchored(good))
    assert verdict.faults == (f"record {len(good)} is not the one the checkpoint was made of",)


@given(chains, st.data())
def test_records_after_the_checkpoint_stay_unanchored_even_when_forged(good: list[Row], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(good) - 2))
    bodies = [record.opened(row.payload, row.hash).body for row in good]
    bodies[-1] = {"n": "forged"}
    verdict = chain.verify(rows(*bodies), anchored(good[: place + 1]))  # type: ignore[arg-type]
    assert verdict.whole
    assert (verdict.anchored, verdict.verified) == (place + 1, False)


def test_bytes_that_are_no_record_are_a_fault_not_a_crash() -> None:
    for payload in (b"", b"[]", b"{}", b"\xff", b'{"seq": "x"}', b"null", b'{"seq":1e999}'):
        verdict = chain.verify([Row(1, "k", None, payload, record.digest(payload))])
        assert "cannot be read" in verdict.faults[0]


def test_the_list_of_faults_ends_before_it_drowns_the_reader() -> None:
    bad = [replace(row, payload=row.payload + b" ") for row in rows(*({"n": n} for n in range(500)))]
    assert 20 < len(chain.verify(bad).faults) < 30


def test_an_empty_ledger_is_whole_and_proves_nothing() -> None:
    assert chain.verify([]) == chain.Verdict(0, record.GENESIS, (), 0)
    assert not chain.verify([]).verified


def test_two_checkpoints_that_disagree_about_one_record_are_a_fault() -> None:
    good = rows({"n": 1}, {"n": 2})
    for anchors in ([Anchor(2, good[1].hash), Anchor(2, "f" * 64)], [Anchor(2, "f" * 64), Anchor(2, good[1].hash)]):
        assert not chain.verify(good, anchors).whole


def test_a_checkpoint_of_a_record_that_cannot_be_is_a_fault() -> None:
    assert not chain.verify(rows({"n": 1}), [Anchor(0, record.GENESIS)]).whole
