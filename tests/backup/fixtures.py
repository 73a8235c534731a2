"""Sites in several stages, for tests of copies and of the commands about them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from backup import media, take, transfer
from tests import tools
from tests.backup import away
from tests.backup import world as worlds
from tests.backup.world import LABEL, SYSTEM, World
from tests.inventory.sshd import SshHost


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A site of which nothing was backed up yet."""
    made = worlds.make(tmp_path / "world")
    yield made
    made.ledger.close()


@pytest.fixture(scope="session")
def _backed_up_once(tmp_path_factory: pytest.TempPathFactory) -> World:
    tools.require("restic")
    made = worlds.make(tmp_path_factory.mktemp("backed-up"))
    assert take.back_up(made.depot, SYSTEM).status == "complete"
    made.ledger.close()
    return made


@pytest.fixture(scope="session")
def _copied_once(_backed_up_once: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    made = worlds.copy(_backed_up_once, tmp_path_factory.mktemp("copied"))
    media.prepare(made.depot, LABEL)
    media.attach(made.depot, LABEL)
    assert [report.status for report in transfer.copy_to(made.depot, LABEL, [SYSTEM])] == ["complete"]
    made.ledger.close()
    return made


@pytest.fixture
def backed_up(_backed_up_once: World, tmp_path: Path) -> Iterator[World]:
    """A site with one good snapshot in its vault."""
    made = worlds.copy(_backed_up_once, tmp_path / "world")
    yield made
    made.ledger.close()


@pytest.fixture
def copied(_copied_once: World, tmp_path: Path) -> Iterator[World]:
    """A site with one good snapshot in its vault and on the medium weekly-a, which is attached."""
    made = worlds.copy(_copied_once, tmp_path / "world")
    yield made
    made.ledger.close()


@pytest.fixture
def far(tmp_path_factory: pytest.TempPathFactory, ssh_host: SshHost) -> Iterator[World]:
    """A site whose system lies on another host, prepared, of which nothing was backed up yet."""
    away.install(ssh_host)
    root = tmp_path_factory.mktemp("far")
    made = away.make(root, ssh_host)
    yield made
    made.ledger.close()
