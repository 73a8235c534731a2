from __future__ import annotations

import sys
from pathlib import Path

import pytest

from cli.demo import control


def test_it_says_in_two_lines_that_no_demo_runs_and_ends_with_3(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "run").mkdir()
    monkeypatch.setattr(sys, "argv", ["control", "start", "sso", "--on", "signon-1", "--home", str(tmp_path)])
    assert control.main() == 3
    assert capsys.readouterr().err.startswith("error: no demo is running")
