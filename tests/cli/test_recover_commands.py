from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import sys

import pytest

from backup import media
from cli import app
from incident import incident
from inventory.errors import ExitCode
from tests.backup import damage
from tests.incident import district as districts
from tests.incident import making
from tests.incident.district import LABEL, District

Capture = pytest.CaptureFixture[str]
APPROVE = ["--approve", "clean-target", "--approve", "stolen-accounts", "--reason", "installed by Hoa"]


@pytest.fixture
def here(lost: District, monkeypatch: pytest.MonkeyPatch) -> District:
    """Both systems lost, the incident open and decided upon."""
    monkeypatch.setenv("HOLDFAST_SITE", str(lost.root / "site"))
    making.settle(lost.ledger, making.opened(lost.ledger, "sso", "edoc"))
    return lost


@pytest.mark.restic
def test_the_plan_changes_nothing_and_names_the_command_that_does(here: District, capsys: Capture) -> None:
    before = districts.tree(here.vault), len(list(here.ledger.read()))
    assert app.run(["recover", "plan", "--onto", "documents-1=spare-1"]) == ExitCode.DONE
    said = capsys.readouterr().out
    made = incident.find(here.ledger, None)
    assert f"next: holdfast recover run {made.id} --onto documents-1=spare-1" in said
    assert "documents-1 → spare-1" in said
    assert app.run(["recover", "plan", "--json"]) == ExitCode.DONE
    found = json.loads(capsys.readouterr().out)
    assert [system["key"] for system in found["systems"]] == ["sso", "edoc"]
    assert len(found["digest"]) == 64
    assert (districts.tree(here.vault), len(list(here.ledger.read()))) == before


@pytest.mark.restic
def test_a_run_stops_at_a_gate_and_goes_on_when_it_is_answered(here: District, capsys: Capture) -> None:
    assert app.run(["recover", "run"]) == ExitCode.REFUSED
    said = capsys.readouterr().out
    assert "waiting for a person: sso/clean-target" in said
    assert "--approve sso/clean-target" in said
    assert list(here.host("signon-1").iterdir()) == []
    assert app.run(["recover", "status"]) == ExitCode.REFUSED
    assert "sso/clean-target: is signon-1 a clean target" in " ".join(capsys.readouterr().out.split())
    assert app.run(["recover", "resume", *APPROVE, "--json"]) == ExitCode.DONE
    found = json.loads(capsys.readouterr().out)
    assert set(found) == {"run", "incident", "complete", "missing", "failed", "waiting", "steps"}
    assert (found["complete"], found["failed"], found["waiting"], found["missing"]) == (True, [], [], [])
    assert {step["state"] for step in found["steps"]} == {"done"}
    assert app.run(["recover", "resume"]) == ExitCode.DONE
    assert app.run(["incident", "close", "--reason", "all normal"]) == ExitCode.DONE


@pytest.mark.restic
def test_a_damaged_copy_is_never_called_done(here: District, capsys: Capture) -> None:
    damage.spoil_a_pack(here.vault / "sso")
    assert app.run(["recover", "run", *APPROVE]) == ExitCode.UNFINISHED
    said = capsys.readouterr().out
    assert "FAILED sso/copy" in said
    assert "NOT back to normal" in said
    assert "every step done" not in said
    assert app.run(["incident", "close", "--reason", "x"]) == ExitCode.REFUSED


@pytest.mark.restic
def test_a_medium_on_its_shelf_is_asked_for_before_anything_happens(here: District, capsys: Capture) -> None:
    here.copy_offline()
    media.detach(here.depot, LABEL)
    shutil.rmtree(here.vault)
    assert app.run(["recover", "run", *APPROVE]) == ExitCode.REFUSED
    assert f"holdfast backup media attach {LABEL}" in capsys.readouterr().err
    assert list(here.ledger.read(kinds=("recover.started",))) == []
    assert app.run(["backup", "media", "attach", LABEL]) == ExitCode.DONE
    assert app.run(["recover", "run", *APPROVE]) == ExitCode.DONE


@pytest.mark.restic
def test_candidates_say_where_copies_are_and_what_speaks_against_them(here: District, capsys: Capture) -> None:
    assert app.run(["recover", "candidates", "edoc", "--json"]) == ExitCode.DONE
    (found,) = json.loads(capsys.readouterr().out)
    assert set(found) == {"store", "kind", "snapshot", "time", "bytes", "reachable", "where", "suspect"}
    assert app.run(["recover", "candidates", "edoc"]) == ExitCode.DONE
    assert found["snapshot"][:8] in capsys.readouterr().out
    assert app.run(["recover", "candidates", "edco"]) == ExitCode.USAGE


@pytest.mark.restic
@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["plan", "inc-9"], "no incident 'inc-9'"),
        (["plan", "--onto", "documents-1"], "is not LOST=TARGET"),
        (["plan", "--onto", "documents-1=spare-9"], "'spare-9'"),
        (["plan", "--system", "edco"], "'edco'"),
        (["run", "--approve", "clean-targt"], "no step 'clean-targt'"),
        (["resume"], "no recovery has been started"),
        (["status", "r9"], "no recovery run 'r9'"),
    ],
)
def test_what_is_misspelt_is_named_and_nothing_starts(
    here: District, capsys: Capture, words: list[str], says: str
) -> None:
    assert app.run(["recover", *words]) == ExitCode.USAGE
    assert says in capsys.readouterr().err
    assert list(here.ledger.read(kinds=("recover.started",))) == []


@pytest.mark.restic
@pytest.mark.parametrize("command", ["run", "resume"])
def test_only_a_responder_recovers(here: District, capsys: Capture, command: str) -> None:
    here.people("viewer", "operator")
    assert app.run(["recover", command]) == ExitCode.REFUSED
    assert "this needs responder" in capsys.readouterr().err


def start(here: District, *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "cli.app", "--site", str(here.root / "site"), "recover", *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


@pytest.mark.restic
@pytest.mark.parametrize("seed", range(5))
def test_a_recovery_killed_at_any_moment_is_resumed_and_ends_right(here: District, seed: int) -> None:
    chance = random.Random(seed)
    victim = start(here, "run", *APPROVE)
    assert victim.stdout is not None
    for _ in range(chance.randrange(1, 12)):  # so many lines are read before the last moment is left to chance
        if victim.stdout.readline().startswith("plan "):
            break
    try:
        victim.wait(timeout=chance.uniform(0.0, 6.0))
    except subprocess.TimeoutExpired:
        victim.send_signal(signal.SIGKILL)
    victim.communicate()
    words = ["resume"] if list(here.ledger.read(kinds=("recover.started",))) else ["run"]
    resumed = start(here, *words, *APPROVE)
    said, _ = resumed.communicate(timeout=120)
    assert resumed.returncode == ExitCode.DONE, said
    found = incident.find(here.ledger, None)
    assert found.still_down == ()
    for key, host in districts.SYSTEMS.items():
        assert len(list((here.host(host) / f"srv/{key}/files").iterdir())) == 5
    done = [record.body["step"] for record in here.ledger.read(kinds=("step.finished",)) if record.body["ok"]]
    assert len(done) == len(set(done)), "a finished step was done again"
    assert list((here.root / "hosts").rglob("*holdfast*")) == [], "nothing half restored stays behind"
