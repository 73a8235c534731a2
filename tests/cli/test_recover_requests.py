from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from cli import app
from cli.clock import SystemClock
from incident import gather, incident, runs, yardstick
from inventory import people
from inventory.errors import ExitCode
from tests.incident import making
from tests.incident.district import District
from tests.inventory import signing

Capture = pytest.CaptureFixture[str]
GATES = ["--approve", "clean-target", "--approve", "stolen-accounts"]


@pytest.fixture
def here(lost: District, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> District:
    """Both systems lost, the incident open and decided upon; Hoa and Minh have keys."""
    monkeypatch.setenv("HOLDFAST_SITE", str(lost.root / "site"))
    staff = [f"{{name: Lan, login: {people.current_login()}, roles: [operator, responder, security]}}"]
    for name, role in (("hoa", "approver"), ("minh", "head"), ("vo", "viewer")):
        key = signing.public(signing.key(tmp_path / "keys", name))
        staff.append(f"{{name: {name.title()}, login: {name}, roles: [{role}], key: {key}}}")
    (lost.root / "site" / "people.yml").write_text("people:\n" + "".join(f"- {each}\n" for each in staff))
    making.settle(lost.ledger, making.opened(lost.ledger, "sso", "edoc"))
    return lost


def sign(file: str, key: Path) -> str:
    signature = f"{file}.sig"
    Path(signature).unlink(missing_ok=True)
    argv = ["ssh-keygen", "-q", "-Y", "sign", "-n", "holdfast-approval", "-f", str(key), file]
    subprocess.run(argv, check=True, capture_output=True)
    return signature


def asked(capsys: Capture, *options: str) -> dict[str, str]:
    capsys.readouterr()
    assert app.run(["recover", "requests", *options, "--json"]) == ExitCode.DONE
    return {each["gate"]: each["file"] for each in json.loads(capsys.readouterr().out)["requests"]}


def states(here: District) -> set[tuple[str, str]]:
    found = gather.province(yardstick.of(here.site), here.ledger, SystemClock().now())
    return {(row.state, row.value) for each in found.systems for row in each.rows if row.id == "runbook"}


@pytest.mark.restic
def test_gates_signed_beforehand_let_the_run_through_and_nothing_rests_on_a_word(
    here: District, tmp_path: Path, capsys: Capture
) -> None:
    texts = asked(capsys, "--to", str(tmp_path / "stick"))
    assert set(texts) == {"clean-target", "stolen-accounts"}
    signatures = [sign(file, tmp_path / "keys" / "hoa") for file in texts.values()]
    with_them = [word for file in signatures for word in ("--approval", file)]
    assert app.run(["recover", "run", *GATES, *with_them, "--reason", "installed anew", "--json"]) == ExitCode.DONE
    steps = {each["step"]: each["approvals"] for each in json.loads(capsys.readouterr().out)["steps"]}
    assert [(each["person"], each["signed"]) for each in steps["edoc/clean-target"]] == [("Hoa", True)]
    assert app.run(["incident", "timeline"]) == ExitCode.DONE
    assert "sso/clean-target: approved by Hoa (signed) (installed anew)" in capsys.readouterr().out
    assert app.run(["report", "incident", "--to", str(tmp_path / "report.html")]) == ExitCode.DONE
    assert "approved by Hoa (signed)" in (tmp_path / "report.html").read_text()
    assert {state for state, _ in states(here)} == {"green"}
    (first, *_) = here.ledger.read(kinds=("step.answered",))
    assert first.body["approvals"][0]["signature"].startswith("-----BEGIN SSH SIGNATURE-----")


@pytest.mark.restic
def test_a_signature_for_one_run_is_worth_nothing_for_the_next_nor_for_another_plan(
    here: District, tmp_path: Path, capsys: Capture
) -> None:
    texts = asked(capsys)
    good = sign(texts["clean-target"], tmp_path / "keys" / "hoa")
    onto = ["--onto", "documents-1=spare-1"]
    assert app.run(["recover", "run", *onto, "--approve", "clean-target", "--approval", good]) == ExitCode.REFUSED
    assert "is for another plan" in capsys.readouterr().err
    assert list(here.ledger.read(kinds=("recover.started",))) == []
    assert app.run(["recover", "run"]) == ExitCode.REFUSED  # the first run; it waits
    assert app.run(["recover", "run", "--approve", "clean-target", "--approval", good]) == ExitCode.REFUSED
    assert "is for another action" in capsys.readouterr().err
    assert app.run(["recover", "resume", "--approval", good]) == ExitCode.USAGE
    assert app.run(["recover", "resume", "--approve", "clean-target", "--approval", good]) == ExitCode.REFUSED
    waiting = runs.find(here.ledger, None).waiting
    assert {step.step.id for step in waiting} == {"stolen-accounts"}  # the first gate passed, signed for this run


@pytest.mark.restic
def test_a_gate_that_wants_two_signatures_says_how_and_passes_with_two_people_only(
    here: District, tmp_path: Path, capsys: Capture
) -> None:
    own = here.root / "site" / "runbooks"
    own.mkdir(exist_ok=True)
    (own / "two.yml").write_text(
        "runbook: two\ntitle: With two\nsteps:\n"
        "- {id: go, gate: approve, ask: 'bring {system} back?', people: 2, signed: required}\n"
        "- {id: restore, restore: all}\n"
        "- {id: start, command: start, effect: probe, done_when: normal}\n"
        "- {id: normal, check: normal}\n"
    )
    file = here.root / "site" / "inventory" / "edoc.yml"
    file.write_text(file.read_text().replace("runbook: document-service", "runbook: two"))
    assert app.run(["recover", "run", "--system", "edoc", "--approve", "go"]) == ExitCode.REFUSED
    said = " ".join(capsys.readouterr().out.split())
    assert "takes 2 different people, signed" in said
    assert f"next: holdfast recover requests {incident.find(here.ledger, None).id}" in said
    text_file = asked(capsys)["go"]
    keys = tmp_path / "keys"
    hoa = Path(sign(text_file, keys / "hoa")).rename(tmp_path / "hoa.sig")
    minh = Path(sign(text_file, keys / "minh")).rename(tmp_path / "minh.sig")
    viewer = Path(sign(text_file, keys / "vo")).rename(tmp_path / "vo.sig")
    assert app.run(["recover", "resume", "--approve", "go", "--approval", str(hoa)]) == ExitCode.REFUSED
    for _ in range(2):  # what `resume` says, then what `status` says of it
        said = " ".join(capsys.readouterr().out.split())
        assert "takes 2 different people, signed; so far approved by Hoa (signed)" in said
        assert f"to sign edoc/go: holdfast recover requests {incident.find(here.ledger, None).id}" in said
        assert app.run(["recover", "status"]) == ExitCode.REFUSED
    assert app.run(["recover", "resume", "--approve", "go"]) == ExitCode.REFUSED
    said = " ".join(capsys.readouterr().out.split())
    assert "waits edoc/go: bring edoc back? (takes 2 different people, signed; so far claimed by" in said
    assert app.run(["recover", "status", "--json"]) == ExitCode.REFUSED
    (step, *_) = (each for each in json.loads(capsys.readouterr().out)["steps"] if each["ask"])
    assert "so far claimed by" in step["ask"]
    for files, why in (
        ([hoa, hoa], "Hoa approved twice; that is one person"),
        ([hoa, viewer], "Vo holds viewer"),
    ):
        with_them = [word for each in files for word in ("--approval", str(each))]
        assert app.run(["recover", "resume", "--approve", "go", *with_them]) == ExitCode.REFUSED
        assert why in capsys.readouterr().err
    with_both = [word for each in (hoa, minh) for word in ("--approval", str(each))]
    assert app.run(["recover", "resume", "--approve", "go", *with_both]) == ExitCode.DONE
    assert app.run(["recover", "status"]) == ExitCode.DONE
    assert "approved by Hoa (signed); approved by Minh (signed)" in " ".join(capsys.readouterr().out.split())


@pytest.mark.restic
def test_on_a_terminal_the_lines_to_paste_are_shown(here: District, capsys: Capture) -> None:
    assert app.run(["recover", "requests"]) == ExitCode.DONE
    said = capsys.readouterr().out
    assert said.count("ssh-keygen -Y sign -n holdfast-approval -f ~/.ssh/id_ed25519 ") == 2
    assert "  holdfast recover run inc-" in said
    assert "--approve clean-target --approval " in said


def test_targets_are_pairs() -> None:
    from cli.recover_requests import targets
    from inventory.errors import UsageError

    assert targets(["a=b"]) == {"a": "b"}
    with pytest.raises(UsageError, match="is not LOST=TARGET"):
        targets(["a"])
