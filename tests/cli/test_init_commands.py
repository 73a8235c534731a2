from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from cli import app
from inventory import site
from inventory.errors import ExitCode
from tests import tools
from tests.cli import terminal


def test_init_makes_a_site_that_is_valid_and_says_what_to_type_next(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "site"
    assert app.run(["init", str(root), "--name", "An Giang"]) == ExitCode.DONE
    said = capsys.readouterr().out
    assert f"wrote {root / 'holdfast.yml'}" in said
    (command,) = [line.split() for line in said.splitlines() if line.strip().endswith("inventory validate")]
    assert app.run(command[1:]) == ExitCode.DONE
    assert "is valid (systems: 1, hosts: 1, people: 1)" in capsys.readouterr().out


def test_init_refuses_a_directory_that_holds_something(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "precious").write_text("x")
    assert app.run(["init", str(tmp_path)]) == ExitCode.REFUSED
    said = capsys.readouterr()
    assert "is not empty" in said.err
    assert said.out == ""
    assert [file.name for file in tmp_path.iterdir()] == ["precious"]


def test_the_person_who_made_the_site_may_work_in_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    app.run(["init", str(tmp_path / "site")])
    assert app.run(["--site", str(tmp_path / "site"), "ledger", "checkpoint", "--to", str(tmp_path / "c")]) == 0
    assert "checkpoint of record 1" in capsys.readouterr().out


@pytest.mark.restic
def test_what_init_says_to_type_next_works_as_pasted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOLDFAST_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("HOLDFAST_RESTIC", str(tools.require("restic")))
    app.run(["init", str(tmp_path / "my site")])
    codes = {}
    for said in capsys.readouterr().out.split("Next:")[1].strip().splitlines():
        program, *words = shlex.split(said)
        if program == "mkdir":
            subprocess.run([program, *words], check=True)
        else:
            codes[words[-2] if words[-1] == "example" else words[-1]] = app.run(words)
    assert codes == {"validate": 0, "show": 0, "run": 0, "readiness": 1}


@pytest.fixture
def sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    """The sample province, its hosts at a closed port of this machine: the test reaches no other."""
    monkeypatch.setenv("HOLDFAST_STATE", str(tmp_path / "state"))
    root = tmp_path / "province"
    assert app.run(["init", str(root), "--sample"]) == ExitCode.DONE
    (root / "vault").mkdir(mode=0o700)
    for file in (root / "inventory").glob("*.yml"):
        here = re.sub(r'ansible_host: "?[0-9a-f.:]+"?', "ansible_host: 127.0.0.1, ansible_port: 1", file.read_text())
        file.write_text(here.replace(".province.example/", ".province.invalid/").replace("port: 8006", "port: 1"))
    monkeypatch.setenv("HOLDFAST_SITE", str(root))
    capsys.readouterr()
    return root


def test_init_sample_tells_what_to_type_next(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["init", str(tmp_path / "p"), "--sample"]) == ExitCode.DONE
    said = capsys.readouterr().out
    assert "every name and number invented" in said
    assert said.count(f"holdfast --site {tmp_path / 'p'} ") == 6


@pytest.mark.restic
@pytest.mark.ansible
def test_every_question_about_the_sample_province_gets_a_sensible_answer(
    sample: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOLDFAST_RESTIC", str(tools.require("restic")))

    def typed(line: str) -> tuple[int, str]:
        code = app.run(shlex.split(line))
        said = capsys.readouterr()
        return code, said.out + said.err

    code, said = typed("inventory validate")
    assert (code, "is valid (systems: 30, hosts: 34, people: 9); Ansible reads it the same way" in said) == (0, True)
    assert typed("inventory list")[0] == ExitCode.DONE
    assert typed("inventory show apis")[0] == ExitCode.DONE
    assert typed("inventory graph")[0] == ExitCode.DONE
    code, said = typed("readiness")
    assert code == ExitCode.FINDINGS
    assert "0 of 234 rows green" in said
    assert "untested: never used here" in said
    code, said = typed("today")
    assert (code, "holdfast backup run apis" in said) == (ExitCode.FINDINGS, True)
    code, said = typed("backup status")
    assert (code, said.count("no copy in main yet")) == (ExitCode.FINDINGS, 26)
    code, said = typed("incident open --system apis --title rehearsal")
    assert (code, "apis" in said) == (ExitCode.DONE, True)
    code, said = typed("recover plan --system apis")
    assert code == ExitCode.REFUSED
    assert "apis has no copy to come back from" in said


@pytest.mark.ansible
def test_a_scan_of_the_sample_province_says_that_no_host_was_reached(
    sample: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert app.run(["harden", "scan", "--system", "sso"]) == ExitCode.UNFINISHED
    said = capsys.readouterr().out
    assert said.count("error: not reached") == 2
    assert "0 of 0 controls pass on 0 of 2 hosts" in said


INVENTORY = """[apis]
apis-db ansible_host=192.0.2.7
apis-web ansible_host=192.0.2.8

[edoc]
docs[1:2]
"""


@pytest.fixture
def ops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of people who use Ansible already; commands are typed in it."""
    (tmp_path / "ansible").mkdir()
    (tmp_path / "ansible" / "hosts.ini").write_text(INVENTORY)
    monkeypatch.setenv("HOLDFAST_STATE", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.ansible
def test_init_adopts_an_inventory_and_says_what_is_left_to_fill_in_and_to_type(
    ops: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert app.run(["init", "site", "--from-ansible", "ansible/hosts.ini"]) == ExitCode.DONE
    said = capsys.readouterr().out
    assert "adopted ansible/hosts.ini as it is: 4 hosts; not one of its files was changed" in said
    assert "systems:          apis, edoc" in said
    assert "to fill in, for every system, in site/inventory/systems.yml: name, unit, accountable, level" in said
    assert "holdfast --site site inventory show apis" in said
    assert (ops / "ansible" / "hosts.ini").read_text() == INVENTORY
    assert app.run(["--site", "site", "inventory", "validate"]) == ExitCode.DONE
    assert "is valid (systems: 2, hosts: 4, people: 1); Ansible reads it the same way" in capsys.readouterr().out
    assert app.run(["--site", "site", "readiness"]) == ExitCode.FINDINGS


@pytest.mark.ansible
def test_only_the_groups_named_become_systems_and_the_others_are_told(
    ops: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert app.run(["init", "site", "--from-ansible", "ansible", "--system", "edoc"]) == ExitCode.DONE
    said = capsys.readouterr().out
    assert "not chosen:       apis" in said
    assert "in no system:     apis-db, apis-web" in said
    assert app.run(["--site", "site", "inventory", "list"]) == ExitCode.DONE
    assert "docs1, docs2" in capsys.readouterr().out


@pytest.mark.ansible
def test_at_a_terminal_init_asks_which_groups_are_systems(ops: Path) -> None:
    ended = terminal.talk(
        ["init", "site", "--from-ansible", "ansible/hosts.ini"],
        [("which are systems? (names with commas between; Enter: all of them)", "edoc")],
        ops,
    )
    assert ended.code == ExitCode.DONE
    assert "  apis: apis-db, apis-web" in ended.said
    assert "systems:          edoc" in ended.said
    assert list(site.load(ops / "site").systems) == ["edoc"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--sample", "--from-ansible", "ansible"], "leave out one"),
        (["--system", "apis"], "--from-ansible PATH"),
        (["--from-ansible", "nowhere"], "ansible-inventory -i"),
    ],
)
def test_options_that_do_not_go_together_are_told(
    ops: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], says: str
) -> None:
    assert app.run(["init", "site", *arguments]) == ExitCode.USAGE
    assert says in capsys.readouterr().err
    assert not (ops / "site").exists()
