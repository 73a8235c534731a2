from __future__ import annotations

from datetime import timedelta

import pytest

from cli.clock import SystemClock
from incident.watch import calendar
from tests.backup.world import SYSTEM, World


def test_a_copy_never_made_is_due_now_and_then_each_period(world: World) -> None:
    now = SystemClock().now()
    coming = calendar.ahead(world.site, world.depot.copies(), now, days=1)
    vault = [each for each in coming if each.kind == "vault"]
    assert [(each.at - now).total_seconds() / 3600 for each in vault] == [0, 6, 12, 18, 24]
    assert [(each.at, each.store) for each in coming if each.kind == "media"] == [(now, "weekly")]
    assert calendar.clashes(world.site, coming) == []


@pytest.mark.restic
def test_a_copy_that_was_made_is_due_a_period_later(copied: World) -> None:
    now = SystemClock().now()
    coming = calendar.ahead(copied.site, copied.depot.copies(), now, days=8)
    first = {each.kind: each for each in reversed(coming)}
    assert timedelta(hours=5) < first["vault"].at - now < timedelta(hours=6)
    assert timedelta(days=6) < first["media"].at - now < timedelta(days=7)
    assert first["vault"].seconds is not None


def test_two_sets_that_want_one_place_on_one_day_are_named(world: World) -> None:
    settings = world.root / "site/holdfast.yml"
    settings.write_text(
        settings.read_text() + "  monthly: {disks: {monthly-a: {directory: ../shelf/m, attach: ../mnt/offline}}}\n"
    )
    inventory = world.root / "site/inventory/edoc.yml"
    inventory.write_text(inventory.read_text().replace("every: 7d}]", "every: 7d}, {media: monthly, every: 30d}]"))
    world.__dict__.pop("site", None)
    coming = calendar.ahead(world.site, world.depot.copies(), SystemClock().now(), days=1)
    [clash] = calendar.clashes(world.site, coming)
    assert "monthly and weekly both want" in clash


def test_copies_of_one_host_at_the_same_time_are_named(world: World) -> None:
    inventory = world.root / "site/inventory/other.yml"
    text = (world.root / "site/inventory/edoc.yml").read_text()
    hosts = text[text.index("  hosts:") : text.index("  vars:")]
    other = text.replace("edoc:\n" + hosts, "other:\n  hosts: {documents-1: {}}\n")
    inventory.write_text(other.replace("name: Documents", "name: Other"))
    world.__dict__.pop("site", None)
    now = SystemClock().now()
    coming = [
        calendar.Due(now, "vault", SYSTEM, "main", 600.0),
        calendar.Due(now + timedelta(minutes=5), "vault", "other", "main", 600.0),
        calendar.Due(now + timedelta(minutes=30), "vault", "other", "main", 600.0),
    ]
    assert calendar.clashes(world.site, coming) == ["edoc and other read documents-1 at the same time: one waits"]
