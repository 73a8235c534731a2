"""A tool that is missing skips a test with the reason, or fails it where the tool is required."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests import tools
from tests.test_layout import ROOT


def fake_restic(directory: Path, version: str) -> Path:
    program = directory / "restic"
    program.write_text(f'#!/bin/sh\necho "restic {version} compiled with go1.24.4"\n', encoding="utf-8")
    program.chmod(0o755)
    return program


@pytest.fixture(autouse=True)
def _no_restic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOLDFAST_RESTIC", raising=False)
    monkeypatch.delenv("HOLDFAST_REQUIRE", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(tools, "CHECKOUT", tmp_path / "checkout")


def test_a_missing_tool_skips_the_test_and_says_how_to_get_it() -> None:
    with pytest.raises(pytest.skip.Exception, match="make restic"):
        tools.require("restic")


def test_a_missing_tool_that_is_required_fails_the_test(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLDFAST_REQUIRE", "ansible,restic")
    with pytest.raises(pytest.fail.Exception, match="HOLDFAST_REQUIRE names restic"):
        tools.require("restic")


def test_a_restic_too_old_is_not_used(tmp_path: Path) -> None:
    fake_restic(tmp_path, "0.16.5")
    with pytest.raises(pytest.skip.Exception, match="is not restic 0"):
        tools.require("restic")


def test_the_restic_named_comes_first_then_the_checkouts_then_the_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in ("checkout/.tools", "named"):
        (tmp_path / place).mkdir(parents=True)
    on_path = fake_restic(tmp_path, "0.17.0")
    assert tools.require("restic") == on_path
    in_checkout = fake_restic(tmp_path / "checkout/.tools", "0.18.0")
    assert tools.require("restic") == in_checkout
    named = fake_restic(tmp_path / "named", "1.0.0")
    monkeypatch.setenv("HOLDFAST_RESTIC", str(named))
    assert tools.require("restic") == named


def test_a_machine_without_the_labs_programs_is_told_the_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    said = subprocess.run(
        ["/bin/sh", ROOT / "tests/lab/needs.sh"], env={"PATH": "/nowhere"}, capture_output=True, text=True, check=False
    )
    assert said.returncode == 1
    assert "sudo apt-get install mmdebstrap systemd-container zstd iproute2" in said.stdout


def test_a_lab_that_is_missing_skips_and_is_a_failure_where_it_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(pytest.skip.Exception, match="no root here"):
        tools.lacking("lab", "no root here")
    monkeypatch.setenv("HOLDFAST_REQUIRE", "lab")
    with pytest.raises(pytest.fail.Exception, match="HOLDFAST_REQUIRE names lab, but no root here"):
        tools.lacking("lab", "no root here")
