from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cli import app
from inventory.errors import ExitCode

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "inventory").mkdir()
    (tmp_path / "holdfast.yml").write_text("site: x\npolicies: [baseline, vn-2026]\n")
    monkeypatch.setenv("HOLDFAST_SITE", str(tmp_path))
    return tmp_path


def asked(capsys: Capture, *options: str) -> list[dict[str, Any]]:
    assert app.run(["inventory", "policies", *options, "--json"]) == ExitCode.DONE
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["asked"]
    return found


def test_everything_that_is_asked_has_its_source_and_says_whether_it_was_read(site: Path, capsys: Capture) -> None:
    found = asked(capsys)
    assert {row["kind"] for row in found} == {"clock", "limit", "calendar"}
    assert all(row["source"] and isinstance(row["verified"], bool) for row in found)
    assert {"scan_every": "30d"}.items() <= {row["key"]: row["asked"] for row in found if row["levels"] == [5]}.items()


def test_one_level_the_clocks_or_what_was_not_read_can_be_asked_for(site: Path, capsys: Capture) -> None:
    level = {row["key"]: row["asked"] for row in asked(capsys, "--level", "3") if row["kind"] == "limit"}
    assert (level["mfa"], level["copies"], level["logs_kept"]) == ("yes", "3", "92d")
    assert "other_place_km" not in level
    clocks = {row["key"]: row["asked"] for row in asked(capsys, "--clocks")}
    assert clocks["police"] == "at once, if it is national security"
    assert clocks["first_notice"] == "24h after detection, if it is serious"
    assert clocks["recover"] == "the system's own target after detection"
    assert not any(row["verified"] for row in asked(capsys, "--unverified"))


def test_on_a_terminal_an_unread_number_is_called_so(site: Path, capsys: Capture) -> None:
    assert app.run(["inventory", "policies", "--level", "3"]) == ExitCode.DONE
    said = capsys.readouterr().out
    assert "NOT READ in an official text: TCVN 14423:2026" in said
    assert "read: Mission; Da Nang" in said
    assert "packs: baseline, vn-2026; " in said


def test_the_calendar_lists_each_day_and_what_was_recorded(site: Path, capsys: Capture) -> None:
    assert app.run(["inventory", "calendar", "--json"]) in (ExitCode.DONE, ExitCode.FINDINGS)
    found = json.loads(capsys.readouterr().out)
    assert {row["key"] for row in found} >= {"yearly_december_14", "yearly_december_20", "yearly_december_25"}
    assert all(set(row) == {"key", "title", "source", "verified", "day", "state", "days_left"} for row in found)
    app.run(["inventory", "calendar"])
    assert "Yearly reporting, 14 December" in capsys.readouterr().out
    (site / "holdfast.yml").write_text("site: x\n")
    assert app.run(["inventory", "calendar"]) == ExitCode.DONE
    assert "no calendar" in capsys.readouterr().out
