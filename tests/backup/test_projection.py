"""What is kept of copies is the same whether it is folded at once or bit by bit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backup import projection
from backup.history import state_of
from backup.projection import COPIES
from inventory.clock import to_text
from ledger.ledger import Entry, Ledger
from ledger.projection import State
from tests.fakes.clock import FakeClock

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
systems = st.sampled_from(["sso", "edoc"])
stores = st.sampled_from([("vault", "main"), ("vault", "second"), ("medium", "weekly-a")])
names = st.sampled_from(["a1", "a2", "a3"])
moments = st.integers(0, 9).map(lambda hours: to_text(NOON + timedelta(hours=hours)))
statuses = st.sampled_from(["complete", "incomplete", "failed"])
media = st.sampled_from(["weekly-a", "weekly-b"])


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    kind, store = draw(stores)
    status = draw(statuses)
    where: dict[str, Any] = {"kind": kind, "store": store, "status": status, "problems": [], "seconds": 1.0}
    match draw(st.integers(0, 7)):
        case 0:
            body = where | {"snapshot": None if status == "failed" else draw(names), "at": draw(moments)}
            return Entry("backup.finished", body | {"data_time": None, "files": 1, "bytes": 1}, draw(systems))
        case 1:
            arrived = [] if status == "failed" else [{"original": draw(names), "snapshot": "m" + draw(names)}]
            return Entry("copy.finished", where | {"arrived": arrived}, draw(systems))
        case 2:
            body = where | {"whole": draw(st.booleans()), "read_data": True, "done": draw(st.booleans())}
            return Entry("check.finished", body, draw(systems))
        case 3:
            body = where | {"snapshot": draw(names), "files": 1, "bytes": 1, "verified": True}
            return Entry("restore.finished", body | {"partial": draw(st.booleans())}, draw(systems))
        case 4:
            return Entry("repository.made", where | {"digest": draw(names)}, draw(systems))
        case 5:
            return Entry("vault.made", {"store": store, "id": draw(names)})
        case 6:
            return Entry("vault.retired", {"store": store, "reason": "lost"})
        case _:
            act = draw(st.sampled_from(["prepared", "attached", "sealed", "detached", "probed"]))
            body = {"store": draw(media), "id": "1", "reached": draw(st.booleans())}
            return Entry(f"medium.{act}", body)


batches = st.lists(st.lists(entries(), min_size=1, max_size=6), max_size=6)


@settings(max_examples=40)
@given(batches, st.integers(1, 3))
def test_folded_bit_by_bit_equals_folded_anew(batches: list[list[Entry]], kept: int) -> None:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patched:
        patched.setattr(projection, "_KEPT_SNAPSHOTS", kept)
        ledger = Ledger.open(Path(folder), FakeClock(), "lan")
        for batch in batches:
            ledger.append_all(batch)
            step_by_step = ledger.project(COPIES)
            assert list(step_by_step.items()) == list(ledger.rebuild(COPIES).items())
        ledger.close()


@settings(max_examples=60)
@given(batches, st.integers(1, 3))
def test_the_summary_says_what_the_snapshots_kept_in_view_say(batches: list[list[Entry]], most: int) -> None:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patched:
        patched.setattr(projection, "_KEPT_SNAPSHOTS", most)
        clock = FakeClock()
        ledger = Ledger.open(Path(folder), clock, "lan")
        for batch in batches:
            clock.advance(minutes=1)
            ledger.append_all(batch)
        copies = state_of(ledger)
        for system in ("sso", "edoc"):
            kept = copies.snapshots(system)
            assert [one.seq for one in kept] == sorted(one.seq for one in kept)
            assert copies.stores(system) == {(one.kind, one.store) for one in kept}
            for kind, store in copies.stores(system):
                there = [one for one in kept if (one.kind, one.store) == (kind, store)]
                assert len({one.original for one in there}) == len(there) <= most
                complete = [one for one in there if one.status == "complete"]
                assert copies.newest(system, kind, store) == max(
                    complete, key=lambda one: (one.at, one.stored_at), default=None
                )
            assert copies.last_restore(system) == next(reversed(copies.restores(system)), None)
        ledger.close()


@pytest.mark.parametrize("store", ["vault", "medium"])
def test_a_copy_is_known_by_an_original_that_only_another_copy_still_holds(ledger: Ledger, store: str) -> None:
    taken = {"kind": "vault", "store": "main", "status": "complete", "problems": [], "seconds": 1.0, "snapshot": "a"}
    taken |= {"at": to_text(NOON), "data_time": None, "files": 3, "bytes": 70}
    ledger.append("backup.finished", taken, system="sso")
    away = {"kind": "medium", "store": "weekly-a", "status": "complete", "problems": []}
    ledger.append("copy.finished", away | {"arrived": [{"original": "a", "snapshot": "m"}]}, system="sso")
    ledger.append("vault.retired", {"store": "main", "reason": "lost"})
    back = {"kind": store, "store": "new", "status": "complete", "problems": []}
    ledger.append("copy.finished", back | {"arrived": [{"original": "a", "snapshot": "b"}]}, system="sso")
    newest = state_of(ledger).newest("sso", store, "new")
    assert newest is not None
    assert (newest.snapshot, newest.original, newest.bytes) == ("b", "a", 70)


def test_a_new_record_touches_few_parts_however_long_the_history(ledger: Ledger) -> None:
    def taken(number: int) -> Entry:
        body = {"kind": "vault", "store": "main", "status": "complete", "problems": [], "seconds": 1.0}
        body |= {"snapshot": f"s{number}", "at": to_text(NOON + timedelta(hours=number)), "data_time": None}
        return Entry("backup.finished", body | {"files": 1, "bytes": 1}, "sso")

    ledger.append_all([taken(number) for number in range(500)])
    ledger.project(COPIES, "now")
    (record,) = ledger.append_all([taken(500)])
    with ledger.store.reading() as connection:
        state = State(connection, COPIES.name)
        state.seq = record.seq
        COPIES.fold(state, record)
        written, dropped = state.changes()
    assert [part for part, _, _ in written] == ["now/sso", "order/sso/vault:main", "kept/sso/vault:main:s500"]
    assert dropped == ["kept/sso/vault:main:s100"]
