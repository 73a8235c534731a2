from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cli import app
from inventory.errors import ExitCode

SYSTEM = """
{key}:
  hosts: {{{key}-1: {{ansible_connection: local}}}}
  vars:
    system: {{name: "{name}", level: 3, rto: {rto}, depends_on: [{needs}]}}
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "inventory").mkdir()
    (tmp_path / "holdfast.yml").write_text("site: district\n")
    for key, name, rto, needs in (
        ("edoc", "Documents", "2h", "sso"),
        ("lgsp", "Exchange", "8h", "sso"),
        ("sso", "Sign-on", "4h", ""),
    ):
        text = SYSTEM.format(key=key, name=name, rto=rto, needs=needs)
        (tmp_path / "inventory" / f"{key}.yml").write_text(text)
    monkeypatch.setenv("HOLDFAST_SITE", str(tmp_path))
    return tmp_path


def asked(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    app.run(arguments)
    return json.loads(capsys.readouterr().out)


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


def test_list_shows_every_system(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["inventory", "list"]) == ExitCode.DONE
    assert "Documents" in capsys.readouterr().out
    rows = asked(capsys, "inventory", "list", "--json")
    assert [(row["key"], row["rto_seconds"], row["hosts"]) for row in rows] == [
        ("edoc", 7200, ["edoc-1"]),
        ("lgsp", 28800, ["lgsp-1"]),
        ("sso", 14400, ["sso-1"]),
    ]


def test_show_tells_what_the_site_says_about_a_system(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["inventory", "show", "edoc"]) == ExitCode.DONE
    assert "Documents" in capsys.readouterr().out
    assert asked(capsys, "inventory", "show", "edoc", "--json")["depends_on"] == ["sso"]


def test_show_of_an_unknown_system_names_the_known_ones(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["inventory", "show", "ghost"]) == ExitCode.USAGE
    assert "hint: systems: edoc, lgsp, sso" in capsys.readouterr().err


def test_graph_shows_the_order_of_recovery(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["inventory", "graph"]) == ExitCode.DONE
    assert capsys.readouterr().out.splitlines() == [
        "1. sso: Sign-on, target 4h",
        "2. edoc: Documents, target 2h (needs sso)",
        "2. lgsp: Exchange, target 8h (needs sso)",
    ]
    waves = asked(capsys, "inventory", "graph", "--json")
    assert [[row["key"] for row in wave] for wave in waves] == [["sso"], ["edoc", "lgsp"]]


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


def test_control_characters_of_the_site_do_not_reach_the_terminal(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = SYSTEM.format(key="sso", name="\\x1b[31mred\\nline", rto="4h", needs="")
    (site / "inventory" / "sso.yml").write_text(text)
    for command in ("list", "graph"):
        assert app.run(["inventory", command]) == ExitCode.DONE
        assert "\x1b[31m" not in capsys.readouterr().out
