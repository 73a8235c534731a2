from __future__ import annotations

from pathlib import Path

import pytest

from cli import app, demo_commands


def test_without_restic_it_says_how_to_get_it_before_anything_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOLDFAST_RESTIC", str(tmp_path / "no-restic"))
    assert app.run(["demo", "--dir", str(tmp_path / "demo")]) == 2
    said = capsys.readouterr().err
    assert "restic" in said
    assert "hint:" in said
    assert not (tmp_path / "demo").exists()


def test_the_line_to_paste_survives_a_folder_with_spaces() -> None:
    assert demo_commands.to_paste(Path("/home/hoa/my demo")) == "export HOLDFAST_SITE='/home/hoa/my demo/site'"
