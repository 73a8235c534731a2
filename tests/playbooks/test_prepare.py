"""Preparing real hosts: what lies there afterwards, what the account can do, and above all what it cannot."""

from __future__ import annotations

import dataclasses
import os
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from backup import onhost
from inventory import site, sitekey
from inventory.errors import ExitCode
from ledger.ledger import Ledger
from playbooks import ansible, forget, prepare, program
from playbooks.ansible import Play, TaskResult
from playbooks.program import Program
from playbooks.way import Way
from tests import tools
from tests.lab import looking
from tests.lab.fixtures import MakeHost
from tests.lab.host import LabHost
from tests.lab.sites import write_site

pytestmark = [pytest.mark.lab, pytest.mark.ansible, pytest.mark.restic, pytest.mark.timeout(900)]

PASSWORD = "Kanarie-5b81c0"


def restic() -> Program:
    return program.describe(tools.require("restic"))


def as_account(host: LabHost, state: Path, *argv: str) -> tuple[int, str]:
    """Log in as the account with the site's key, as anybody who holds it could."""
    key = dataclasses.replace(host, key=sitekey.path(state))
    done = key.ssh(*argv, user="holdfast", check=False)
    return done.returncode, done.stdout + done.stderr


def test_a_prepared_host_has_exactly_what_was_planned_and_its_account_can_do_exactly_that(
    tmp_path: Path, lab_host: MakeHost, ledger: Ledger
) -> None:
    real = lab_host("web")
    here, state = site.load(write_site(tmp_path / "site", [real])), tmp_path / "state"
    state.mkdir(exist_ok=True)
    web, what = Way(here.host("web")), prepare.wanted(state, restic(), onhost.program(), hardening=False)
    before = looking.listing(real)

    planned = prepare.plan(here, web, what)
    assert planned.exit_code is ExitCode.DONE
    assert looking.differences(before, looking.listing(real)) <= {"/home/ops/.ansible", "/home/ops/.ansible/tmp"}
    rule = '+holdfast ALL=(root) NOPASSWD: /usr/local/lib/holdfast/keeper ""'
    assert any(rule in change.diff for change in planned.changes)
    assert any(f"+restrict {what.public_key}" in change.diff for change in planned.changes)

    done = prepare.prepare(here, state, web, what)
    assert done.exit_code is ExitCode.DONE
    assert {(change.task, change.item) for change in done.outcome.changes} == {
        (change.task, change.item) for change in planned.changes
    }
    assert [each.holds for each in done.proofs] == [True] * 5
    assert "restic 0." in done.proofs[1].found
    assert done.hashes["/usr/local/lib/holdfast/restic"] == what.restic.sha256
    _everything_is_roots(looking.listing(real))
    _can_do_no_more(real, state)

    prepare.record(ledger, web, what, done)
    (record,) = ledger.read(kinds=(prepare.PREPARED,))
    assert record.body["hashes"] == dict(done.hashes)
    assert record.body["came_in_as"] == "ops"

    again = prepare.prepare(here, state, web, what)
    assert again.outcome.changes == ()
    assert again.exit_code is ExitCode.DONE


def _everything_is_roots(found: dict[str, tuple[object, ...]]) -> None:
    for path, mode in {
        "/usr/local/lib/holdfast": 0o755,
        "/usr/local/lib/holdfast/keeper": 0o755,
        "/usr/local/lib/holdfast/copies": 0o755,
        "/usr/local/lib/holdfast/restic": 0o755,
        "/etc/holdfast": 0o755,
        "/etc/holdfast/allowed": 0o644,
        "/etc/sudoers.d/holdfast": 0o440,
    }.items():
        about = found[path]
        assert (int(str(about[0]), 8) & 0o7777, about[1], about[2]) == (mode, 0, 0), path


def _can_do_no_more(real: LabHost, state: Path) -> None:
    assert as_account(real, state, "id", "-un") == (0, "holdfast\n")
    for argv in (
        ("sudo", "-n", "id"),
        ("sudo", "-n", "/usr/local/lib/holdfast/restic", "version"),
        ("sudo", "-n", "/usr/local/lib/holdfast/keeper", "more"),
        ("sudo", "-n", "-u", "ops", "/usr/local/lib/holdfast/keeper"),
        ("sudo", "-n", "-E", "/usr/local/lib/holdfast/keeper"),
    ):
        code, said = as_account(real, state, *argv)
        assert code != 0
        assert said.startswith("sudo: "), argv
    assert as_account(real, state, "sh", "-c", "echo x >>/etc/holdfast/allowed")[0] != 0
    assert as_account(real, state, "cp", "/bin/sh", "/usr/local/lib/holdfast/keeper")[0] != 0
    assert real.ssh("getent", "shadow", "holdfast").stdout.startswith("holdfast:*:"), "no password opens it"
    keyed = dataclasses.replace(real, key=sitekey.path(state))
    (login, *words), command = keyed.ssh_argv("holdfast"), ["-tt"]
    assert "PTY allocation request failed" in _run(login, *command, *words, "true"), "restrict takes terminals away"


def _run(*argv: str) -> str:
    import subprocess

    return subprocess.run(argv, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL).stderr


def test_the_password_sudo_asks_for_is_never_seen_by_anybody_else(tmp_path: Path, lab_host: MakeHost) -> None:
    real = lab_host("web")
    real.ssh("useradd", "--create-home", "--shell", "/bin/sh", "boss")
    real.ssh("chpasswd", stdin=f"boss:{PASSWORD}\n")
    real.ssh("sh", "-c", "echo 'boss ALL=(ALL) ALL' >/etc/sudoers.d/boss; cp -r /root/.ssh /home/boss/.ssh")
    real.ssh("chown", "-R", "boss:", "/home/boss/.ssh")
    here, state = site.load(write_site(tmp_path / "site", [real])), tmp_path / "state"
    state.mkdir(exist_ok=True)
    what = prepare.wanted(state, restic(), onhost.program(), hardening=False)

    wrong = prepare.plan(here, Way(here.host("web"), "boss", password="not-it"), what)
    assert wrong.exit_code is ExitCode.UNFINISHED
    assert any("sudo" in why or "assword" in why for why in (*wrong.failed.values(), *wrong.unreached.values()))

    with Watching(PASSWORD) as watching:
        planned = prepare.plan(here, Way(here.host("web"), "boss", password=PASSWORD), what)
    assert planned.exit_code is ExitCode.DONE
    assert watching.looks > 20
    assert watching.found == []
    assert PASSWORD not in repr(planned)
    assert [path for path in tmp_path.rglob("*") if path.is_file() and PASSWORD.encode() in path.read_bytes()] == []


class Watching:
    """Looks at every process's arguments and environment until told to stop."""

    def __init__(self, word: str) -> None:
        self.word, self.looks, self.found = word.encode(), 0, list[str]()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Watching:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(0.05):
            self.looks += 1
            for folder in Path("/proc").glob("[0-9]*"):
                for name in ("cmdline", "environ"):
                    if folder.name != str(os.getpid()) and self.word in _bytes(folder / name):
                        self.found.append(f"{folder}/{name}")


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_a_host_that_does_not_fit_is_left_as_it_was(tmp_path: Path, lab_host: MakeHost) -> None:
    real = lab_host("web")
    here, state = site.load(write_site(tmp_path / "site", [real], user="root")), tmp_path / "state"
    state.mkdir(exist_ok=True)
    web, what = Way(here.host("web")), prepare.wanted(state, restic(), onhost.program(), hardening=False)
    before = looking.listing(real)

    def why(**changed: str) -> str:
        other = dataclasses.replace(what, restic=dataclasses.replace(what.restic, **changed))
        done = prepare.prepare(here, state, web, other)
        assert done.exit_code is ExitCode.UNFINISHED
        assert done.proofs == ()
        return done.outcome.failed["web"]

    ours = os.uname().machine
    assert f"restic is for s390x, the host is {ours}" in why(machine="s390x", glibc="")
    assert "with glibc 9.99" in why(glibc="9.99")
    assert "restic really has" in why(sha256="0" * 64)
    real.ssh("sh", "-c", "mkdir /etc/holdfast; touch /etc/holdfast/installation.json")
    assert "this is a control host" in why()
    assert "this is a control host" in forget.plan(here, web).outcome.failed["web"]
    real.ssh("sh", "-c", "rm -r /etc/holdfast; useradd --system --home-dir /srv/other holdfast")
    assert "/srv/other is its home" in why()
    assert "/srv/other is its home" in forget.plan(here, web).outcome.failed["web"]
    real.ssh("sh", "-c", "userdel holdfast")
    real.ssh("mv", "/usr/sbin/visudo", "/usr/sbin/visudo.away")
    assert "sudo is not installed" in why()
    left = {
        path for path in looking.differences(before, looking.listing(real)) if not path.startswith("/root/.ansible")
    }
    assert left <= {"/etc/.pwd.lock", "/etc/passwd-", "/etc/shadow-", "/etc/group-", "/etc/gshadow-"}, "useradd's own"


def test_a_host_that_goes_away_in_mid_run_is_not_called_prepared_and_a_second_run_finishes(
    tmp_path: Path, lab_host: MakeHost
) -> None:
    real = lab_host("web")
    here, state = site.load(write_site(tmp_path / "site", [real])), tmp_path / "state"
    state.mkdir(exist_ok=True)
    web, what = Way(here.host("web")), prepare.wanted(state, restic(), onhost.program(), hardening=False)
    done = prepare.prepare(here, state, web, what, runner=cutting(real, "Have /etc/holdfast/allowed"))
    assert done.exit_code is ExitCode.UNFINISHED
    assert done.proofs == ()
    assert "web" in done.outcome.unreached
    real.power_on()
    assert prepare.prepare(here, state, web, what).exit_code is ExitCode.DONE


def cutting(real: LabHost, task: str) -> Callable[[Play, Callable[[TaskResult], None]], Sequence[TaskResult]]:
    """Run for real, and cut the host's power once a task has ended."""

    def runner(play: Play, on_result: Callable[[TaskResult], None]) -> Sequence[TaskResult]:
        def hear(result: TaskResult) -> None:
            on_result(result)
            if result.task.startswith(task):
                real.power_cut()
                time.sleep(0.1)

        return ansible.run(play, hear)

    return runner
