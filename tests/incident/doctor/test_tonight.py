from __future__ import annotations

from datetime import timedelta

import pytest

from cli.clock import SystemClock
from incident.doctor import tonight
from tests.backup.world import SYSTEM, World


def test_a_copy_never_made_is_due_now(world: World) -> None:
    now = SystemClock().now()
    coming = tonight.due(world.site, world.depot.copies(), now, tonight.NIGHT)
    assert [(one.system, one.store, one.at) for one in coming] == [(SYSTEM, "main", now)]
    assert tonight.against(world.depot, coming[0]) is None


@pytest.mark.restic
def test_a_copy_is_due_when_its_time_comes_and_only_what_is_soon_counts(backed_up: World) -> None:
    now = SystemClock().now()
    [one] = tonight.due(backed_up.site, backed_up.depot.copies(), now, tonight.NIGHT)
    assert timedelta(hours=5) < one.at - now < timedelta(hours=6)
    assert tonight.due(backed_up.site, backed_up.depot.copies(), now, timedelta(hours=1)) == []
