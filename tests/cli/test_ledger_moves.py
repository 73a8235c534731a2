from __future__ import annotations

import getpass
import json
from pathlib import Path

import pytest

from cli import app
from inventory import approval
from inventory.errors import ExitCode
from ledger.ledger import Ledger
from ledger.objects import Objects
from tests.fakes.clock import FakeClock
from tests.inventory import signing
from tests.ledger.postgres import Server

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A ledger with an object in it; the operator runs the commands, Hoa may approve."""
    site, keys = tmp_path / "site", tmp_path / "keys"
    (site / "inventory").mkdir(parents=True)
    (site / "holdfast.yml").write_text("site: haichau\n")
    hoa, mine = (signing.public(signing.key(keys, name)) for name in ("hoa", "mine"))
    me = getpass.getuser()
    people = f"- {{name: Hoa, login: hoa, roles: [approver], key: {hoa}}}\n"
    people += f"- {{name: Me, login: {me}, roles: [operator, approver], key: {mine}}}\n"
    (site / "people.yml").write_text(f"people:\n{people}")
    monkeypatch.setenv("HOLDFAST_SITE", str(site))
    monkeypatch.setenv("HOLDFAST_STATE", str(tmp_path / "state"))
    ledger = Ledger.open(tmp_path / "state", FakeClock(), "minh")
    ledger.append("scan.finished", {"object": Objects(tmp_path / "state").put(b"a citizen's data")})
    ledger.close()
    return tmp_path / "state"


@pytest.fixture
def name(state: Path) -> str:
    return next(Objects(state).names())


def request(state: Path) -> Path:
    (found,) = (state / "approvals").glob("*.approval")
    return found


def test_an_object_is_erased_with_the_signed_approval_of_somebody_else(
    state: Path, name: str, tmp_path: Path, capsys: Capture
) -> None:
    command = ["ledger", "erase", name, "--reason", "request 17", "--yes"]
    assert app.run(command) == ExitCode.REFUSED
    said = capsys.readouterr().err
    assert "record 1 (scan.finished) refers to it" in said
    assert f"the text to sign is {request(state)}" in said
    asked = approval.read_file(request(state))
    assert asked.action == f"ledger erase {name}"
    assert "request 17" in asked.what
    signature = signing.sign(tmp_path / "keys" / "hoa", asked)
    assert app.run([*command, "--approval", str(signature)]) == ExitCode.DONE
    assert not Objects(state).path(name).exists()
    capsys.readouterr()
    assert app.run(["ledger", "show", "--kind", "object.erased", "--json"]) == ExitCode.DONE
    (record,) = json.loads(capsys.readouterr().out)
    assert record["body"]["approval"]["person"] == "Hoa"
    assert record["body"]["approval"]["signed"] is True
    assert app.run(["ledger", "verify"]) == ExitCode.FINDINGS
    said = capsys.readouterr().out
    assert f"object {name[:16]} was erased by law" in said
    assert "BROKEN" not in said
    assert app.run([*command, "--approval", str(signature)]) == ExitCode.REFUSED
    assert "was erased before" in capsys.readouterr().err


def test_ones_own_approval_another_reasons_and_no_yes_erase_nothing(
    state: Path, name: str, tmp_path: Path, capsys: Capture
) -> None:
    command = ["ledger", "erase", name, "--reason", "request 17"]
    app.run(command)
    asked = approval.read_file(request(state))
    mine, hoas = (str(signing.sign(tmp_path / "keys" / who, asked)) for who in ("mine", "hoa"))
    assert app.run([*command, "--yes", "--approval", mine]) == ExitCode.REFUSED
    assert "cannot be the one who approves it" in capsys.readouterr().err
    other = ["ledger", "erase", name, "--reason", "a whim", "--yes", "--approval", hoas]
    assert app.run(other) == ExitCode.REFUSED
    assert app.run([*command, "--approval", hoas]) == ExitCode.REFUSED
    assert "nobody said yes" in capsys.readouterr().err
    assert Objects(state).is_whole(name)
    assert app.run(["ledger", "erase", "0" * 64, "--reason", "x", "--yes"]) == ExitCode.USAGE


@pytest.mark.postgresql
def test_a_ledger_moves_to_postgresql_by_export_settings_and_import(
    state: Path, tmp_path: Path, pg_server: Server, capsys: Capture
) -> None:
    assert app.run(["ledger", "export", "--to", str(tmp_path / "out"), "--json"]) == ExitCode.DONE
    exported = json.loads(capsys.readouterr().out)
    assert (exported["records"], exported["objects"]) == (2, 1)
    socket = str(pg_server.directory).replace("/", "%2F")
    database = pg_server.new_database().partition("@/")[2].partition("?")[0]
    settings = f"site: haichau\nledger: postgresql://postgres@{socket}/{database}\n"
    settings += f"ledger_password_file: {pg_server.password_file}\n"
    (tmp_path / "site" / "holdfast.yml").write_text(settings)
    key = ["--key", str(tmp_path / "out" / "checkpoint.pub")]
    assert app.run(["ledger", "import", str(tmp_path / "out"), *key, "--json"]) == ExitCode.DONE
    assert json.loads(capsys.readouterr().out)["head"] == exported["head"]
    assert app.run(["ledger", "import", str(tmp_path / "out")]) == ExitCode.REFUSED
    against = ["--against", str(tmp_path / "out" / "checkpoint.json"), *key]
    assert app.run(["ledger", "verify", *against]) == ExitCode.DONE
    assert "2 records, whole, verified up to record 2" in capsys.readouterr().out
    assert app.run(["ledger", "checkpoint", "--to", str(tmp_path / "new.json")]) == ExitCode.DONE
