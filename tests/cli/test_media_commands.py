from __future__ import annotations

import json

import pytest

from cli import app
from inventory.errors import ExitCode
from tests.backup.world import LABEL, World


def holdfast(world: World, *words: str) -> int:
    return app.run(["--site", str(world.root / "site"), "backup", "media", *words])


def test_a_medium_goes_through_its_life(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert holdfast(world, "prepare", LABEL) == ExitCode.DONE
    assert holdfast(world, "attach", LABEL) == ExitCode.DONE
    assert holdfast(world, "probe", LABEL) == ExitCode.FINDINGS, "it is in use, so it answers"
    assert holdfast(world, "detach", LABEL) == ExitCode.DONE
    assert holdfast(world, "probe", LABEL) == ExitCode.DONE
    capsys.readouterr()
    assert holdfast(world, "list", "--json") == ExitCode.DONE
    first = json.loads(capsys.readouterr().out)[0]
    assert (first["label"], first["state"], first["proof"]) == (LABEL, "detached", "proved")


def test_every_step_names_the_next_one(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    holdfast(world, "prepare", LABEL)
    assert f"holdfast backup media attach {LABEL}" in capsys.readouterr().out
    holdfast(world, "attach", LABEL)
    capsys.readouterr()
    holdfast(world, "detach", LABEL)
    assert f"holdfast backup media probe {LABEL}" in capsys.readouterr().out


def test_a_wrong_disk_ends_with_4_and_a_missing_one_with_3(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert holdfast(world, "attach", LABEL) == ExitCode.UNFINISHED
    world.shelf.mkdir()
    assert holdfast(world, "attach", LABEL) == ExitCode.REFUSED
    assert "never prepared" in capsys.readouterr().err
    assert list(world.shelf.iterdir()) == []


def test_a_medium_that_answers_although_it_is_away_ends_with_1(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    holdfast(world, "prepare", LABEL)
    world.shelf.chmod(0o700)
    world.shelf.rename(world.offline)
    capsys.readouterr()
    assert holdfast(world, "probe", LABEL, "--json") == ExitCode.FINDINGS
    found = json.loads(capsys.readouterr().out)
    assert (found["reached"], found["alarm"]) == (True, True)
    assert holdfast(world, "list") == ExitCode.DONE
    assert "ANSWERS" in capsys.readouterr().out


def test_an_unknown_label_is_a_usage_error_that_names_the_known(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert holdfast(world, "attach", "weekly-z") == ExitCode.USAGE
    assert LABEL in capsys.readouterr().err
