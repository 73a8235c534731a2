from __future__ import annotations

from pathlib import Path

import pytest

from inventory import places, site
from inventory.errors import UsageError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    (folder / "inventory").mkdir(parents=True)
    (folder / "holdfast.yml").write_text("site: district\n")
    return folder


def test_the_site_is_found_by_option_then_variable_then_upwards(root: Path, tmp_path: Path) -> None:
    below = root / "inventory"
    assert places.find(None, {}, below) == root.resolve()
    assert places.find(None, {"HOLDFAST_SITE": str(root)}, Path("/")) == root.resolve()
    assert places.find(root, {"HOLDFAST_SITE": "/nowhere"}, Path("/")) == root.resolve()
    with pytest.raises(UsageError, match="is not a site") as caught:
        places.find(below, {}, root)
    assert "holdfast init" in caught.value.hint
    with pytest.raises(UsageError, match="no site here"):
        places.find(None, {}, Path("/"))


def test_state_lives_outside_git_in_the_first_place_that_is_named(root: Path) -> None:
    read = site.load(root)
    assert places.state_directory(read, {"HOLDFAST_STATE": "/s", "HOME": "/h"}) == Path("/s")
    if not Path("/var/lib/holdfast").exists():
        assert places.state_directory(read, {"XDG_STATE_HOME": "/x"}) == Path("/x/holdfast/district")
        assert places.state_directory(read, {"HOME": "/h"}) == Path("/h/.local/state/holdfast/district")
    (root / "holdfast.yml").write_text("site: x\nstate: ../state\n")
    assert places.state_directory(site.load(root), {}) == (root / "../state").resolve()
