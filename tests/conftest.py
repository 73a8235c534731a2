"""What every test starts from."""

from __future__ import annotations

import os
from pathlib import Path

import hypothesis
import pytest

from ledger.ledger import Ledger
from tests import tools
from tests.fakes.clock import FakeClock

hypothesis.settings.register_profile("ordinary", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "ordinary")

pytest_plugins = (
    "tests.backup.fixtures",
    "tests.elastic.fixtures",
    "tests.incident.fixtures",
    "tests.inventory.fixtures",
    "tests.lab.fixtures",
    "tests.ledger.fixtures",
)

_KEPT_SETTINGS = {
    "HOLDFAST_RESTIC",
    "HOLDFAST_REST_SERVER",
    "HOLDFAST_REQUIRE",
    "HOLDFAST_LAB_CACHE",
    "HOLDFAST_ELASTICSEARCH_CACHE",
}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep what must not run at once on one worker: a file's tests, all that make hosts, all that use the cluster."""
    groups = {"demo": "demo", "lab": "hosts", "ssh": "hosts", "elasticsearch": "elasticsearch"}
    shared = {item.path: group for item in items for name, group in groups.items() if item.get_closest_marker(name)}
    for item in items:
        item.add_marker(pytest.mark.xdist_group(shared.get(item.path, item.path.name)))


def pytest_runtest_setup(item: pytest.Item) -> None:
    for tool in ("restic", "ansible", "postgresql", "lab", "ssh", "control", "elasticsearch"):
        if item.get_closest_marker(tool):
            tools.require(tool)


@pytest.fixture(autouse=True)
def _own_surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep the user's own site and state out of every test."""
    for name in os.environ:
        if name.startswith("HOLDFAST_") and name not in _KEPT_SETTINGS:
            monkeypatch.delenv(name)
    monkeypatch.delenv("COLUMNS", raising=False)  # the tests are about words, not about who watches
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("xdg-state")))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("xdg-cache")))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """An empty state directory."""
    directory = tmp_path / "state"
    directory.mkdir(mode=0o700)
    return directory


@pytest.fixture
def ledger(state: Path, clock: FakeClock) -> Ledger:
    """A new ledger, written by minh."""
    return Ledger.open(state, clock, "minh")
