"""What is kept of copies is the same whether it is folded at once or bit by bit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from backup.projection import COPIES
from inventory.clock import to_text
from ledger.ledger import Entry, Ledger
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


@settings(max_examples=25)
@given(st.lists(st.lists(entries(), min_size=1, max_size=4), max_size=5))
def test_folded_bit_by_bit_equals_folded_anew(batches: list[list[Entry]]) -> None:
    with TemporaryDirectory() as folder:
        ledger = Ledger.open(Path(folder), FakeClock(), "lan")
        for batch in batches:
            ledger.append_all(batch)
            step_by_step = ledger.project(COPIES)
            assert step_by_step == ledger.rebuild(COPIES)
        ledger.close()
