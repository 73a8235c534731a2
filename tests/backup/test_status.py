from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backup import status
from backup.history import Copies
from inventory.clock import to_text
from tests.backup.world import LABEL, SYSTEM, World, make

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """One site for all: nothing here changes it."""
    return make(tmp_path_factory.mktemp("status"))


def snapshot(kind: str, store: str, hours: float, status: str = "complete") -> dict[str, Any]:
    moment = to_text(NOW - timedelta(hours=hours))
    names = {"kind": kind, "store": store, "snapshot": f"{store}-{hours}", "original": "a", "status": status}
    return {**names, "at": moment, "stored_at": moment, "data_time": None} | {
        "files": 1,
        "bytes": 1,
        "seconds": 1.0,
        "seq": 7,
    }


def medium(state: str = "detached", reached: bool | None = False) -> dict[str, Any]:
    now = to_text(NOW)
    return {"id": "1", "state": state, "since": now, "sealed_at": None, "reached": reached, "probed_at": now, "seq": 9}


def copies(*snapshots: dict[str, Any], **media: dict[str, Any]) -> Copies:
    newest: dict[str, Any] = {}
    for item in sorted(snapshots, key=lambda item: str(item["at"])):
        newest[f"{item['kind']}/{item['store']}"] = item if item["status"] == "complete" else None
    return Copies({f"now/{SYSTEM}": {"stores": list(newest), "newest": newest}, "now/:media": media}, lambda _: {})


def of(world: World, found: Copies) -> status.SystemStatus:
    return status.of_system(world.site, found, SYSTEM, NOW)


def test_a_fresh_vault_a_fresh_medium_put_away_and_proved_so_is_3_2_1(world: World) -> None:
    found = of(world, copies(snapshot("vault", "main", 2), snapshot("medium", LABEL, 30), **{LABEL: medium()}))
    assert found.three_two_one
    assert found.within_rpo
    assert found.newest is not None
    assert found.newest.store == "main"
    assert json.dumps(found.as_json())


@pytest.mark.parametrize(
    ("state", "reached", "why"),
    [
        ("attached", None, "not put away"),
        ("detached", None, "no probe has shown"),
        ("detached", True, "answered a probe"),
        ("prepared", False, "not put away"),
    ],
)
def test_a_medium_not_proved_away_is_not_offline(world: World, state: str, reached: bool | None, why: str) -> None:
    found = of(
        world,
        copies(snapshot("vault", "main", 2), snapshot("medium", LABEL, 30), **{LABEL: medium(state, reached)}),
    )
    assert (found.three.ok, found.two.ok, found.offline.ok) == (True, True, False)
    assert why in found.offline.reason


def test_nothing_at_all_is_no_in_every_part_with_a_reason(world: World) -> None:
    found = of(world, copies())
    assert not found.within_rpo
    for part in (found.three, found.two, found.offline):
        assert not part.ok
        assert "no copy in" in part.reason


def test_old_copies_do_not_count(world: World) -> None:
    found = of(world, copies(snapshot("vault", "main", 10), snapshot("medium", LABEL, 24 * 11), **{LABEL: medium()}))
    assert not found.three.ok
    assert "too old" in found.three.reason
    assert not found.offline.ok


def test_an_incomplete_copy_does_not_count(world: World) -> None:
    found = of(world, copies(snapshot("vault", "main", 1, "incomplete")))
    assert found.newest is None
    assert not found.three.ok


stores = st.sampled_from([("vault", "main"), ("medium", LABEL), ("medium", "weekly-b")])
snapshots = st.lists(st.tuples(stores, st.floats(0, 400)), max_size=6)


@given(snapshots, st.booleans())
def test_3_2_1_needs_a_vault_and_a_medium_and_every_no_has_a_reason(
    world: World, taken: list[tuple[tuple[str, str], float]], proved: bool
) -> None:
    state = {label: medium(reached=not proved) for label in (LABEL, "weekly-b")}
    found = of(world, copies(*(snapshot(kind, store, hours) for (kind, store), hours in taken), **state))
    young = {kind for (kind, _), hours in taken if hours <= (9 if kind == "vault" else 24 * 10.5)}
    assert found.three_two_one == (young == {"vault", "medium"} and proved)
    assert all(part.ok or part.reason for part in (found.three, found.two, found.offline))


def test_copies_in_a_lost_vault_do_not_count_and_the_loss_is_the_reason(world: World) -> None:
    known = copies(snapshot("vault", "main", 2), snapshot("medium", LABEL, 30), **{LABEL: medium()})
    found = status.of_system(world.site, known, SYSTEM, NOW, {"main": "it is not at /vault"})
    assert not found.three_two_one
    assert "vault main: it is not at /vault" in found.three.reason
    assert found.newest is not None
    assert found.newest.store == LABEL
    assert not status.of_system(world.site, copies(snapshot("vault", "main", 2)), SYSTEM, NOW, {"main": "gone"}).newest


def test_a_copy_that_a_check_found_damaged_is_no_copy(world: World) -> None:
    state = copies(snapshot("vault", "main", 2), snapshot("medium", LABEL, 30), **{LABEL: medium()}).state
    check = {"kind": "vault", "store": "main", "whole": False, "read_data": True, "problems": ["a pack"]}
    check |= {"seconds": 1.0, "at": to_text(NOW), "seq": 8}
    state[f"now/{SYSTEM}"]["checks"] = {"vault/main": check}
    found = of(world, Copies(state, lambda _: {}))
    assert not found.three.ok
    assert "the last check of main found damage" in found.three.reason
    assert "no copy in main yet" not in found.three.reason
    assert found.newest is not None
    assert found.newest.store == LABEL
