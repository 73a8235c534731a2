from __future__ import annotations

from pathlib import Path

import pytest

from cli import app
from inventory import starter
from inventory.errors import ExitCode
from tests.cli import district
from tests.cli.district import asked
from tests.inventory import starting


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


def test_list_can_be_narrowed_to_levels_units_and_what_we_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    starter.make(tmp_path / "p", name="x", login="minh", kind="sample", today=starting.TODAY)
    monkeypatch.setenv("HOLDFAST_SITE", str(tmp_path / "p"))

    def keys(*options: str) -> list[str]:
        return [row["key"] for row in asked(capsys, "inventory", "list", "--json", *options)]

    assert len(keys()) == 30
    assert sorted(keys("--external")) == ["ndb", "npsp", "nq57", "vneid"]
    assert len(keys("--own")) == 26
    assert sorted(keys("--level", "1", "--own")) == ["csc", "iot", "open"]
    assert sorted(keys("--unit", "HEALTH")) == ["ehb", "emr"]
    assert keys("--unit", "health", "--level", "1", "--level", "2") == []
    assert app.run(["inventory", "list", "--unit", "nobody"]) == ExitCode.DONE
    assert "no system fits" in capsys.readouterr().err
    assert app.run(["inventory", "list", "--unit", "health", "--language", "vi"]) == ExitCode.DONE
    assert "Bệnh án điện tử" in capsys.readouterr().out
    assert not {"nq57", "npsp", "vneid", "ndb"} & set(keys("--level", "1"))  # run by others: they have no level
    assert app.run(["inventory", "list", "--level", "9"]) == ExitCode.USAGE


def test_what_others_run_has_no_level_and_no_targets_in_json_either(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (site / "inventory" / "ndb.yml").write_text("ndb: {vars: {system: {name: Population, external: true}}}\n")
    (row,) = asked(capsys, "inventory", "list", "--json", "--external")
    assert [row[name] for name in ("level", "rto", "rto_seconds", "rpo", "rpo_seconds")] == [None] * 5
    shown = asked(capsys, "inventory", "show", "ndb", "--json")
    assert [shown[name] for name in ("level", "rto", "rto_seconds", "rpo", "rpo_seconds")] == [None] * 5


def test_graph_shows_the_order_of_recovery_and_marks_the_critical_path(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert app.run(["inventory", "graph"]) == ExitCode.DONE
    heading, *rows, last = capsys.readouterr().out.splitlines()
    assert heading.split() == ["wave", "system", "level", "target", "measured", "path", "needs", "name"]
    assert [row.split() for row in rows] == [
        ["1", "sso", "3", "4h", "no", "critical", "-", "Sign-on"],
        ["2", "edoc", "3", "2h", "no", "sso", "Documents"],
        ["2", "lgsp", "3", "8h", "no", "critical", "sso", "Exchange"],
    ]
    assert last == "critical path: sso → lgsp (12h added up, no forecast)"
    found = asked(capsys, "inventory", "graph", "--json")
    assert [[row["key"] for row in wave] for wave in found["waves"]] == [["sso"], ["edoc", "lgsp"]]
    assert found["critical_path"] == {"systems": ["sso", "lgsp"], "seconds": 12 * 3600}


@pytest.mark.parametrize(
    ("form", "begins"), [("svg", "<svg "), ("dot", "digraph recovery {"), ("mermaid", "flowchart LR")]
)
def test_graph_is_printed_or_written_as_a_picture(
    site: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], form: str, begins: str
) -> None:
    assert app.run(["inventory", "graph", "--format", form]) == ExitCode.DONE
    printed = capsys.readouterr().out
    assert printed.startswith(begins)
    file = tmp_path / "graph"
    assert app.run(["inventory", "graph", "--format", form, "--to", str(file)]) == ExitCode.DONE
    assert capsys.readouterr().out == f"wrote {file}\n"
    assert file.read_text() == printed


def test_a_table_is_not_written_to_a_file(site: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["inventory", "graph", "--to", str(tmp_path / "graph")]) == ExitCode.USAGE
    assert "hint: choose --format" in capsys.readouterr().err


def test_nothing_measured_leaves_the_critical_path_to_the_targets(
    site: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOLDFAST_STATE", str(tmp_path / "state"))
    found = asked(capsys, "inventory", "graph", "--times", "measured", "--json")
    assert found["critical_path"]["systems"] == ["sso", "lgsp"]
    assert not any(row["measured"] for wave in found["waves"] for row in wave)


def test_control_characters_of_the_site_do_not_reach_the_terminal(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = district.SYSTEM.format(key="sso", name="\\x1b[31mred\\nline", rto="4h", needs="")
    (site / "inventory" / "sso.yml").write_text(text)
    for command in ("list", "graph"):
        assert app.run(["inventory", command]) == ExitCode.DONE
        assert "\x1b[31m" not in capsys.readouterr().out


def test_a_site_whose_language_is_vietnamese_shows_vietnamese_names_unless_told_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    starter.make(tmp_path / "p", name="x", login="minh", kind="sample", today=starting.TODAY)
    settings = tmp_path / "p" / "holdfast.yml"
    settings.write_text(settings.read_text() + "language: vi\n")
    monkeypatch.setenv("HOLDFAST_SITE", str(tmp_path / "p"))
    for command in (["list"], ["graph"], ["graph", "--format", "svg"], ["graph", "--format", "dot"]):
        assert app.run(["inventory", *command]) == ExitCode.DONE
        assert "Dữ liệu mở" in capsys.readouterr().out
        assert app.run(["inventory", *command, "--language", "en"]) == ExitCode.DONE
        assert "Dữ liệu mở" not in capsys.readouterr().out
