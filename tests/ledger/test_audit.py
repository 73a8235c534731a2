"""What lies beside the chain is held against it: alerts, objects, kept views."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ledger import alerts, audit, erasure
from ledger.ledger import Ledger
from ledger.objects import Objects
from ledger.projection import Projection, State
from ledger.record import Record
from tests.ledger.fixtures import Place
from tests.ledger.test_alerts import ALERT


@pytest.fixture
def ledger(both: Ledger) -> Ledger:
    """Each of these tests runs on SQLite and on a real PostgreSQL server."""
    return both


@pytest.fixture
def objects(state: Path) -> Objects:
    return Objects(state)


def faults(ledger: Ledger, objects: Objects, *views: Projection) -> tuple[str, ...]:
    return audit.audit(ledger, objects, views).faults


def forge(ledger: Ledger, statement: str) -> None:
    with ledger.store.database.write() as connection:
        assert connection.run(statement) > 0


@pytest.fixture
def raised(ledger: Ledger) -> Ledger:
    """Alerts raised twice in one moment, and changed."""
    alerts.raise_alerts(ledger, [replace(ALERT, id=name * 16) for name in "cab"])
    alerts.raise_alerts(ledger, [replace(ALERT, id=name * 16) for name in "ed"])
    alerts.change(ledger, ["a" * 16, "d" * 16], alerts.ACKNOWLEDGED, incident="i-1")
    alerts.change(ledger, ["a" * 16], alerts.CLOSED, reason="a test")
    return ledger


def test_alerts_as_they_were_raised_and_changed_are_no_fault(raised: Ledger, objects: Objects) -> None:
    assert audit.audit(raised, objects) == audit.Audit((), ())


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("UPDATE alerts SET level = 'low' WHERE id LIKE 'b%'", "record 1 raised were changed"),
        ("UPDATE alerts SET body = '{}' WHERE id LIKE 'e%'", "record 2 raised were changed"),
        ("UPDATE alerts SET system = NULL WHERE id LIKE 'e%'", "record 2 raised were changed"),
        ("UPDATE alerts SET raised_at = 'x' WHERE id LIKE 'e%'", "record 2 raised were changed"),
        ("DELETE FROM alerts WHERE id LIKE 'c%'", "record 1 raised were changed, added to or removed"),
        ("DELETE FROM alerts WHERE seq = 2", "the alerts that record 2 raised are gone"),
        ("UPDATE alerts SET seq = 9 WHERE id LIKE 'c%'", "which it did not"),
        ("UPDATE alerts SET seq = NULL WHERE id LIKE 'c%'", "belongs to no record"),
        ("UPDATE alerts SET place = place + 1 WHERE seq = 2", "record 2 raised were changed"),
        ("UPDATE alerts SET state = 'closed' WHERE id LIKE 'b%'", "no record says so"),
        ("UPDATE alerts SET state = 'open' WHERE id LIKE 'a%'", "no record says so"),
        ("UPDATE alerts SET incident = NULL WHERE id LIKE 'd%'", "no record says so"),
    ],
)
def test_a_change_of_alerts_that_no_record_tells_of_is_found(
    raised: Ledger, objects: Objects, statement: str, fault: str
) -> None:
    forge(raised, statement)
    assert any(fault in found for found in faults(raised, objects)), faults(raised, objects)


def test_an_alert_slipped_in_is_found(raised: Ledger, objects: Objects) -> None:
    forge(
        raised,
        "INSERT INTO alerts (id, system, rule, level, raised_at, state, incident, body, seq, place)"
        " SELECT 'f', system, rule, level, raised_at, state, incident, body, seq, 2 FROM alerts WHERE id LIKE 'e%'",
    )
    assert faults(raised, objects) == ("the alerts that record 2 raised were changed, added to or removed",)


def test_a_thousand_faults_do_not_drown_the_reader(ledger: Ledger, objects: Objects) -> None:
    alerts.raise_alerts(ledger, [replace(ALERT, id=f"{number:016x}") for number in range(1000)])
    forge(ledger, "UPDATE alerts SET state = 'closed'")
    assert len(faults(ledger, objects)) == 21


def test_objects_that_are_missing_changed_or_without_a_record_of_their_erasure_are_faults(
    ledger: Ledger, objects: Objects
) -> None:
    names = [objects.put(text) for text in (b"one", b"two", b"three", b"four")]
    ledger.append("scan.finished", {"object": names[0], "deep": {"objects": names[1:3]}})
    assert faults(ledger, objects) == ()
    objects.path(names[0]).unlink()
    objects.path(names[1]).write_bytes(b"forged")
    objects.erase(names[2], {"reason": "mine"})
    objects.path(names[3]).write_bytes(b"")
    assert sorted(faults(ledger, objects)) == sorted(
        [
            f"object {names[0][:16]} of record 1 is missing, and no record says that it was erased",
            f"object {names[1][:16]} of record 1 was changed",
            f"object {names[2][:16]} of record 1 has a tombstone, and no record says that it was erased",
            f"object {names[3][:16]} was changed",
        ]
    )


def test_an_object_erased_by_law_is_told_and_no_fault(ledger: Ledger, objects: Objects) -> None:
    name = objects.put(b"a citizen's data")
    ledger.append("scan.finished", {"object": name})
    erasure.carry_out(ledger, objects, erasure.plan(ledger, objects, name, "asked by the person"), {"person": "Hoa"})
    assert audit.audit(ledger, objects) == audit.Audit((), (name,))
    objects.tombstone_file(name).unlink()
    assert "was to be erased, and that was not finished" in faults(ledger, objects)[0]


def count(state: State, record: Record) -> None:
    state[record.kind] = state.get(record.kind, 0) + 1


VIEW = Projection("kinds", 3, count)


@pytest.fixture
def viewed(ledger: Ledger) -> Iterator[Ledger]:
    """A ledger with a view that is kept."""
    for kind in "aba":
        ledger.append(kind, {})
    assert ledger.project(VIEW) == {"a": 2, "b": 1}
    yield ledger


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE projection_parts SET state = '7' WHERE part = 'b'",
        "DELETE FROM projection_parts WHERE part = 'b'",
        "INSERT INTO projection_parts VALUES ('kinds', '', 'c', 9, '1')",
        "UPDATE projection_parts SET place = 9 WHERE part = 'a'",
        "UPDATE projection_heads SET up_to = 2",
        "UPDATE projection_heads SET up_to = 900",
        "UPDATE projection_parts SET state = 'rubbish' WHERE part = 'b'",
    ],
)
def test_a_poisoned_view_is_found_and_built_anew(viewed: Ledger, objects: Objects, statement: str) -> None:
    assert faults(viewed, objects, VIEW) == ()
    forge(viewed, statement)
    assert len(faults(viewed, objects, VIEW)) == 1
    assert viewed.project(VIEW) == {"a": 2, "b": 1}
    assert faults(viewed, objects, VIEW) == ()


def test_a_view_that_is_behind_or_of_another_version_is_no_fault(viewed: Ledger, objects: Objects) -> None:
    viewed.append("a", {})
    assert faults(viewed, objects, VIEW, replace(VIEW, version=4)) == ()


def test_records_that_cannot_be_read_are_told_not_passed(place: Place, objects: Objects) -> None:
    ledger = place.open()
    alerts.raise_alerts(ledger, [ALERT])
    with ledger.store.database.write() as connection:
        connection.run("UPDATE records SET payload = ?", (b'{"object',))
    assert "cannot be checked" in faults(ledger, objects)[0]
    ledger.close()
