from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from cli import app
from inventory.errors import ExitCode
from tests.backup.damage import spoil_data
from tests.backup.world import FILES, LABEL, SYSTEM, World


class Holdfast:
    """The command, as typed in a site."""

    def __init__(self, world: World, capsys: pytest.CaptureFixture[str]) -> None:
        self.world = world
        self._capsys = capsys
        self.out = self.err = ""

    def __call__(self, *words: str) -> int:
        self._capsys.readouterr()
        code = app.run(["--site", str(self.world.root / "site"), *words])
        self.out, self.err = self._capsys.readouterr()
        return code


@pytest.fixture
def on_new(world: World, capsys: pytest.CaptureFixture[str]) -> Holdfast:
    return Holdfast(world, capsys)


@pytest.fixture
def on_copied(copied: World, capsys: pytest.CaptureFixture[str]) -> Holdfast:
    return Holdfast(copied, capsys)


@pytest.mark.restic
def test_one_system_prints_the_documented_object_and_only_that(on_copied: Holdfast) -> None:
    assert on_copied("backup", "run", SYSTEM, "--json") == ExitCode.DONE
    shape = json.loads(on_copied.out)
    assert list(shape) == ["system", "status", "snapshots", "files", "bytes", "seconds", "problems"]
    assert (shape["status"], shape["files"], len(shape["snapshots"])) == ("complete", FILES + 1, 1)


@pytest.mark.restic
def test_a_lost_ledger_is_not_begun_anew_by_the_next_backup(on_copied: Holdfast) -> None:
    for file in on_copied.world.state.glob("ledger.db*"):
        file.unlink()
    for words in (("backup", "run", SYSTEM), ("readiness",), ("today",), ("ledger", "show")):
        assert on_copied(*words) == ExitCode.REFUSED, words
        assert "the site's ledger is lost" in on_copied.err


@pytest.mark.restic
def test_several_systems_print_runs(on_copied: Holdfast) -> None:
    assert on_copied("backup", "run", "--all", "--json") == ExitCode.DONE
    assert [run["system"] for run in json.loads(on_copied.out)["runs"]] == [SYSTEM]


@pytest.mark.restic
def test_nothing_due_is_no_fault(on_copied: Holdfast) -> None:
    assert on_copied("backup", "run", "--due") == ExitCode.DONE
    assert "nothing is due" in on_copied.out


@pytest.mark.restic
def test_a_missing_source_fails_with_3_and_says_where_to_look(on_copied: Holdfast) -> None:
    on_copied.world.data.rename(on_copied.world.data.with_name("moved"))
    assert on_copied("backup", "run", SYSTEM) == ExitCode.UNFINISHED
    assert "documents-1:/srv/edoc" in on_copied.err
    assert "hint:" in on_copied.err


def test_no_system_is_a_usage_error(on_new: Holdfast) -> None:
    assert on_new("backup", "run") == ExitCode.USAGE
    assert "--due" in on_new.err
    assert on_new("backup", "run", "nowhere") == ExitCode.USAGE


def test_a_login_without_the_role_is_refused_with_4(on_new: Holdfast) -> None:
    people = on_new.world.root / "site" / "people.yml"
    people.write_text(people.read_text().replace("[operator, responder]", "[viewer]"))
    for words in (("run", SYSTEM), ("copy",), ("check",), ("media", "prepare", LABEL)):
        assert on_new("backup", *words) == ExitCode.REFUSED
    assert list(on_new.world.vault.iterdir()) == []


def test_a_missing_restic_is_named_with_2(on_new: Holdfast, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOLDFAST_RESTIC", str(tmp_path / "none"))
    assert on_new("backup", "run", SYSTEM) == ExitCode.USAGE
    assert "restic is missing" in on_new.err


def test_status_without_any_copy_is_a_finding_with_reasons(on_new: Holdfast) -> None:
    assert on_new("backup", "status", "--json") == ExitCode.FINDINGS
    row = json.loads(on_new.out)["systems"][0]
    assert (row["key"], row["newest"], row["within_rpo"]) == (SYSTEM, None, False)
    assert row["three_two_one"]["copies"]["reason"]
    assert on_new("backup", "status") == ExitCode.FINDINGS
    assert "none" in on_new.out
    assert on_new.out.count("no copy in main yet") == 1, "each reason is said once"


@pytest.mark.restic
def test_status_shows_the_media_too(on_copied: Holdfast) -> None:
    on_copied("backup", "status")
    head, row = on_copied.out.splitlines()[-2:]
    assert head.split() == ["medium", "state", "since", "proved", "offline", "sealed"]
    assert row.split()[:2] == [LABEL, "attached"]
    assert row.split()[-2:] == ["NO", "never"]


@pytest.mark.restic
def test_the_whole_way_to_a_proved_offline_copy_and_back(on_copied: Holdfast, tmp_path: Path) -> None:
    assert on_copied("backup", "copy") == ExitCode.DONE
    assert on_copied("backup", "check", LABEL, "--read-data") == ExitCode.DONE
    for act in ("seal", "detach", "probe"):
        assert on_copied("backup", "media", act, LABEL) == ExitCode.DONE, on_copied.err
    assert on_copied("backup", "status") == ExitCode.DONE, on_copied.out
    shutil.rmtree(on_copied.world.vault)
    to = ("--from", LABEL, "--to", str(tmp_path / "out"))
    assert on_copied("backup", "restore", SYSTEM, *to) == ExitCode.UNFINISHED
    assert f"holdfast backup media attach {LABEL}" in on_copied.err
    assert on_copied("backup", "media", "attach", LABEL) == ExitCode.DONE
    assert on_copied("backup", "restore", SYSTEM, *to, "--json") == ExitCode.DONE
    report = json.loads(on_copied.out)
    assert (report["verified"], report["files"], report["problems"]) == (True, FILES + 1, [])


@pytest.mark.restic
def test_a_damaged_copy_is_a_finding_in_check_and_in_restore(on_copied: Holdfast, tmp_path: Path) -> None:
    depot = on_copied.world.depot
    spoil_data(depot.restic.program.path, depot.open(depot.medium(LABEL), SYSTEM))
    assert on_copied("backup", "check", LABEL, "--read-data", "--json") == ExitCode.FINDINGS
    assert json.loads(on_copied.out)["checks"][0]["whole"] is False
    assert on_copied("backup", "check", LABEL, "--read-data") == ExitCode.FINDINGS
    assert "1 pack damaged" in on_copied.out
    assert "http" not in on_copied.out
    assert f"holdfast recover candidates {SYSTEM}" in on_copied.err
    assert on_copied("backup", "restore", SYSTEM, "--from", LABEL, "--to", str(tmp_path)) == ExitCode.FINDINGS
    assert "NOT verified" in on_copied.out
    assert "" not in on_copied.err.splitlines()


def test_an_empty_snapshot_or_store_is_a_usage_error(on_new: Holdfast, tmp_path: Path) -> None:
    for option in ("--snapshot", "--from"):
        assert on_new("backup", "restore", SYSTEM, "--to", str(tmp_path / "out"), option, "") == ExitCode.USAGE
        assert option in on_new.err
    assert not (tmp_path / "out").exists()


@pytest.mark.restic
def test_a_lost_vault_ends_with_3_and_is_not_made_anew(on_copied: Holdfast) -> None:
    shutil.rmtree(on_copied.world.vault)
    on_copied.world.vault.mkdir()
    assert on_copied("backup", "run", SYSTEM) == ExitCode.UNFINISHED
    assert "is gone" in on_copied.err
    assert list(on_copied.world.vault.iterdir()) == []
