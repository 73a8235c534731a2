from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from inventory import outline, site
from inventory.errors import UsageError
from inventory.starter import make
from inventory.waivers import Waiver, Waivers

SAMPLE = ("starter", "sample")


@pytest.fixture(params=SAMPLE)
def whole(request: pytest.FixtureRequest, tmp_path: Path) -> site.Site:
    make(tmp_path / "site", name="district", login="minh", kind=request.param, today=date(2026, 11, 23))
    return site.load(tmp_path / "site")


def test_an_outline_says_of_each_system_what_the_site_says(whole: site.Site) -> None:
    found = outline.of(whole)
    assert list(found.systems) == list(whole.systems)
    assert list(found.own) == list(whole.own)
    for key, system in whole.systems.items():
        same = found.system(key)
        for name in ("level", "rto", "rpo", "runbook", "external"):
            assert getattr(same, name) == getattr(system, name)
        assert list(same.depends_on) == list(system.depends_on)
        assert (len(same.data), len(same.logs)) == (len(system.data), len(system.logs))
        asked = [(copy.kind, copy.place, copy.every) for copy in system.copies]
        assert [(copy.kind, copy.place, copy.every) for copy in same.copies] == asked
    assert (found.vault_places, found.site_id, found.state_place) == (
        whole.vault_places,
        whole.site_id,
        whole.state_place,
    )


def test_an_outline_written_as_json_is_read_back_the_same(whole: site.Site) -> None:
    found = outline.of(whole)
    assert outline.from_json(json.loads(json.dumps(found.as_json()))) == found


def test_what_is_waived_today_is_told_by_system(whole: site.Site) -> None:
    day = date(2026, 11, 23)
    one = Waiver(
        control="HF-1", system=next(iter(whole.own)), reason="old", owner="a", approver="b", since=day, until=day
    )
    waiving = replace(whole, waivers=Waivers((one,)))
    for each in (outline.of(waiving), outline.from_json(json.loads(json.dumps(outline.of(waiving).as_json())))):
        for today in (day - timedelta(days=1), day, day + timedelta(days=1)):
            there = {key: list(controls) for key, controls in waiving.waived(today).items() if controls}
            assert {key: list(controls) for key, controls in each.waived(today).items()} == there


def test_an_unknown_system_is_told_as_the_site_tells_it(whole: site.Site) -> None:
    with pytest.raises(UsageError) as told:
        whole.system("gohst")
    with pytest.raises(UsageError) as again:
        outline.of(whole).system("gohst")
    assert (told.value.message, told.value.hint) == (again.value.message, again.value.hint)


@pytest.mark.parametrize("content", [{}, {"root": "/"}, []])
def test_what_is_no_outline_is_refused(content: object) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        outline.from_json(content)  # type: ignore[arg-type]
