from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from cli import app
from inventory import ansible_inventory
from inventory.ansible_inventory import Answer
from inventory.errors import ExitCode
from inventory.lines import Problem, SiteError
from tests.cli import district

HURRY = "edoc must be back in 2h, but sso, which it needs, only in 4h"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = district.make(tmp_path / "site")
    monkeypatch.setenv("HOLDFAST_SITE", str(root))
    return root


def answered(capsys: pytest.CaptureFixture[str], *options: str, code: ExitCode = ExitCode.DONE) -> dict[str, Any]:
    assert app.run(["inventory", "validate", "--json", *options]) == code
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


@pytest.mark.ansible
def test_a_good_site_is_counted_and_compared_with_ansible(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["inventory", "validate"]) == ExitCode.DONE
    said = capsys.readouterr().out
    assert f"warning: {HURRY}" in said
    assert f"{site} is valid (systems: 3, hosts: 3, people: 0); Ansible reads it the same way" in said
    answer = answered(capsys)
    assert (answer["valid"], answer["problems"], answer["ansible"], answer["differences"]) == (True, [], "agrees", [])
    assert (answer["systems"], answer["hosts"], answer["people"]) == (3, 3, 0)
    assert {"code": "target_too_short", "file": str(site / "inventory/edoc.yml"), "line": 5, "text": HURRY} in [
        {name: value for name, value in warning.items() if name != "key"} for warning in answer["warnings"]
    ]


def test_without_ansible_it_says_that_nothing_was_compared(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["inventory", "validate", "--no-ansible"]) == ExitCode.DONE
    assert "people: 0); not compared with Ansible" in capsys.readouterr().out
    answer = answered(capsys, "--no-ansible")
    assert (answer["valid"], answer["ansible"]) == (True, "unchecked")


def test_ansible_that_cannot_be_run_is_never_a_valid_site(
    site: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "executable", str(site / "bin/python"))
    assert app.run(["inventory", "validate"]) == ExitCode.UNFINISHED
    said = capsys.readouterr()
    assert "is valid" not in said.out
    assert "error: the site was not compared with Ansible: " in said.err
    assert "--no-ansible" in said.err
    answer = answered(capsys, code=ExitCode.UNFINISHED)
    assert (answer["valid"], answer["ansible"]) == (False, "unchecked")
    assert "ansible-inventory is missing" in answer["why"]


def test_a_site_that_ansible_reads_otherwise_is_invalid_and_each_difference_is_named(
    site: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    groups = {name: ((f"{name}-1",), ()) for name in ("edoc", "lgsp")} | {"sso": ((), ())}
    local = {"ansible_connection": "local"}
    said = Answer(groups, {"edoc-1": local, "lgsp-1": local | {"ansible_port": 23}})
    monkeypatch.setattr(ansible_inventory, "ask", lambda *_: said)
    assert app.run(["inventory", "validate"]) == ExitCode.USAGE
    err = capsys.readouterr().err
    assert "Ansible reads the inventories otherwise" in err
    assert "hosts of group sso: we read also sso-1, Ansible no others" in err
    answer = answered(capsys, code=ExitCode.USAGE)
    assert (answer["valid"], answer["ansible"]) == (False, "differs")
    assert {"what": "ansible_port of host lgsp-1", "ours": "22", "ansible": "23"} in answer["differences"]


def test_a_file_that_only_we_can_read_is_a_difference(
    site: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = site / "inventory" / "sso.yml"

    def refuse(*_: object) -> Answer:
        raise SiteError([Problem(file, 1, "", "Ansible cannot read it: no reason given")])

    monkeypatch.setattr(ansible_inventory, "ask", refuse)
    answer = answered(capsys, code=ExitCode.USAGE)
    assert answer["ansible"] == "differs"
    assert answer["differences"] == [
        {"what": str(file), "ours": "an inventory", "ansible": "Ansible cannot read it: no reason given"}
    ]


@pytest.mark.ansible
def test_inventories_that_are_adopted_are_read_before_the_own_one(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (site / "holdfast.yml").write_text("site: district\ninventories: [../old/hosts.ini]\n")
    (site / "../old/group_vars").mkdir(parents=True)
    (site / "../old/hosts.ini").write_text("[land]\nland-1 ansible_host=10.0.0.1\n[sso]\nsso-1 ansible_port=2222\n")
    (site / "../old/group_vars/land.yml").write_text("ansible_user: op\nsystem:\n  name: Land\n")
    answer = answered(capsys)
    assert (answer["valid"], answer["ansible"], answer["systems"]) == (True, "agrees", 4)
    assert app.run(["inventory", "show", "land", "--json"]) == ExitCode.DONE
    assert json.loads(capsys.readouterr().out)["hosts"] == ["land-1"]


def test_validate_tells_every_fault_and_exits_2(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (site / "holdfast.yml").write_text("site: district\ncolour: red\n")
    (site / "inventory" / "sso.yml").write_text("sso:\n  vars:\n    system: {name: X, level: 9}\n")
    assert app.run(["inventory", "validate"]) == ExitCode.USAGE
    said = capsys.readouterr().err
    assert "error: 2 problems in the site:" in said
    assert "holdfast.yml:2: colour: unknown key" in said
    assert "sso.yml:3: sso.vars.system.level: must be less than or equal to 5" in said
    assert "hint: mend the lines named" in said
    answer = answered(capsys, code=ExitCode.USAGE)
    assert (answer["valid"], answer["ansible"]) == (False, "unchecked")
    assert [(problem["line"], problem["key"]) for problem in answer["problems"]] == [
        (2, "colour"),
        (3, "sso.vars.system.level"),
    ]


def test_runbooks_and_waived_controls_are_told_in_the_same_round_as_all_else(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edoc = site / "inventory" / "edoc.yml"
    edoc.write_text(edoc.read_text().replace("level: 3", "level: 9, runbook: ghost"))
    (site / "runbooks").mkdir()
    (site / "runbooks" / "broken.yml").write_text("steps: {")
    sso = site / "inventory" / "sso.yml"
    sso.write_text(sso.read_text().replace("level: 3", "level: 3, runbook: broken"))
    (site / "waivers.yml").write_text(
        "waivers: [{control: HF-NO-999, system: edoc, reason: r, owner: q, approver: q, from: 2026-01-01,"
        " until: 2026-02-01}]\n"
    )
    found = answered(capsys, "--no-ansible", code=ExitCode.USAGE)
    told = {(Path(each["file"]).name, each["key"].rpartition("system.")[2]) for each in found["problems"]}
    assert told >= {
        ("edoc.yml", "level"),
        ("edoc.yml", "runbook"),
        ("broken.yml", ""),
        ("waivers.yml", "waivers.0.control"),
        ("waivers.yml", "waivers.0.approver"),
    }
    assert ("sso.yml", "runbook") not in told  # it is there, with faults of its own
