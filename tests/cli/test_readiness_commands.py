from __future__ import annotations

import json
import shlex
import shutil
from dataclasses import replace
from typing import Any

import pytest
import typer.main

from cli import app
from incident import readiness
from inventory.errors import ExitCode
from ledger import alerts
from tests.incident import making
from tests.incident.district import District
from tests.incident.judging import POLICY, WELL
from tests.incident.making import NOON
from tests.incident.test_rows import CASES

ROWS = [
    "hardening",
    "backup",
    "three_two_one",
    "offline",
    "integrity",
    "restore",
    "forecast",
    "detection",
    "runbook",
]


class Holdfast:
    """The command, as typed in a district."""

    def __init__(self, district: District, capsys: pytest.CaptureFixture[str]) -> None:
        self.district = district
        self._capsys = capsys
        self.out = self.err = ""

    def __call__(self, *words: str) -> int:
        self._capsys.readouterr()
        code = app.run(["--site", str(self.district.root / "site"), *words])
        self.out, self.err = self._capsys.readouterr()
        return code

    def read(self, *words: str) -> Any:
        """Run a command with --json and return its one document; nothing else may be on stdout."""
        self(*words, "--json")
        return json.loads(self.out)


@pytest.fixture
def on(district: District, capsys: pytest.CaptureFixture[str]) -> Holdfast:
    return Holdfast(district, capsys)


def known(command: str) -> bool:
    """Tell whether the command line has this command with these options."""
    program, *rest = shlex.split(command)
    group: Any = typer.main.get_command(app.app)
    while rest and hasattr(group, "commands") and rest[0] in group.commands:
        group = group.commands[rest.pop(0)]
    options = {"--help"} | {name for parameter in group.params for name in (*parameter.opts, *parameter.secondary_opts)}
    given = {word for word in rest if word.startswith("--")}
    return program == "holdfast" and not hasattr(group, "commands") and given <= options


def test_readiness_has_the_documented_shape_and_nothing_of_a_new_site_is_green(on: Holdfast) -> None:
    assert on("readiness", "--json") == ExitCode.FINDINGS
    found = json.loads(on.out)
    assert list(found) == ["as_of", "province", "systems"]
    assert found["province"] == {"forecast_seconds": None, "target_seconds": 86400.0}
    assert {system["key"] for system in found["systems"]} == {"sso", "edoc"}
    for system in found["systems"]:
        assert list(system) == ["key", "level", "state", "rows"]
        assert (system["level"], system["state"]) == (3, "red")
        assert [row["id"] for row in system["rows"]] == ROWS
        for row in system["rows"]:
            assert list(row) == ["id", "state", "value", "target", "age_seconds", "evidence", "next"]
            assert row["state"] in {"amber", "red", "unknown"}
            assert isinstance(row["value"], str)
            assert isinstance(row["target"], str)
            assert row["age_seconds"] is None
            assert row["evidence"] == []


@pytest.mark.restic
def test_of_a_district_with_copies_every_green_row_has_its_record(
    safe: District, capsys: pytest.CaptureFixture[str]
) -> None:
    found = Holdfast(safe, capsys).read("readiness", "edoc")
    (system,) = found["systems"]
    rows = {row["id"]: row for row in system["rows"]}
    assert rows["backup"]["state"] == "green"
    assert 0 <= rows["backup"]["age_seconds"] < 600
    (seq,) = rows["backup"]["evidence"]
    assert next(safe.ledger.read(after=seq - 1)).kind == "backup.finished"
    assert all(row["evidence"] for row in system["rows"] if row["state"] == "green")
    assert rows["restore"]["state"] == rows["integrity"]["state"] == "unknown"
    assert system["state"] == "red"


@pytest.mark.restic
@pytest.mark.parametrize("ruin", ["", "edoc"])
def test_a_vault_that_is_lost_makes_red_what_rested_on_it(
    safe: District, capsys: pytest.CaptureFixture[str], ruin: str
) -> None:
    shutil.rmtree(safe.vault / ruin)
    (system,) = Holdfast(safe, capsys).read("readiness", "edoc")["systems"]
    rows = {row["id"]: row for row in system["rows"]}
    assert rows["three_two_one"]["state"] == rows["backup"]["state"] == "red"
    assert "vault main" in rows["three_two_one"]["value"]
    assert rows["three_two_one"]["next"] == "holdfast backup vault renew main --reason WHY"
    assert "no copy to come back from" in rows["forecast"]["value"]
    assert "green" not in {row["state"] for row in rows.values()}


def test_text_counts_unknown_rows_as_red_and_says_what_cannot_be_said(on: Holdfast) -> None:
    assert on("readiness") == ExitCode.FINDINGS
    rows = [row for system in on.read("readiness")["systems"] for row in system["rows"]]
    states = [row["state"] for row in rows]
    on("readiness")
    red = states.count("red") + states.count("unknown")
    total = f"0 of 18 rows green, {states.count('amber')} amber, {red} red ({states.count('unknown')} of them unknown)"
    assert total in on.out
    assert "if everything is lost now: cannot be said" in on.out


def test_a_system_nobody_has_is_a_usage_error_with_the_keys(on: Holdfast) -> None:
    assert on("readiness", "nowhere") == ExitCode.USAGE
    assert "sso" in on.err


def test_a_system_of_somebody_else_is_not_judged_and_said_so(on: Holdfast) -> None:
    inventory = on.district.root / "site" / "inventory"
    (inventory / "net.yml").write_text("net: {vars: {system: {name: Network of the province, external: true}}}\n")
    assert on("readiness", "net") == ExitCode.USAGE
    assert "net is not ours to judge" in on.err
    assert {system["key"] for system in on.read("readiness")["systems"]} == {"sso", "edoc"}


def test_today_has_the_documented_shape_worst_first_each_with_a_command_that_exists(on: Holdfast) -> None:
    making.opened(on.district.ledger, "edoc")
    alerts.raise_alerts(on.district.ledger, [making.alert()])
    assert on("today", "--json") == ExitCode.FINDINGS
    found = json.loads(on.out)
    assert {tuple(task) for task in found} == {("state", "system", "what", "command")}
    order = ["red", "unknown", "amber"]
    assert [task["state"] for task in found] == sorted((task["state"] for task in found), key=order.index)
    for task in found:
        assert known(task["command"]), task


@pytest.mark.parametrize("case", CASES)
def test_whatever_a_row_finds_its_next_step_is_a_command_that_exists(case: tuple[Any, ...]) -> None:
    row_id, different = case[:2]
    found = readiness.of_system(replace(WELL, **different), POLICY, NOON)
    (row,) = [row for row in found.rows if row.id == row_id]
    assert known(row.next), row.next


def test_hostile_titles_do_not_reach_the_terminal_as_they_are(on: Holdfast) -> None:
    making.opened(on.district.ledger, "edoc", title="\x1b[2Jgone\x07")
    on("today")
    assert "\x1b" not in on.out
    assert "\\x1b[2Jgone" in on.out


def test_both_only_look(on: Holdfast) -> None:
    on.district.people("viewer")
    assert on("readiness") == ExitCode.FINDINGS
    assert on("today") == ExitCode.FINDINGS
    assert list(on.district.ledger.read()) == []
