"""The whole demo, for real, in every way it can be run and interrupted."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from cli.demo import checks
from ledger.chain import Verdict
from tests.cli.demo import running

pytestmark = [pytest.mark.demo, pytest.mark.restic, pytest.mark.ansible, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A demo run to its end, and the JSON it printed."""
    home = tmp_path_factory.mktemp("attacked") / "demo"
    ended = running.run_demo(home, "--json")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return home, json.loads(ended.stdout)


def test_every_attacked_system_comes_back_within_its_target_with_its_data_proved(
    attacked: tuple[Path, dict[str, Any]],
) -> None:
    home, found = attacked
    assert found["ok"] is True
    assert found["directory"] == str(home)
    assert {system["key"] for system in found["systems"]} == {"sso", "edoc", "lgsp"}
    for system in found["systems"]:
        assert system["verified"] is True
        assert 0 < system["recovered_seconds"] <= system["target_seconds"]
        assert 0 <= system["data_loss_seconds"] < 600
        assert system["bytes"] > 10_000


def test_the_ledger_tells_it_all_and_is_verified_against_the_checkpoint_outside(
    attacked: tuple[Path, dict[str, Any]],
) -> None:
    _, found = attacked
    assert found["ledger"]["verified"] is True
    assert found["ledger"]["records"] > 50
    assert found["incident"].startswith("inc-")


def test_the_json_has_exactly_the_documented_keys(attacked: tuple[Path, dict[str, Any]]) -> None:
    _, found = attacked
    assert list(found) == ["ok", "directory", "systems", "incident", "ledger"]
    assert list(found["ledger"]) == ["records", "verified"]
    keys = ["key", "target_seconds", "recovered_seconds", "data_loss_seconds", "bytes", "verified"]
    assert all(list(system) == keys for system in found["systems"])


def test_the_four_checks_of_others_agree(
    attacked: tuple[Path, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    home, _ = attacked
    monkeypatch.setenv("HOLDFAST_RESTIC", running.environment()["HOLDFAST_RESTIC"])
    wanted = ("no errors were found", "hosts (3)", "", "verified up to record")
    for command, words in zip(checks.commands(home, attacked=True), wanted, strict=True):
        ended = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=120, check=False)
        assert ended.returncode == 0, f"{command}\n{ended.stdout}{ended.stderr}"
        assert words in ended.stdout, ended.stdout
    assert len((home / checks.SUMS).read_text().splitlines()) == 400


def test_everything_lies_in_its_directory_and_nothing_runs_on(attacked: tuple[Path, dict[str, Any]]) -> None:
    home, _ = attacked
    assert (home / "report.html").stat().st_size > 5_000
    assert len(list((home / "log").glob("*.txt"))) > 20
    assert running.left_running(home) == []


def test_no_repository_password_is_in_any_log_or_report(attacked: tuple[Path, dict[str, Any]]) -> None:
    home, _ = attacked
    secrets = [file.read_bytes().strip() for file in (home / "state" / "keys").glob("*/*/*") if file.is_file()]
    assert len(secrets) == 6
    shown = [
        file for folder in ("log", "site", "paper", "run") for file in (home / folder).rglob("*") if file.is_file()
    ]
    for file in [*shown, home / "report.html", home / "state" / "ledger.db"]:
        content = file.read_bytes()
        assert not any(secret in content for secret in secrets), file


def test_a_second_run_in_the_same_directory_works_and_without_the_attack_no_alert_is_raised(
    attacked: tuple[Path, dict[str, Any]],
) -> None:
    home, _ = attacked
    ended = running.run_demo(home, "--no-attack", "--json")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    found = json.loads(ended.stdout)
    assert (found["ok"], found["incident"]) == (True, None)
    assert all(system["recovered_seconds"] is None for system in found["systems"])
    logs = "".join(file.read_text() for file in sorted((home / "log").glob("*detect*.txt")))
    assert "0 new alerts" in logs


def test_a_spoiled_copy_is_red_exits_1_and_never_claims_that_the_system_came_back(tmp_path: Path) -> None:
    home = tmp_path / "demo"
    ended = running.run_demo(home, "--spoil", "copy")
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert f"NOT OK: {home} (edoc not proved to be back in time)" in ended.stdout
    assert "recovered" not in ended.stdout.lower()
    [row] = [line for line in ended.stdout.splitlines() if line.startswith("edoc ") and "200 GB" in line]
    assert "not back" in row
    assert "NOT PROVED" in row
    [row] = [line for line in ended.stdout.splitlines() if line.startswith("sso ") and "20 GB" in line]
    assert "equal to manifest" in row
    page = (home / "report.html").read_text()
    assert "1 of 3 affected systems are NOT proved to be back" in page
    assert "came back within their targets" not in page


def test_with_step_it_waits_for_enter_before_every_step(tmp_path: Path) -> None:
    home = tmp_path / "demo"
    keyboard, terminal = pty.openpty()
    argv = [sys.executable, "-m", "cli.app", "demo", "--dir", str(home), "--step", "--no-attack"]
    with (tmp_path / "output.txt").open("wb") as output:
        process = subprocess.Popen(
            argv, env=running.environment(), stdin=terminal, stdout=output, stderr=output, start_new_session=True
        )
    os.close(terminal)
    try:
        for number in (1, 2, 3, 4, 5, 7):
            running.wait_for(f"[Enter] for step {number}:", home, process)
            time.sleep(0.2)
            assert f"── {number}/7" not in running.said(home)
            os.write(keyboard, b"\n")
        assert process.wait(120) == 0, running.said(home)
    finally:
        process.kill()
        process.wait()
        os.close(keyboard)


@pytest.mark.parametrize("moment", ["── 1/7", "holdfast harden scan", "the attacker at work"])
def test_killed_outright_it_leaves_nothing_running(tmp_path: Path, moment: str) -> None:
    home = tmp_path / "demo"
    with running.begun(home) as process:
        running.wait_for(moment, home, process)
        time.sleep(0.3)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert running.gone_within(home, 15), running.left_running(home)


def test_what_survives_a_kill_all_the_same_is_ended_by_the_next_start(tmp_path: Path) -> None:
    home = tmp_path / "demo"
    marked = {**os.environ, "HOLDFAST_DEMO_RUN": str(home)}
    survivor = subprocess.Popen(["sleep", "300"], env=marked)
    try:
        with running.begun(home) as process:
            running.wait_for("── 1/7", home, process)
            assert "ended 1 processes an interrupted demo had left" in running.said(home)
            assert survivor.wait(5) == -signal.SIGKILL
    finally:
        survivor.kill()
        survivor.wait()
    assert running.gone_within(home, 15)


@pytest.mark.parametrize("moment", ["holdfast harden plan", "holdfast backup copy"])
def test_ctrl_c_ends_it_with_130_and_leaves_nothing_running(tmp_path: Path, moment: str) -> None:
    home = tmp_path / "demo"
    with running.begun(home) as process:
        running.wait_for(moment, home, process)
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(60) == 130, running.said(home)
    assert running.gone_within(home, 5), running.left_running(home)
    assert "Traceback" not in running.said(home)


def test_a_ledger_without_a_checkpoint_outside_is_not_called_verified() -> None:
    assert Verdict(records=3, head="ab", faults=(), anchored=0).verified is False
