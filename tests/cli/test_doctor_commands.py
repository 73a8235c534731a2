from __future__ import annotations

import json

import pytest

from cli import app
from inventory.errors import ExitCode
from tests.backup.world import World


def doctor(world: World, *words: str) -> int:
    return app.run(["--site", str(world.root / "site"), "doctor", *words])


def test_a_new_site_is_told_what_to_do_first(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor(world) == ExitCode.FINDINGS
    said = capsys.readouterr().out
    assert "holdfast backup run --all" in said
    assert "green" in said.splitlines()[-1]
    assert not (world.state / "ledger.db").exists(), "looking begins no ledger"


def test_json_holds_every_answer_and_only_that(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    doctor(world, "--json", "--quick")
    shape = json.loads(capsys.readouterr().out)
    assert list(shape) == ["checked_at", "state", "checks", "skipped"]
    assert shape["skipped"] == ["hosts"]
    assert all(each["why"] for each in shape["checks"])


def test_green_answers_are_shown_when_asked_for(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    doctor(world, "--quick")
    short = capsys.readouterr().out
    doctor(world, "--quick", "--all")
    assert len(capsys.readouterr().out) > len(short)


def test_a_site_that_cannot_be_read_is_a_usage_error(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    (world.root / "site/holdfast.yml").write_text("site: [\n")
    assert doctor(world) == ExitCode.USAGE
    assert "holdfast.yml" in capsys.readouterr().err
