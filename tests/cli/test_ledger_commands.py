from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from cli import app, ledger_commands
from inventory.errors import ExitCode
from ledger.ledger import LEDGER_FILE, Ledger
from tests.fakes.clock import FakeClock
from tests.test_layout import PACKAGES, ROOT


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The state of a new site that holds three records."""
    app.run(["init", str(tmp_path / "site")])
    monkeypatch.setenv("HOLDFAST_SITE", str(tmp_path / "site"))
    monkeypatch.setenv("HOLDFAST_STATE", str(tmp_path / "state"))
    ledger = Ledger.open(tmp_path / "state", FakeClock(), "minh")
    for number, system in enumerate(["sso", "edoc", None]):
        ledger.append("backup.finished" if system else "test", {"n": number}, system=system)
    ledger.close()
    return tmp_path / "state"


@pytest.fixture
def medium(state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A checkpoint of the four records there are then, outside."""
    file = tmp_path / "medium" / "checkpoint.json"
    file.parent.mkdir()
    assert app.run(["ledger", "checkpoint", "--to", str(file)]) == ExitCode.DONE
    capsys.readouterr()
    return file


def test_show_lists_the_newest_records(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert app.run(["ledger", "show", "--last", "2", "--json"]) == ExitCode.DONE
    assert [record["seq"] for record in json.loads(capsys.readouterr().out)] == [2, 3]
    assert app.run(["ledger", "show", "--kind", "backup.finished", "--system", "sso"]) == ExitCode.DONE
    shown = capsys.readouterr().out
    assert "2026-11-23 03:10:00Z" in shown
    assert "n=0" in shown
    assert "n=1" not in shown


def test_show_of_all_is_all(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ledger = Ledger.open(state, FakeClock(), "minh")
    for number in range(40):
        ledger.append("test", {"n": number})
    capsys.readouterr()
    app.run(["ledger", "show", "--last", "0", "--json"])
    assert len(json.loads(capsys.readouterr().out)) == 43


def test_without_a_checkpoint_a_whole_ledger_is_unanchored_and_exits_1(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert app.run(["ledger", "verify"]) == ExitCode.FINDINGS
    said = capsys.readouterr().out
    assert "3 records, whole, unanchored" in said
    assert "verified" not in said


def test_against_a_checkpoint_it_is_verified_and_newer_records_are_counted(
    medium: Path, state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["ledger", "verify", "--against", str(medium), "--key", str(medium.with_suffix(".pub"))]
    assert app.run(given) == ExitCode.DONE
    assert "4 records, whole, verified up to record 4\n" in capsys.readouterr().out
    Ledger.open(state, FakeClock(), "minh").append("test", {})
    assert app.run(given) == ExitCode.DONE
    assert "5 records, whole, verified up to record 4; 1 newer records are unanchored" in capsys.readouterr().out
    assert app.run([*given, "--json"]) == ExitCode.DONE
    answer = json.loads(capsys.readouterr().out)
    assert (answer["records"], answer["anchored"], answer["verified"]) == (5, 4, False)
    assert set(answer) == {"records", "head", "whole", "anchored", "verified", "faults", "erased", "key"}


def test_a_key_from_beside_the_ledger_is_named_with_its_fingerprint(
    medium: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert app.run(["ledger", "verify", "--against", str(medium)]) == ExitCode.DONE
    said = capsys.readouterr().out
    assert "checkpoint key SHA256:" in said
    assert "kept beside the ledger: compare it with your paper" in said


def test_a_changed_record_is_broken_and_exits_1(medium: Path, state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with closing(sqlite3.connect(state / LEDGER_FILE)) as database:
        database.execute("update records set payload = replace(payload, 'minh', 'hung') where seq = 2")
        database.commit()
    assert app.run(["ledger", "verify", "--against", str(medium)]) == ExitCode.FINDINGS
    said = capsys.readouterr().out
    assert "BROKEN: record 2 was changed" in said
    assert "verified" not in said
    assert app.run(["ledger", "verify", "--json"]) == ExitCode.FINDINGS
    assert json.loads(capsys.readouterr().out)["whole"] is False


def test_a_cut_tail_is_broken(medium: Path, state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with closing(sqlite3.connect(state / LEDGER_FILE)) as database:
        database.execute("delete from records where seq > 2")
        database.commit()
    assert app.run(["ledger", "verify", "--against", str(medium)]) == ExitCode.FINDINGS
    assert "BROKEN: the checkpoint names record 4, which is missing" in capsys.readouterr().out


def test_a_tampered_checkpoint_is_refused(medium: Path, capsys: pytest.CaptureFixture[str]) -> None:
    medium.write_text(medium.read_text().replace('"seq": 4', '"seq": 3'))
    assert app.run(["ledger", "verify", "--against", str(medium)]) == ExitCode.REFUSED
    assert "was changed after it was signed" in capsys.readouterr().err


def test_a_missing_checkpoint_is_told(state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    app.run(["ledger", "checkpoint", "--public"])
    assert app.run(["ledger", "verify", "--against", str(tmp_path / "gone")]) == ExitCode.UNFINISHED
    assert "gone cannot be read" in capsys.readouterr().err


def test_a_checkpoint_does_not_take_the_name_of_its_public_key(
    state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert app.run(["ledger", "checkpoint", "--to", str(tmp_path / "one.pub")]) == ExitCode.USAGE
    assert "where the public key would lie" in capsys.readouterr().err
    assert not (tmp_path / "one.pub").exists()


def test_a_checkpoint_can_be_printed_for_paper_and_so_can_its_key(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert app.run(["ledger", "checkpoint"]) == ExitCode.DONE
    printed = json.loads(capsys.readouterr().out)
    assert printed["site"].startswith("site-")
    assert printed["seq"] == 4
    assert app.run(["ledger", "checkpoint", "--public"]) == ExitCode.DONE
    assert capsys.readouterr().out.startswith("ssh-ed25519 ")


def test_who_is_not_in_the_site_may_not_make_a_checkpoint_but_may_verify(
    medium: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "site" / "people.yml").write_text("people: []\n")
    assert app.run(["ledger", "checkpoint", "--to", str(tmp_path / "x")]) == ExitCode.REFUSED
    assert "is not in people.yml" in capsys.readouterr().err
    assert not (tmp_path / "x").exists()
    assert app.run(["ledger", "verify", "--against", str(medium)]) == ExitCode.DONE


def test_every_view_that_is_kept_anywhere_is_compared_by_verify() -> None:
    pattern = re.compile(r"^\w+ = Projection\(\"([^\"]+)\"", re.MULTILINE)
    sources = (path.read_text() for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
    defined = {name for text in sources for name in pattern.findall(text)}
    assert len(defined) >= 5
    assert {view.name for view in ledger_commands._views()} == defined


def test_a_poisoned_view_is_broken_and_then_built_anew(
    medium: Path, state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert app.run(["incident", "list"]) == ExitCode.DONE
    with closing(sqlite3.connect(state / LEDGER_FILE)) as database:
        database.execute("insert into projection_heads values ('incidents', 3, 9) on conflict do update set up_to = 9")
        database.commit()
    capsys.readouterr()
    assert app.run(["ledger", "verify", "--against", str(medium)]) == ExitCode.FINDINGS
    assert "BROKEN: the kept view 'incidents' did not follow from the records" in capsys.readouterr().out
    assert app.run(["ledger", "verify", "--against", str(medium)]) == ExitCode.DONE


def test_show_takes_the_beginning_of_a_kind_and_a_span_of_time(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clock = FakeClock()
    clock.advance(hours=20)
    ledger = Ledger.open(state, clock, "minh")
    ledger.append("backup.copied", {"n": 9})
    ledger.append("backups", {"n": 10})

    def numbers(*given: str) -> list[int]:
        capsys.readouterr()
        assert app.run(["ledger", "show", "--json", *given]) == ExitCode.DONE
        return [record["body"]["n"] for record in json.loads(capsys.readouterr().out)]

    assert numbers("--kind", "backup.") == [0, 1, 9]
    assert numbers("--kind", "backup.", "--kind", "test") == [0, 1, 2, 9]
    assert numbers("--since", "2026-11-23T20:00:00+00:00") == [9, 10]
    assert numbers("--until", "2026-11-23T20:00Z") == [0, 1, 2]
    assert numbers("--since", "2026-11-23T03:10Z", "--last", "2") == [9, 10]
    assert app.run(["ledger", "show", "--since", "yesterday"]) == ExitCode.USAGE
