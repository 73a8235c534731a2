from __future__ import annotations

from pathlib import Path

import pytest

from incident.doctor import patient
from incident.doctor.patient import Room, open_ledger
from inventory.errors import HoldfastError
from inventory.people import People
from inventory.settings import Settings
from inventory.site import Site
from ledger.ledger import Ledger
from tests.fakes.clock import FakeClock


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path, Settings(site="try"), {}, {}, {}, People())


def test_a_ledger_that_is_not_there_is_not_begun_by_looking(site: Site, state: Path, clock: FakeClock) -> None:
    opened = open_ledger(site, state, lambda: Ledger.open(state, clock, "lan"))
    assert isinstance(opened, HoldfastError)
    assert list(state.iterdir()) == []


def test_a_ledger_that_is_there_is_opened(site: Site, state: Path, ledger: Ledger, clock: FakeClock) -> None:
    ledger.append("note", {})
    opened = open_ledger(site, state, lambda: Ledger.open(state, clock, "lan"))
    assert isinstance(opened, Ledger)
    assert len(list(opened.read())) == 1
    opened.close()


def test_a_ledger_that_is_none_is_an_error_as_a_value(site: Site, state: Path, clock: FakeClock) -> None:
    (state / "ledger.db").write_bytes(b"not a database at all" * 500)
    assert isinstance(open_ledger(site, state, lambda: Ledger.open(state, clock, "lan")), HoldfastError)


@pytest.mark.parametrize(
    ("room", "share"),
    [(Room(20, 100, 90, 100), 0.2), (Room(90, 100, 1, 100), 0.01), (Room(90, 100, 0, 0), 0.9), (Room(0, 0, 0, 0), 0.0)],
)
def test_what_is_scarcer_counts_bytes_or_inodes(room: Room, share: float) -> None:
    assert room.share == pytest.approx(share)


def test_the_room_of_a_real_disk_is_measured(tmp_path: Path) -> None:
    found = patient.room(tmp_path)
    assert 0 < found.free <= found.whole
    assert 0 <= found.share <= 1


def test_the_kernel_is_asked_whether_its_clock_is_kept() -> None:
    assert patient.synchronised() in {True, False, None}
