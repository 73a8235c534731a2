from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incident import incident as incidents
from incident import runs
from incident.incident import Incident
from incident.measured import LESSONS, Drilled, Measurement, lessons
from incident.runs import Run
from ledger.ledger import Entry, Ledger
from tests.incident import making
from tests.incident.making import CLEAN, COPY, NORMAL, RESTORE, START, temporary_ledger

SYSTEMS = {"sso": making.system(rto="4h"), "edoc": making.system("sso", rto="8h")}
SECONDS = {"clean-target": 0.0, "copy": 20.0, "restore": 100.0, "start": 3.0, "normal": 2.0}


def opened(incident: str = "inc-1") -> Entry:
    body = {"incident": incident, "title": "Unreadable", "detected_at": "2026-11-23T12:00:00.000000Z"}
    return Entry("incident.opened", body | {"systems": ["sso", "edoc"], "alerts": [], "failing": {}})


def started(incident: str = "inc-1", run: str = "r1") -> Entry:
    plan = making.planned(incident, SYSTEMS, CLEAN, COPY, RESTORE, START, NORMAL)
    body = {"run": run, "incident": incident, "digest": plan.digest(), "plan": plan.model_dump(mode="json")}
    return Entry("recover.started", body | {"systems": list(SYSTEMS)})


def step(what: str, name: str, incident: str = "inc-1", run: str = "r1", **more: Any) -> Entry:
    body = {"run": run, "incident": incident, "step": name, **more}
    return Entry(f"step.{what}", body, name.partition("/")[0])


def finished(name: str, incident: str = "inc-1", run: str = "r1", seconds: float | None = None) -> Entry:
    took = SECONDS[name.partition("/")[2]] if seconds is None else seconds
    return step("finished", name, incident, run, kind="check", ok=True, found="well", seconds=took, data={})


def normal(system: str, incident: str = "inc-1", size: int = 10**9, **more: Any) -> Entry:
    return Entry("system.normal", {"incident": incident, "bytes": size, "newest_data": None, **more}, system)


def ended(incident: str = "inc-1", run: str = "r1", status: str = "done") -> Entry:
    return Entry("recover.finished", {"run": run, "incident": incident, "status": status})


def recovered(system: str = "sso") -> list[Entry]:
    """A recovery of one system, without a flaw."""
    steps = [each for name in SECONDS for each in (step("intent", f"{system}/{name}"), finished(f"{system}/{name}"))]
    return [opened(), started(), *steps, normal(system)]


def test_a_recovery_teaches_how_long_the_next_takes_part_by_part(ledger: Ledger) -> None:
    ledger.append_all(recovered())
    found = lessons(ledger).measured
    assert set(found) == {"sso"}
    assert found["sso"].growing_seconds == pytest.approx(120.0)
    assert found["sso"].fixed_seconds == pytest.approx(5.0)
    assert found["sso"].bytes == 10**9


@pytest.mark.parametrize(("name", "taught"), [("copy", False), ("restore", False), ("start", True)])
def test_a_step_that_was_begun_twice_teaches_nothing_if_it_grows_with_the_data(
    ledger: Ledger, name: str, taught: bool
) -> None:
    ledger.append_all([*recovered(), step("intent", f"sso/{name}")])
    assert (set(lessons(ledger).measured) == {"sso"}) is taught


@pytest.mark.parametrize("entry", [normal("sso", size=0), normal("sso", measured=False)])
def test_a_recovery_without_its_data_in_one_go_teaches_nothing(ledger: Ledger, entry: Entry) -> None:
    ledger.append_all([*recovered()[:-1], entry])
    assert lessons(ledger).measured == {}


def test_without_a_run_nothing_is_taught(ledger: Ledger) -> None:
    ledger.append_all([opened(), normal("sso")])
    assert lessons(ledger).measured == {}


def test_a_system_hit_again_teaches_what_it_taught_before_this_incident(ledger: Ledger) -> None:
    before = [opened("inc-0"), started("inc-0"), finished("sso/copy", "inc-0", seconds=7.0), normal("sso", "inc-0")]
    ledger.append_all([*before, *recovered()])
    assert lessons(ledger).measured["sso"].growing_seconds == pytest.approx(120.0)
    ledger.append("incident.affected", {"incident": "inc-1", "systems": ["sso"]})
    assert lessons(ledger).measured["sso"].growing_seconds == pytest.approx(7.0)


def test_only_a_finished_run_shows_that_a_runbook_works(ledger: Ledger) -> None:
    ledger.append_all(recovered())
    assert lessons(ledger).drilled == {}
    (record,) = ledger.append_all([ended()])
    digest = making.planned("inc-1", SYSTEMS, CLEAN, COPY, RESTORE, START, NORMAL).systems[0].runbook_digest
    assert lessons(ledger).drilled == dict.fromkeys(SYSTEMS, Drilled(digest, record.seq))
    ledger.append_all([step("waiting", "sso/normal", ask="again?")])
    assert lessons(ledger).drilled == {}


incident_ids = st.sampled_from(["inc-1", "inc-2"])
run_ids = st.sampled_from(["r1", "r2"])
step_names = st.builds(
    lambda system, name: f"{system}/{name}", st.sampled_from(list(SYSTEMS)), st.sampled_from(list(SECONDS))
)
things = st.one_of(
    st.builds(started, incident_ids, run_ids),
    st.builds(step, st.just("intent"), step_names, incident_ids, run_ids, attempt=st.just(1)),
    st.builds(step, st.just("waiting"), step_names, incident_ids, run_ids, ask=st.just("clean?")),
    st.builds(step, st.just("answered"), step_names, incident_ids, run_ids, answer=st.just("yes"), reason=st.just("")),
    st.builds(finished, step_names, incident_ids, run_ids, st.sampled_from([1.0, 2.5])),
    st.builds(normal, st.sampled_from(list(SYSTEMS)), incident_ids, st.sampled_from([0, 10, 20])),
    st.builds(ended, incident_ids, run_ids, st.sampled_from(["done", "failed"])),
    st.builds(
        lambda incident, systems: Entry("incident.affected", {"incident": incident, "systems": systems}),
        incident_ids,
        st.lists(st.sampled_from(list(SYSTEMS)), max_size=2),
    ),
)


def own_run(entry: Entry) -> Entry:
    """A run belongs to one incident, as those the engine starts."""
    if "run" not in entry.body:
        return entry
    return Entry(entry.kind, {**entry.body, "run": f"{entry.body['incident']}-{entry.body['run']}"}, entry.system)


@settings(max_examples=60)
@given(st.lists(things, max_size=30), st.integers(1, 7))
def test_what_is_taught_is_what_whole_incidents_and_runs_tell(entries: list[Entry], cut: int) -> None:
    with temporary_ledger() as ledger:
        ledger.append_all([opened("inc-1"), opened("inc-2")])
        for number in range(0, len(entries), cut):
            ledger.append_all([own_run(entry) for entry in entries[number : number + cut]])
            assert ledger.project(LESSONS) == ledger.rebuild(LESSONS)
        known = {run.id: run for run in runs.all_runs(ledger)}
        found = lessons(ledger)
        assert found.measured == newest_measured(incidents.all_incidents(ledger), known)
        assert found.drilled == {
            system.key: Drilled(system.runbook_digest, run.ended_seq)
            for run in known.values()
            if run.ended == "done" and run.ended_seq is not None
            for system in run.plan.systems
        }


def newest_measured(every: list[Incident], known: Mapping[str, Run]) -> dict[str, Measurement]:
    """The same from the large views, plainly."""
    found: dict[str, Measurement] = {}
    for incident in every:
        for key, back in incident.normal.items():
            own = [known[run] for run in incident.runs if any(system.key == key for system in known[run].plan.systems)]
            if not own or not back.bytes or not back.measured:
                continue
            times: dict[bool, float] = {True: 0.0, False: 0.0}
            again = False
            for planned in own[-1].plan.steps:
                grows = planned.step.restore is not None or planned.step.check == "copy"
                if planned.system == key:
                    again |= grows and own[-1].state(planned.key).attempts > 1
                    times[grows] += own[-1].state(planned.key).seconds or 0.0
            if not again and (key not in found or back.seq > found[key].seq):
                waited = max(0.0, (own[-1].started_at - incident.detected_at).total_seconds())
                found[key] = Measurement(key, back.bytes, waited, times[True], times[False], back.at, back.seq)
    return found
