"""`holdfast harden`, as a user types it."""

from __future__ import annotations

import json
import os
import pwd
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from cli import app, output
from cli.clock import SystemClock
from playbooks import controls
from tests.playbooks import hosts


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A site with one weak directory host, used by the commands without being named."""
    root = hosts.weak(tmp_path / "doc-1")
    folder = tmp_path / "site"
    (folder / "inventory").mkdir(parents=True)
    (folder / "holdfast.yml").write_text("site: try\nstate: ../state\n")
    write_people(folder, "security")
    write_inventory(folder, f"doc-1: {{ansible_connection: local, holdfast_root: {root}}}")
    monkeypatch.setenv("HOLDFAST_SITE", str(folder))
    return folder


def write_people(folder: Path, role: str) -> None:
    login = pwd.getpwuid(os.getuid()).pw_name
    (folder / "people.yml").write_text(f"people: [{{name: Minh, login: {login}, roles: [{role}]}}]\n")


def write_inventory(folder: Path, host: str) -> None:
    text = f"edoc:\n  hosts:\n    {host}\n  vars:\n    system: {{name: Documents, level: 3}}\n"
    (folder / "inventory" / "edoc.yml").write_text(text)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = app.run(["harden", *arguments])
    said = capsys.readouterr()
    return code, said.out, said.err


def document(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any]:
    code, out, _ = run(capsys, *arguments, "--json")
    return code, json.loads(out)


@pytest.mark.ansible
def test_scan_names_what_fails_and_how_to_mend_it_and_exits_1(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "scan")
    assert code == 1
    first = next(line for line in out.splitlines() if "HF-" in line)
    assert "critical" in first, "the gravest stand first"
    assert "holdfast harden apply" in out
    assert "judged at level 3" in out
    assert " controls pass on 1 of 1 hosts" in out


@pytest.mark.ansible
def test_scan_of_one_control_has_the_fixed_shape_and_is_not_recorded(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, found = document(capsys, "scan", "--control", "HF-SSH-001")
    assert code == 1
    (host,) = found["hosts"]
    assert {key: host[key] for key in ("host", "systems", "error")} == {
        "host": "doc-1",
        "systems": ["edoc"],
        "error": None,
    }
    assert [verdict.keys() for verdict in host["verdicts"]] == [{"control", "verdict", "severity", "found", "expected"}]
    assert not (site.parent / "state" / "ledger.db").exists()


@pytest.mark.ansible
def test_controls_unknown_for_one_reason_stand_on_one_line(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sshd = site.parent / "doc-1/etc/ssh/sshd_config"
    sshd.unlink()
    sshd.mkdir()
    _, out, _ = run(capsys, "scan")
    (line,) = [line for line in out.splitlines() if "sshd_config is not an ordinary file" in line]
    count = int(line.split()[0])
    assert count > 10
    assert line.count("HF-SSH-") == count
    _, found = document(capsys, "scan")
    assert [v["verdict"] for v in found["hosts"][0]["verdicts"]].count("unknown") == count


@pytest.mark.ansible
def test_a_plan_ends_1_while_there_is_something_to_change(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "plan")
    assert code == 1
    assert "would be made; nothing was changed" in out
    run(capsys, "apply", "--yes")
    code, found = document(capsys, "plan")
    assert (code, found["changes"]) == (0, [])


@pytest.mark.ansible
def test_an_unreachable_host_is_named_and_exits_3(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_inventory(site, "far: {ansible_host: 127.0.0.1, ansible_port: 1}")
    code, out, _ = run(capsys, "scan")
    assert code == 3
    assert "error: not reached" in out
    assert "0 of 1 hosts" in out


@pytest.mark.ansible
def test_apply_without_a_terminal_shows_the_plan_and_is_refused_with_4(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = hosts.picture(site.parent / "doc-1")
    code, out, err = run(capsys, "apply")
    assert code == 4
    assert "+PermitRootLogin prohibit-password" in err
    assert "harden apply --yes" in err
    assert out == ""
    assert hosts.picture(site.parent / "doc-1") == before


@pytest.mark.ansible
def test_apply_asks_changes_scans_again_and_records(
    site: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output, "confirm", lambda question: question.startswith("Make "))
    code, out, _ = run(capsys, "apply")
    assert code == 1, "what must be mended by hand is still open"
    assert "passing before" in out
    assert "HF-SSH-001" not in out
    assert " still need a hand; to see them again: holdfast harden scan" in out
    assert app.run(["ledger", "show", "--json"]) == 0
    said = capsys.readouterr().out
    assert "harden.applied" in said
    assert "harden.scanned" in said


def test_apply_is_refused_to_a_login_without_the_role(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_people(site, "viewer")
    code, _, err = run(capsys, "apply", "--yes")
    assert code == 4
    assert "security" in err


def test_an_unknown_system_host_or_control_is_a_usage_error(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for option in ("--system", "--host", "--control"):
        code, _, err = run(capsys, "scan", option, "nothing")
        assert code == 2
        assert "'nothing'" in err
        assert "hint:" in err


def test_controls_are_listed_without_a_site_and_say_where_they_were_proved(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    code, found = document(capsys, "controls", "list")
    assert code == 0
    assert len(found) == len(controls.shipped())
    assert found[0].keys() == {"id", "title", "severity", "levels", "mapping", "proved_on"}
    _, out, _ = run(capsys, "controls", "list")
    assert "untested" in out


def test_one_control_is_shown_with_why_and_how_to_mend_it(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "controls", "show", "HF-SSH-021")
    assert code == 0
    assert "why:" in out
    assert "First see that every administrator logs in with a key" in out
    _, found = document(capsys, "controls", "show", "HF-SSH-001")
    assert found["mend"]["how"] == "holdfast harden apply"


WAIVER = """waivers:
- {control: CONTROL, system: edoc, reason: old scanners, owner: boss, approver: hoa, from: FROM, until: UNTIL}
"""


@pytest.mark.ansible
def test_a_waived_control_is_told_apart_amber_in_readiness_and_fails_again_once_it_ended(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    login = pwd.getpwuid(os.getuid()).pw_name
    people = f"- {{name: Minh, login: {login}, roles: [security]}}\n- {{name: Boss, login: boss}}\n"
    (site / "people.yml").write_text(f"people:\n{people}- {{name: Hoa, login: hoa, roles: [approver]}}\n")
    _, before = document(capsys, "scan")
    failing = [each["control"] for each in before["hosts"][0]["verdicts"] if each["verdict"] == "fail"]
    day = timedelta(days=1)
    today = SystemClock().now().date()

    def accept(since: date, until: date) -> dict[str, Any]:
        text = WAIVER.replace("CONTROL", failing[0]).replace("FROM", str(since)).replace("UNTIL", str(until))
        (site / "waivers.yml").write_text(text)
        _, found = document(capsys, "scan")
        return next(each for each in found["hosts"][0]["verdicts"] if each["control"] == failing[0])

    told = accept(today - day, today + 30 * day)
    assert (told["verdict"], told["raw"]) == ("waived", "fail")
    assert "by hoa for boss: old scanners" in told["waiver"]
    _, out, _ = run(capsys, "scan")
    assert f"{failing[0]} fails and is waived until" in out
    assert ", 1 waived" in out
    assert app.run(["readiness", "edoc", "--json"]) == 1
    rows = json.loads(capsys.readouterr().out)["systems"][0]["rows"]
    (hardening,) = (row for row in rows if row["id"] == "hardening")
    assert f"{len(failing) - 1} fail" in hardening["value"]
    assert accept(today - 30 * day, today - 2 * day)["verdict"] == "fail"
    assert app.run(["inventory", "validate", "--no-ansible"]) == 0
    assert "ended on" in capsys.readouterr().out
    (site / "waivers.yml").write_text((site / "waivers.yml").read_text().replace(failing[0], "HF-SSH-999"))
    assert app.run(["inventory", "validate", "--no-ansible"]) == 2
    assert "waivers.yml:2: waivers.0.control: no control 'HF-SSH-999'" in capsys.readouterr().err
