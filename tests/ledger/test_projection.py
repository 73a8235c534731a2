"""What is kept of a projection, part by part, is what folding every record anew gives."""

from __future__ import annotations

import multiprocessing
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger import projection as projections
from ledger.errors import LedgerError
from ledger.ledger import LEDGER_FILE, Entry, Ledger
from ledger.projection import Projection, State
from ledger.record import Record
from tests.fakes.clock import FakeClock

CHECKOUT = Path(__file__).parents[2]


def count(state: State, record: Record) -> None:
    state[record.kind] = state.get(record.kind, 0) + 1
    state.setdefault("seen", []).append(record.seq)


ALL = Projection("all", 1, count)
SOME = Projection("some", 1, count, ("a", "b"))


@given(st.lists(st.lists(st.sampled_from("abc"), max_size=5), max_size=6))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
def test_a_projection_kept_step_by_step_equals_one_built_anew(
    tmp_path_factory: pytest.TempPathFactory, steps: list[list[str]]
) -> None:
    ledger = Ledger.open(tmp_path_factory.mktemp("state"), FakeClock(), "minh")
    for kinds in steps:
        ledger.append_all([Entry(kind, {}) for kind in kinds])
        for projection in (ALL, SOME):
            assert ledger.project(projection) == ledger.rebuild(projection)
    ledger.close()


def test_a_projection_is_right_while_others_append(ledger: Ledger, state: Path) -> None:
    def write() -> None:
        mine = Ledger.open(state, FakeClock(), "lan")
        for _ in range(40):
            mine.append_all([Entry("a", {}), Entry("c", {})])

    writers = [threading.Thread(target=write) for _ in range(2)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        seen = ledger.project(SOME).get("seen", [])
        assert seen == sorted(set(seen))
    for writer in writers:
        writer.join()
    assert ledger.project(SOME) == ledger.rebuild(SOME)
    assert ledger.project(SOME)["a"] == 80


def test_a_projection_of_another_version_is_built_anew(ledger: Ledger) -> None:
    ledger.append("a", {})
    assert ledger.project(ALL) == {"a": 1, "seen": [1]}

    def only_kinds(state: dict[str, Any], record: Record) -> None:
        state[record.kind] = "seen"

    assert ledger.project(Projection("all", 2, only_kinds)) == {"a": "seen"}
    ledger.append("b", {})
    assert ledger.project(ALL) == ledger.rebuild(ALL)
    assert ledger.project(Projection("all", 2, only_kinds)) == {"a": "seen", "b": "seen"}


def test_the_first_reader_of_a_projection_sees_what_every_later_one_sees(ledger: Ledger) -> None:
    def with_numbers(state: State, record: Record) -> None:
        state["seen"] = {record.seq: (record.seq,)}

    projection = Projection("numbers", 1, with_numbers)
    ledger.append("a", {})
    first = ledger.project(projection)
    assert first == ledger.project(projection) == ledger.rebuild(projection) == {"seen": {"1": [1]}}


@pytest.mark.parametrize("most", [50_000, 1], ids=["at once", "little by little"])
def test_a_projection_that_cannot_be_kept_is_still_answered(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    def full(*_: object, **__: object) -> None:
        raise LedgerError("the disk is full")

    monkeypatch.setattr(projections, "_MOST_PARTS", most)
    monkeypatch.setattr(projections, "_keep", full)
    ledger.append_all([Entry("a", {}), Entry("b", {}), Entry("a", {})])
    assert ledger.project(ALL)["a"] == 2


names = st.sampled_from(["one", "two", "x/one", "x/two", "x/y/one", "/"])
acts = st.tuples(st.sampled_from(["set", "grow", "put", "discard", "pop", "delete", "look"]), names)


def by_order(state: State, record: Record) -> None:
    """Do what the record says with the state, in every way a fold may."""
    for act, part in record.body["acts"]:
        match act:
            case "set":
                state[part] = {"by": record.seq, "seen": []}
            case "grow":
                state.setdefault(part, {"seen": []})["seen"].append(record.seq)
            case "put":
                state.put(part, {"seen": [0]})
            case "discard":
                state.discard(part)
            case "pop":
                state.pop(part, None)
            case "delete" if part in state:
                del state[part]
            case _:
                state["/"] = {"seen": [len(state), *state]}


BY_ORDER = Projection("by order", 1, by_order, ("act",))


@given(
    st.lists(st.lists(st.lists(acts, max_size=4), max_size=4), max_size=6),
    st.integers(1, 6),
    st.integers(1, 4),
    st.integers(1, 3),
)
@settings(max_examples=60)
def test_parts_kept_little_by_little_equal_those_built_anew_in_content_and_order(
    batches: list[list[list[tuple[str, str]]]], most: int, at_once: int, passed: int
) -> None:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patched:
        patched.setattr(projections, "_MOST_PARTS", most)
        patched.setattr(projections, "_RECORDS_AT_ONCE", at_once)
        patched.setattr(projections, "_MOST_PASSED", passed)
        ledger = Ledger.open(Path(folder), FakeClock(), "minh")
        for batch in batches:
            ledger.append_all([entry for acts in batch for entry in (Entry("act", {"acts": acts}), Entry("other", {}))])
            anew = ledger.rebuild(BY_ORDER)
            assert list(ledger.project(BY_ORDER).items()) == list(anew.items())
            for family in ("", "x", "x/y", "none"):
                wanted = {part: value for part, value in anew.items() if part.rpartition("/")[0] == family}
                assert ledger.project(BY_ORDER, family) == wanted
        ledger.close()


def per_system(state: State, record: Record) -> None:
    state.setdefault(f"system/{record.system}", []).append(record.seq)


PER_SYSTEM = Projection("per system", 1, per_system)


def test_only_the_parts_that_new_records_touch_are_read_and_written(ledger: Ledger, state: Path) -> None:
    ledger.append_all([Entry("a", {}, system) for system in ("sso", "edoc")])
    ledger.project(PER_SYSTEM)
    with closing(sqlite3.connect(state / LEDGER_FILE)) as database:
        database.execute("update projection_parts set state = '\"untouched\"' where part = 'system/sso'")
        database.commit()
    ledger.append("a", {}, system="edoc")
    assert ledger.project(PER_SYSTEM) == {"system/sso": "untouched", "system/edoc": [2, 3]}
    assert ledger.project(PER_SYSTEM, "system") == {"system/sso": "untouched", "system/edoc": [2, 3]}


def test_the_head_moves_on_over_records_of_other_kinds(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    def head() -> tuple[Any, ...] | None:
        with ledger.store.reading() as connection:
            return connection.one("SELECT up_to FROM projection_heads WHERE name = 'some'")

    monkeypatch.setattr(projections, "_MOST_PASSED", 3)
    ledger.append("a", {})
    ledger.project(SOME)
    ledger.append_all([Entry("c", {})] * 2)
    ledger.project(SOME)
    assert head() == (1,)
    ledger.append("c", {})
    ledger.project(SOME)
    assert head() == (4,)


def test_who_was_overtaken_while_folding_keeps_nothing_and_answers_all_the_same(ledger: Ledger, state: Path) -> None:
    other = Ledger.open(state, FakeClock(), "lan")
    overtaken: list[int] = []

    def slowly(folded: State, record: Record) -> None:
        per_system(folded, record)
        if record.seq == 2 and not overtaken:
            overtaken.append(record.seq)
            other.append("a", {}, system="edoc")
            assert other.project(slow) == {"system/sso": [1, 2], "system/edoc": [3]}

    slow = Projection("slow", 1, slowly)
    ledger.append("a", {}, system="sso")
    ledger.project(slow)
    ledger.append("a", {}, system="sso")
    assert ledger.project(slow) == {"system/sso": [1, 2]}
    assert ledger.project(slow) == ledger.rebuild(slow) == {"system/sso": [1, 2], "system/edoc": [3]}


def _project_often(state: Path) -> None:
    ledger = Ledger.open(state, FakeClock(), "lan")
    for number in range(60):
        ledger.append("a", {}, system=f"s{number % 7}")
        ledger.project(PER_SYSTEM)


def test_processes_that_project_at_once_agree_with_a_view_built_anew(state: Path) -> None:
    processes = [multiprocessing.get_context("spawn").Process(target=_project_often, args=(state,)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0]
    ledger = Ledger.open(state, FakeClock(), "minh")
    found = ledger.project(PER_SYSTEM)
    assert found == ledger.rebuild(PER_SYSTEM)
    assert sum(len(seen) for seen in found.values()) == 180


PROJECTOR = """
import sys
from pathlib import Path
from ledger.ledger import Entry, Ledger
from tests.fakes.clock import FakeClock
from tests.ledger.test_projection import PER_SYSTEM
ledger = Ledger.open(Path(sys.argv[1]), FakeClock(), "minh")
while True:
    ledger.append_all([Entry("a", {}, f"s{number}") for number in range(200)])
    ledger.project(PER_SYSTEM)
    print("kept", flush=True)
"""


@pytest.mark.parametrize(
    "rounds", [20, pytest.param(300, marks=[pytest.mark.slow, pytest.mark.timeout(3600)])], ids=["ordinary", "slow"]
)
def test_a_reader_killed_while_it_keeps_leaves_a_view_that_is_right(state: Path, rounds: int) -> None:
    chance = random.Random(20261124)
    for _ in range(rounds):
        with subprocess.Popen(
            [sys.executable, "-c", PROJECTOR, str(state)], stdout=subprocess.PIPE, text=True, cwd=CHECKOUT
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "kept\n"
            time.sleep(chance.uniform(0, 0.05))
            process.send_signal(signal.SIGKILL)
        ledger = Ledger.open(state, FakeClock(), "minh")
        assert list(ledger.project(PER_SYSTEM).items()) == list(ledger.rebuild(PER_SYSTEM).items())
        ledger.close()


def test_a_stretch_that_changes_nothing_is_passed_all_the_same(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    def only_looks(state: State, record: Record) -> None:
        assert all(f"{record.seq}-{number}" not in state for number in range(3))

    monkeypatch.setattr(projections, "_MOST_PARTS", 2)
    ledger.append_all([Entry("a", {})] * 5)
    assert ledger.project(Projection("only looks", 1, only_looks)) == {}


def test_a_kept_view_that_is_no_json_is_made_again_from_the_records(ledger: Ledger, state: Path) -> None:
    ledger.append("a", {})
    expected = ledger.project(ALL)
    with closing(sqlite3.connect(state / LEDGER_FILE)) as database:
        database.execute("update projection_parts set state = '{\"half'")
        database.commit()
    assert ledger.project(ALL) == expected == ledger.rebuild(ALL)
    ledger.append("b", {})
    assert ledger.project(ALL) == ledger.rebuild(ALL)
