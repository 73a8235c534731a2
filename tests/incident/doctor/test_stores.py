from __future__ import annotations

from datetime import timedelta

import pytest

from backup.depot import Depot
from cli.clock import SystemClock
from incident.doctor import stores
from tests.backup.world import SYSTEM, World


def test_a_vault_never_used_is_amber_and_one_not_there_red(world: World) -> None:
    assert stores.of_vault(world.depot, "main").state == "amber"
    world.vault.rmdir()
    missing = stores.of_vault(world.depot, "main")
    assert (missing.state, "mkdir" in missing.mend) == ("red", True)


@pytest.mark.restic
@pytest.mark.parametrize(("days", "state"), [(1, "green"), (6.5, "amber"), (8, "red")])
def test_a_rotation_set_is_judged_by_its_oldest_newest_copy(copied: World, days: float, state: str) -> None:
    now = SystemClock().now() + timedelta(days=days)
    found = next(each for each in stores.media_due(copied.depot, now) if each.subject == "set weekly")
    assert found.state == state
    assert found.mend == ("" if state == "green" else "holdfast backup media attach weekly-b"), "whose turn it is"


@pytest.mark.restic
def test_every_known_repository_is_looked_for_with_its_password(backed_up: World) -> None:
    assert [each.state for each in stores.repositories(backed_up.depot)] == ["green"]
    Depot(backed_up.site, backed_up.state, backed_up.ledger).key_file(backed_up.depot.vault("main"), SYSTEM).unlink()
    assert [each.state for each in stores.repositories(backed_up.depot)] == ["red", "green"]
