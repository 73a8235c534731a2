from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from inventory import packs
from inventory.errors import UsageError
from inventory.packs import ClockText


def test_a_warning_after_a_time_becomes_a_share_of_the_whole() -> None:
    text = ClockText.model_validate(
        {"title": "T", "starts": "detection", "due": "24h", "warn_at": ["18h", 0.5, "12h"], "verified": False}
        | {"source": "some written source"}
    )
    assert text.shares() == (0.5, 0.75)


def test_a_pack_is_read_with_its_day_and_an_unknown_one_names_those_there_are(tmp_path: Path) -> None:
    (tmp_path / "mine.yml").write_text("title: Mine\ndated: 2026-01-31\n")
    assert packs.known(tmp_path) == ("mine",)
    assert packs.read("mine", tmp_path).dated.isoformat() == "2026-01-31"
    with pytest.raises(UsageError, match="no policy pack 'yours'") as caught:
        packs.read("yours", tmp_path)
    assert "mine" in caught.value.hint


def test_every_reminder_of_the_shipped_packs_is_ten_minutes() -> None:
    every = [clock.remind_every for name in packs.known() for clock in packs.read(name).clocks.values()]
    assert {each for each in every if each is not None} == {timedelta(minutes=10)}
