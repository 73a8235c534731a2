from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.inventory.onhost.local import Logins


@pytest.fixture
def logins(tmp_path: Path) -> Iterator[Logins]:
    made = Logins(tmp_path / "home")
    made.home.mkdir()
    yield made
    made.end()
