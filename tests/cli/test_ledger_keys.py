from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli import app
from inventory.errors import ExitCode

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    app.run(["init", str(tmp_path / "site")])
    monkeypatch.setenv("HOLDFAST_SITE", str(tmp_path / "site"))
    monkeypatch.setenv("HOLDFAST_STATE", str(tmp_path / "state"))
    people = tmp_path / "site" / "people.yml"
    people.write_text(people.read_text().replace("roles: [", "roles: [security, "))
    return tmp_path / "state"


def test_a_rotated_key_is_shown_with_the_ones_before_it_and_followed(
    state: Path, tmp_path: Path, capsys: Capture
) -> None:
    assert app.run(["ledger", "checkpoint", "--to", str(tmp_path / "old.json")]) == ExitCode.DONE
    capsys.readouterr()
    assert app.run(["ledger", "key", "show", "--json"]) == ExitCode.DONE
    before = json.loads(capsys.readouterr().out)
    assert app.run(["ledger", "key", "rotate", "--reason", "yearly", "--yes"]) == ExitCode.DONE
    assert "the signing key is now SHA256:" in capsys.readouterr().out
    assert app.run(["ledger", "key", "show", "--json"]) == ExitCode.DONE
    after = json.loads(capsys.readouterr().out)
    assert after["fingerprint"] != before["fingerprint"]
    assert after["changes"] == [{"record": 2, "old": before["fingerprint"], "vouched": True}]
    assert app.run(["ledger", "checkpoint", "--to", str(tmp_path / "new.json")]) == ExitCode.DONE
    given = ["--against", str(tmp_path / "new.json"), "--key", str(tmp_path / "old.pub")]
    assert app.run(["ledger", "verify", *given]) == ExitCode.DONE
    assert app.run(["ledger", "key", "show"]) == ExitCode.DONE
    assert "rotated: before it SHA256:" in capsys.readouterr().out


def test_without_a_yes_the_key_stays(state: Path, capsys: Capture) -> None:
    assert app.run(["ledger", "key", "rotate", "--reason", "yearly"]) == ExitCode.REFUSED
    assert "nobody said yes" in capsys.readouterr().err


def test_a_lost_key_is_replaced_loudly(state: Path, capsys: Capture) -> None:
    assert app.run(["ledger", "key", "rotate", "--lost", "--reason", "stolen", "--yes"]) == ExitCode.DONE
    assert "NOTHING vouches for it" in capsys.readouterr().err
    assert app.run(["ledger", "key", "show"]) == ExitCode.DONE
    assert "REPLACED WITHOUT THE OLD KEY: before it no key" in capsys.readouterr().out


def test_who_does_not_hold_the_role_cannot_rotate(state: Path, tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "site" / "people.yml").write_text("people: []\n")
    assert app.run(["ledger", "key", "rotate", "--reason", "x", "--yes"]) == ExitCode.REFUSED
