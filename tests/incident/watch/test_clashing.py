from __future__ import annotations

from datetime import timedelta

import pytest

from incident.watch import clashing
from incident.watch.calendar import Due, Kind
from tests.backup.world import LABEL, SYSTEM, World
from tests.fakes.clock import FakeClock

NOW = FakeClock().now()


def due(minutes: float, system: str = SYSTEM, seconds: float | None = 600.0, *, kind: Kind = "vault") -> Due:
    store = "main" if kind == "vault" else "weekly"
    return Due(NOW + timedelta(minutes=minutes), kind, system, store, seconds)


def clashes(world: World, *coming: Due) -> list[str]:
    return clashing.clashes(world.site, world.depot.copies(), coming)


@pytest.fixture
def three(world: World) -> World:
    """A world with two more systems: `other` on the host of the first, `far` on a host of its own."""
    inventory = world.root / "site/inventory"
    text = (inventory / "edoc.yml").read_text()
    hosts = text[text.index("  hosts:") : text.index("  vars:")]
    other = text.replace("edoc:\n" + hosts, "other:\n  hosts: {documents-1: {}}\n")
    (inventory / "other.yml").write_text(other.replace("name: Documents", "name: Other"))
    far = text.replace("edoc:\n" + hosts, "far:\n  hosts: {far-1: {ansible_connection: local, holdfast_root: /x}}\n")
    (inventory / "far.yml").write_text(far.replace("documents-1", "far-1").replace("name: Documents", "name: Far"))
    world.__dict__.pop("site", None)
    return world


def test_copies_of_one_host_into_one_vault_at_the_same_time_are_named_with_how_long_one_waits(three: World) -> None:
    assert clashes(three, due(0), due(5, "other"), due(30, "other")) == [
        "Mon 23 Nov 03:10: edoc and other want the vault main at once: one waits 5m",
        "Mon 23 Nov 03:10: edoc and other want the host documents-1 at once: one waits 5m",
    ]


def test_of_many_the_last_waits_for_all_and_what_comes_again_is_said_once(three: World) -> None:
    coming = [due(0), due(5, "far"), due(10, "other"), due(360), due(360, "far"), due(365, "other")]
    vault, host, *rest = clashes(three, *coming)
    assert (
        vault
        == "Mon 23 Nov 03:10: edoc, far and other want the vault main at once: the last waits 10m (and 1 times more)"
    )
    assert host == "Mon 23 Nov 09:10: edoc and other want the host documents-1 at once: one waits 5m"
    assert rest == []


@pytest.mark.parametrize(
    "coming",
    [
        [due(0), due(10, "other")],
        [due(0, seconds=None), due(0, "other", None)],
        [due(0, seconds=86400), due(360)],
    ],
    ids=["one after the other", "never measured", "a system and itself"],
)
def test_what_does_not_meet_is_no_clash(three: World, coming: list[Due]) -> None:
    assert clashes(three, *coming) == []


def test_two_sets_that_want_one_place_on_one_day_are_named(world: World) -> None:
    settings = world.root / "site/holdfast.yml"
    settings.write_text(
        settings.read_text() + "  monthly: {disks: {monthly-a: {directory: ../shelf/m, attach: ../mnt/offline}}}\n"
    )
    monthly = Due(NOW, "media", SYSTEM, "monthly")
    first, *_ = clashes(world, due(0, kind="media"), monthly)
    assert first == "2026-11-23: the sets monthly and weekly both want ../mnt/offline"


def test_a_disk_that_is_needed_and_away_is_named_with_its_place_until_one_is_attached(world: World) -> None:
    needed = [due(60, kind="media"), due(600, kind="media")]
    [away] = clashes(world, *needed)
    assert away.startswith("Mon 23 Nov 04:10: weekly needs a disk and weekly-a is away (safe 2, Ms Lan): ")
    assert away.endswith("holdfast backup media prepare weekly-a")
    world.ledger.append("medium.prepared", {"store": LABEL, "id": "x"})
    [away] = clashes(world, *needed)
    assert "weekly-b is away: holdfast backup media prepare weekly-b" in away, "one never used goes first"
    world.ledger.append("medium.attached", {"store": LABEL, "id": "x"})
    assert clashes(world, *needed) == []
