"""Every view the product keeps, named here one by one: kept step by step it is what folding everything anew gives."""

from __future__ import annotations

import ast
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backup.projection import COPIES
from detect.history import PROJECTION as DETECTION
from incident.incident import INCIDENTS
from incident.measured import LESSONS
from incident.runs import RUNS
from ledger import projection as projections
from ledger.ledger import Entry, Ledger
from ledger.projection import Projection
from playbooks.history import HARDENING
from playbooks.runs import RUNS as HARDENING_RUNS
from tests.backup.test_projection import entries as copies
from tests.fakes.clock import FakeClock
from tests.incident.test_measured import opened, own_run
from tests.incident.test_measured import things as recoveries
from tests.test_layout import modules

EVERY = (COPIES, DETECTION, HARDENING, HARDENING_RUNS, INCIDENTS, LESSONS, RUNS)

keys = st.sampled_from(["sso", "edoc"])


@st.composite
def scans(draw: st.DrawFn) -> Entry:
    body = {"host": draw(st.sampled_from(["a-1", "a-2"])), "systems": draw(st.lists(keys, max_size=2)), "level": 3}
    body |= {"error": draw(st.sampled_from([None, "no answer"])), "failing": [], "unknown": {}}
    return Entry("harden.scanned", body | {"counts": {"pass": draw(st.integers(0, 9))}})


@st.composite
def hardenings(draw: st.DrawFn) -> Entry:
    run, host = draw(st.sampled_from(["h-1", "h-2"])), draw(st.sampled_from(["a-1", "a-2"]))
    bodies = {
        "harden.begun": {"run": run, "hosts": [host]},
        "harden.applied": {"run": run, "host": host, "kept": draw(st.sampled_from([None, {"sysctl a.b": "0" * 64}]))},
        "harden.rolled_back": {"run": run, "host": host, "whole": draw(st.booleans()), "failed": None},
    }
    kind = draw(st.sampled_from(sorted(bodies)))
    return Entry(kind, bodies[kind])


@st.composite
def sweeps(draw: st.DrawFn) -> Entry:
    def source() -> dict[str, Any]:
        state = draw(st.sampled_from(["read", "silent", "unread"]))
        heard = draw(st.sampled_from([None, "2026-11-23T12:00:00.000000Z", "2026-11-23T13:00:00.000000Z"]))
        return {"log": "a-1:/log", "state": state, "problem": state, "events": 1, "corrupt": 0, "last_event_at": heard}

    systems = {key: {"sources": [source()]} for key in draw(st.sets(keys))}
    return Entry("detect.ran", {"rules": draw(st.integers(0, 9)), "unusable": 0, "systems": systems})


decisions = st.builds(
    lambda kind, incident: Entry(f"incident.{kind}", {"incident": incident, "what": "serious", "reason": "it is"}),
    st.sampled_from(["acknowledged", "classified", "noted", "closed"]),
    st.sampled_from(["inc-1", "inc-2", "inc-unknown"]),
)
others = st.builds(lambda: Entry("lock.removed", {"lock": "1"}, "sso"))
records = st.one_of(copies(), recoveries.map(own_run), scans(), hardenings(), sweeps(), decisions, others)
batches = st.lists(st.lists(records, min_size=1, max_size=6), max_size=8)


@settings(max_examples=60)
@given(batches, st.integers(1, 9), st.integers(1, 5))
def test_every_view_kept_step_by_step_equals_one_built_anew(
    batches: list[list[Entry]], most: int, at_once: int
) -> None:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patched:
        patched.setattr(projections, "_MOST_PARTS", most)
        patched.setattr(projections, "_RECORDS_AT_ONCE", at_once)
        ledger = Ledger.open(Path(folder), FakeClock(), "minh")
        ledger.append_all([opened("inc-1"), opened("inc-2")])
        for number, batch in enumerate(batches):
            ledger.append_all(batch)
            for place, each in enumerate(EVERY):
                if (number + place) % 3:  # not every view is asked for after every batch
                    same(ledger, each)
        for each in EVERY:
            same(ledger, each)
        ledger.close()


def same(ledger: Ledger, each: Projection) -> None:
    anew = ledger.rebuild(each)
    assert list(ledger.project(each).items()) == list(anew.items())
    for family in {part.rpartition("/")[0] for part in anew}:
        parts = {part: value for part, value in anew.items() if part.rpartition("/")[0] == family}
        assert ledger.project(each, family) == parts


def test_no_view_is_missing_here_and_no_two_have_one_name() -> None:
    made = [path for path in modules() for node in ast.walk(ast.parse(path.read_text())) if makes_a_view(node)]
    assert len(made) == len(EVERY), f"views are made in {made}"
    assert len({each.name for each in EVERY}) == len(EVERY)


def makes_a_view(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Projection"
