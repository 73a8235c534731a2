from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.backup import world as worlds
from tests.backup.world import World
from tests.incident.doctor import healthy as sites


@pytest.fixture(scope="session")
def _healthy_once(_copied_once: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    made = sites.make(worlds.copy(_copied_once, tmp_path_factory.mktemp("healthy")))
    made.ledger.close()
    return made


@pytest.fixture
def healthy(_healthy_once: World, tmp_path: Path) -> Iterator[World]:
    """A site that lacks nothing."""
    before = (_healthy_once.root / "site/inventory/edoc.yml").read_text()
    made = worlds.copy(_healthy_once, tmp_path / "world")
    here = before.replace(str(_healthy_once.root), str(made.root))
    (made.root / "site/inventory/edoc.yml").write_text(here)
    sites.beat(made)
    yield made
    made.ledger.close()
