from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest

from cli import app
from inventory.errors import ExitCode
from tests import tools


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


@pytest.mark.restic
def test_what_init_says_to_type_next_works_as_pasted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOLDFAST_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("HOLDFAST_RESTIC", str(tools.require("restic")))
    app.run(["init", str(tmp_path / "my site")])
    codes = {}
    for said in capsys.readouterr().out.split("Next:")[1].strip().splitlines():
        program, *words = shlex.split(said)
        if program == "mkdir":
            subprocess.run([program, *words], check=True)
        else:
            codes[words[-2] if words[-1] == "example" else words[-1]] = app.run(words)
    assert codes == {"validate": 0, "show": 0, "run": 0, "readiness": 1}
