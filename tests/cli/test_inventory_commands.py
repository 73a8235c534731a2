from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli import app
from inventory.errors import ExitCode
from tests.cli import district
from tests.cli.district import asked


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = district.make(tmp_path / "site")
    monkeypatch.setenv("HOLDFAST_SITE", str(root))
    return root


def test_validate_counts_and_warns(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["inventory", "validate"]) == ExitCode.DONE
    said = capsys.readouterr().out
    assert "warning: edoc must be back in 2h, but sso, which it needs, only in 4h" in said
    assert f"{site} is valid (systems: 3, hosts: 3, people: 0)" in said
    assert asked(capsys, "inventory", "validate", "--json") == {
        "valid": True,
        "problems": [],
        "warnings": ["edoc must be back in 2h, but sso, which it needs, only in 4h"],
        "systems": 3,
        "hosts": 3,
        "people": 0,
    }


def test_validate_tells_every_fault_and_exits_2(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (site / "holdfast.yml").write_text("site: district\ncolour: red\n")
    (site / "inventory" / "sso.yml").write_text("sso:\n  vars:\n    system: {name: X, level: 9}\n")
    assert app.run(["inventory", "validate"]) == ExitCode.USAGE
    said = capsys.readouterr().err
    assert "error: 2 problems in the site:" in said
    assert "holdfast.yml:2: colour: unknown key" in said
    assert "sso.yml:3: sso.vars.system.level: must be less than or equal to 5" in said
    assert "hint: mend the lines named" in said
    assert app.run(["inventory", "validate", "--json"]) == ExitCode.USAGE
    answer = json.loads(capsys.readouterr().out)
    assert answer["valid"] is False
    assert [(problem["line"], problem["key"]) for problem in answer["problems"]] == [
        (2, "colour"),
        (3, "sso.vars.system.level"),
    ]


@pytest.mark.parametrize("part", ["system", "settings", "people"])
def test_schema_is_a_json_schema(part: str, capsys: pytest.CaptureFixture[str]) -> None:
    schema = asked(capsys, "inventory", "schema", part)
    assert schema["type"] == "object"
    assert schema["additionalProperties"] is False


def test_without_a_site_the_way_to_one_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert app.run(["inventory", "list"]) == ExitCode.USAGE
    assert "holdfast init DIR" in capsys.readouterr().err
