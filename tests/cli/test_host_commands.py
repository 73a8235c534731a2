"""`holdfast inventory host`, as a user types it, against real hosts."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from cli import app
from tests.lab.fixtures import MakeHost
from tests.lab.host import LabHost
from tests.lab.sites import write_site


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = app.run(["inventory", "host", *arguments])
    said = capsys.readouterr()
    return code, said.out, said.err


def site_of(directory: Path, monkeypatch: pytest.MonkeyPatch, *hosts: LabHost, trusted: bool = False) -> Path:
    root = write_site(directory / "site", hosts, trusted=trusted)
    monkeypatch.setenv("HOLDFAST_SITE", str(root))
    return root


def fingerprint(host: LabHost) -> str:
    return host.ssh("ssh-keygen", "-lf", "/etc/ssh/ssh_host_ed25519_key.pub").stdout.split()[1]


@pytest.mark.lab
def test_a_host_is_trusted_by_its_fingerprint_once_and_refused_loudly_when_it_was_set_up_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], lab_host: MakeHost
) -> None:
    web = lab_host("web")
    root = site_of(tmp_path, monkeypatch, web)
    code, _, err = run(capsys, "trust", "web")
    assert code == 4
    assert web.ssh("ssh-keygen", "-lf", "/etc/ssh/ssh_host_rsa_key.pub").stdout.split()[1] in err
    assert "compare at the console of web" in err
    assert not (root / "known_hosts").exists()
    old = fingerprint(web)
    code, out, _ = run(capsys, "trust", "web", "--fingerprint", old)
    assert (code, out) == (0, "web is trusted: 1 key in known_hosts (fingerprint given)\n")
    assert run(capsys, "trust", "web")[:2] == (0, f"web is trusted already: its key is in {root / 'known_hosts'}\n")

    web.reinstall()
    before = (root / "known_hosts").read_text()
    code, _, err = run(capsys, "trust", "web", "--yes")
    assert code == 4
    assert "ANOTHER KEY IS KNOWN for web" in err
    assert old in err
    assert fingerprint(web) in err
    assert run(capsys, "trust", "web", "--replace")[0] == 2
    assert (root / "known_hosts").read_text() == before
    arguments = ("--replace", "--reason", "set up anew", "--fingerprint", fingerprint(web), "--json")
    code, out, _ = run(capsys, "trust", "web", *arguments)
    shown = json.loads(out)
    assert code == 0
    assert shown == {
        "host": "web",
        "name": web.address,
        "state": "changed",
        "keys": [{"kind": "ssh-ed25519", "fingerprint": fingerprint(web)}],
        "source": "the host, over the network",
        "compared": "fingerprint given",
    }


@pytest.mark.lab
def test_a_yes_at_the_terminal_is_recorded_as_that_persons_and_yes_alone_as_not_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], lab_host: MakeHost
) -> None:
    web = lab_host("web")
    root = site_of(tmp_path, monkeypatch, web)
    with monkeypatch.context() as at_a_terminal:
        for stream in (sys.stdin, sys.stderr):
            at_a_terminal.setattr(stream, "isatty", lambda: True)
        at_a_terminal.setattr(sys.stdin, "readline", lambda: "y\n")
        code, out, _ = run(capsys, "trust", "web")
    assert code == 0
    assert "3 keys in known_hosts" in out
    assert "said they are the same" in out
    (root / "known_hosts").unlink()
    assert "not compared: taken with --yes" in run(capsys, "trust", "web", "--yes")[1]


def test_only_those_who_work_on_hosts_may_trust_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = site_of(tmp_path, monkeypatch)
    people = (root / "people.yml").read_text()
    (root / "people.yml").write_text(people.replace("security, operator, responder, ", ""))
    code, _, err = run(capsys, "trust", "web")
    assert code == 4
    assert "security or operator or responder" in err


@pytest.mark.lab
@pytest.mark.ansible
@pytest.mark.restic
@pytest.mark.timeout(900)
def test_a_host_is_trusted_prepared_and_forgotten_step_by_step_and_the_ledger_knows_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], lab_host: MakeHost
) -> None:
    web = lab_host("web")
    root = site_of(tmp_path, monkeypatch, web)
    code, _, err = run(capsys, "prepare", "web", "--yes")
    assert code == 4
    assert "hint: holdfast inventory host trust web" in err
    assert run(capsys, "trust", "web", "--fingerprint", fingerprint(web))[0] == 0

    code, _, err = run(capsys, "prepare", "web")
    assert code == 4
    assert "can read and replace every file" in err
    assert '+holdfast ALL=(root) NOPASSWD: /usr/local/lib/holdfast/keeper ""' in err
    assert "nobody agreed to the plan" in err
    assert web.ssh("getent", "passwd", "holdfast", check=False).returncode == 2

    code, out, err = run(capsys, "prepare", "web", "--yes", "--json")
    assert code == 0, err
    assert [each["holds"] for each in json.loads(out)["proofs"]] == [True] * 5
    set_user(root, "holdfast")
    assert run(capsys, "prepare", "web", "--as", "ops", "--key", str(web.key))[0] == 0, (
        "nothing to change, nothing to ask"
    )

    arguments = ("forget", "web", "--as", "ops", "--key", str(web.key))
    code, _, err = run(capsys, *arguments)
    assert code == 4
    assert "web: Take its files away (/usr/local/lib/holdfast)" in err
    code, out, _ = run(capsys, *arguments, "--yes")
    assert code == 0
    assert "web is forgotten: all of it was seen to be gone" in out
    assert (root / "known_hosts").read_text() == ""
    assert app.run(["ledger", "show", "--json"]) == 0
    kinds = [record["kind"] for record in json.loads(capsys.readouterr().out)]
    assert [kind for kind in kinds if kind.startswith("host.")] == [
        "host.trusted",
        "host.prepared",
        "host.prepared",
        "host.forgotten",
    ]


def set_user(root: Path, user: str) -> None:
    """Make the site reach its hosts as another user, with no key of its own."""
    file = root / "inventory" / "lab.yml"
    lines = [line for line in file.read_text().splitlines() if "private_key_file" not in line]
    file.write_text("\n".join(lines).replace("ansible_user: ops", f"ansible_user: {user}") + "\n")


@pytest.mark.lab
@pytest.mark.ansible
@pytest.mark.restic
def test_a_host_that_is_off_is_neither_prepared_nor_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], lab_host: MakeHost
) -> None:
    web = lab_host("web")
    site_of(tmp_path, monkeypatch, web, trusted=True)
    web.power_cut()
    for what in ("prepare", "forget"):
        code, out, err = run(capsys, what, "web", "--yes")
        assert code == 3
        assert "error: web was not reached" in err
        assert "the plan could not be made; nothing was changed" in err
        assert out == ""
