"""Words and refusals; what setup really does is in tests/control."""

from __future__ import annotations

import os

import pytest

from cli import app
from inventory.errors import ExitCode
from tests.backup.world import World


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1234)


@pytest.mark.parametrize("words", [["setup"], ["setup", "--plan"], ["uninstall", "--plan"]])
@pytest.mark.usefixtures("nobody")
def test_only_root_may(world: World, capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    assert app.run(["--site", str(world.root / "site"), *words]) == ExitCode.REFUSED
    assert f"sudo holdfast {words[0]} --plan" in capsys.readouterr().err


def test_a_program_that_somebody_else_could_change_is_not_installed(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr("inventory.installing.others_can_change", lambda _path: True)
    assert app.run(["--site", str(world.root / "site"), "setup", "--yes"]) in {ExitCode.REFUSED, ExitCode.USAGE}
    assert "error:" in capsys.readouterr().err
