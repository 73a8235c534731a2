from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from incident import runbook, yardstick
from inventory import outline, packs, policy, site
from inventory.site import Site
from inventory.starter import make


@pytest.fixture
def whole(tmp_path: Path) -> Site:
    make(tmp_path / "site", name="district", login="minh", kind="sample", today=date(2026, 11, 23))
    return site.load(tmp_path / "site")


@pytest.mark.parametrize("names", [["baseline"], list(packs.known())])
def test_what_is_kept_is_read_back_the_same(whole: Site, names: list[str]) -> None:
    chosen = replace(whole, settings=whole.settings.model_copy(update={"policies": names}))
    anew = yardstick.of(chosen)
    read = yardstick.from_json(json.loads(json.dumps(yardstick.as_json(chosen, anew))))
    assert read.rules == anew.rules == policy.load(names)
    assert (read.runbooks, read.problem) == (anew.runbooks, "")
    assert read.site == outline.of(chosen)


def test_every_runbook_is_there_with_its_digest(whole: Site) -> None:
    book = runbook.load(whole.root)
    assert {name: each.digest for name, each in yardstick.of(whole).runbooks.items()} == {
        name: each.digest() for name, each in book.runbooks.items()
    }


def test_a_runbook_that_cannot_be_read_is_a_problem_of_all(whole: Site) -> None:
    (whole.root / "runbooks").mkdir(exist_ok=True)
    (whole.root / "runbooks" / "bad.yml").write_text("steps: 1\n")
    found = yardstick.of(whole)
    assert found.runbooks == {}
    assert "bad.yml" in found.problem
    assert yardstick.from_json(json.loads(json.dumps(yardstick.as_json(whole, found)))).problem == found.problem
