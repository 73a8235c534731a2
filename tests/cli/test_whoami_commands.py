from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli import app
from inventory import people
from inventory.errors import ExitCode
from tests.inventory import signing

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def staff(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    site = tmp_path / "site"
    (site / "inventory").mkdir(parents=True)
    (site / "holdfast.yml").write_text("site: haichau\n")
    monkeypatch.setenv("HOLDFAST_SITE", str(site))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    return site / "people.yml"


def test_a_person_is_told_their_roles_keys_and_commands(staff: Path, tmp_path: Path, capsys: Capture) -> None:
    key = signing.key(tmp_path / ".ssh", "id_ed25519")
    me = f"{{name: Hoa, login: {people.current_login()}, roles: [responder], until: 2999-12-31"
    staff.write_text(f"people: [{me}, key: {signing.public(key)}}}]")
    assert app.run(["whoami", "--json"]) == ExitCode.DONE
    found = json.loads(capsys.readouterr().out)
    assert (found["person"], found["roles"], found["until"]) == ("Hoa", ["responder"], "2999-12-31")
    assert found["can_sign_with"] == [str(key)]
    assert "recover run" in found["commands"]
    assert "backup copy" not in found["commands"]
    assert app.run(["whoami"]) == ExitCode.DONE
    said = capsys.readouterr().out
    assert found["keys"][0] in said
    assert "  recover resume, run" in said


def test_an_unknown_login_is_told_how_to_be_added_and_it_is_no_error(staff: Path, capsys: Capture) -> None:
    assert app.run(["whoami"]) == ExitCode.DONE
    said = capsys.readouterr().out
    assert "is not in people.yml: you may read everything" in said
    assert f"login: {people.current_login()}" in said
    assert app.run(["whoami", "--json"]) == ExitCode.DONE
    assert json.loads(capsys.readouterr().out)["commands"] == []


def test_somebody_whose_time_is_over_may_do_nothing_and_is_told_why(staff: Path, capsys: Capture) -> None:
    me = f"{{name: Hoa, login: {people.current_login()}, roles: [responder], until: 2020-12-31}}"
    staff.write_text(f"people: [{me}]")
    assert app.run(["whoami"]) == ExitCode.DONE
    said = capsys.readouterr().out
    assert "roles: none: Hoa acted until 2020-12-31" in said
    assert "  nothing" in said
    assert app.run(["backup", "run", "--all"]) == ExitCode.REFUSED
