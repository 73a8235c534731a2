from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import tools
from tests.control import host as hosts
from tests.control.host import ControlHost


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Holdfast, installed for root."""
    tools.require("control")
    return hosts.install(tmp_path_factory.mktemp("installed") / "holdfast")


@pytest.fixture
def bare(program: Path, tmp_path: Path) -> Iterator[ControlHost]:
    """A control host before setup, with a site and four logins."""
    made = ControlHost(tmp_path / "layers", program)
    yield made
    made.end()


@pytest.fixture(scope="module")
def installed(program: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlHost]:
    """A control host after setup; the tests of a module share it and change nothing that others look at."""
    made = ControlHost(tmp_path_factory.mktemp("host") / "layers", program)
    made.holdfast("setup", "--yes")
    yield made
    made.end()
