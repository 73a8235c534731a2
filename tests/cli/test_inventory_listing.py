from __future__ import annotations

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


def test_control_characters_of_the_site_do_not_reach_the_terminal(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = district.SYSTEM.format(key="sso", name="\\x1b[31mred\\nline", rto="4h", needs="")
    (site / "inventory" / "sso.yml").write_text(text)
    for command in ("list", "graph"):
        assert app.run(["inventory", command]) == ExitCode.DONE
        assert "\x1b[31m" not in capsys.readouterr().out
