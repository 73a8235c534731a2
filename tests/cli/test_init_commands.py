from __future__ import annotations

from pathlib import Path

import pytest

from cli import app
from inventory.errors import ExitCode


def test_init_makes_a_site_that_is_valid_and_says_what_to_type_next(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site = tmp_path / "site"
    assert app.run(["init", str(site), "--name", "An Giang"]) == ExitCode.DONE
    said = capsys.readouterr().out
    assert f"wrote {site / 'holdfast.yml'}" in said
    (command,) = [line.split() for line in said.splitlines() if line.strip().endswith("inventory validate")]
    assert app.run(command[1:]) == ExitCode.DONE
    assert "is valid (systems: 1, hosts: 1, people: 1)" in capsys.readouterr().out


def test_init_refuses_a_directory_that_holds_something(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "precious").write_text("x")
    assert app.run(["init", str(tmp_path)]) == ExitCode.REFUSED
    said = capsys.readouterr()
    assert "is not empty" in said.err
    assert said.out == ""
    assert [file.name for file in tmp_path.iterdir()] == ["precious"]


def test_the_person_who_made_the_site_may_work_in_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    app.run(["init", str(tmp_path / "site")])
    assert app.run(["--site", str(tmp_path / "site"), "ledger", "checkpoint", "--to", str(tmp_path / "c")]) == 0
    assert "checkpoint of record 1" in capsys.readouterr().out
