"""A district in several stages, for tests of recoveries and of the commands about them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import tools
from tests.incident import district as districts
from tests.incident.district import District


@pytest.fixture
def district(tmp_path: Path) -> Iterator[District]:
    """A site of which nothing was backed up yet; every system is normal."""
    made = districts.make(tmp_path / "district")
    yield made
    made.ledger.close()


@pytest.fixture(scope="session")
def _safe_once(tmp_path_factory: pytest.TempPathFactory) -> District:
    tools.require("restic")
    made = districts.make(tmp_path_factory.mktemp("safe"))
    made.back_up()
    made.ledger.close()
    return made


@pytest.fixture
def safe(_safe_once: District, tmp_path: Path) -> Iterator[District]:
    """A site with a good copy of every system in its vault."""
    made = districts.copy(_safe_once, tmp_path / "district")
    yield made
    made.ledger.close()


@pytest.fixture
def lost(safe: District) -> District:
    """A site with good copies, whose hosts were all installed anew and are empty."""
    safe.damage()
    return safe
