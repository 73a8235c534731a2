"""Forgetting real hosts: nothing stays, and nothing is claimed that was not seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from backup import onhost
from cli.clock import SystemClock
from inventory import site
from inventory.errors import ExitCode
from ledger.ledger import Ledger
from playbooks import ansible, forget, prepare
from playbooks.ansible import Play, TaskResult
from playbooks.plan import Outcome
from playbooks.way import Way
from tests.lab import looking
from tests.lab.fixtures import MakeHost
from tests.lab.host import LabHost
from tests.lab.sites import write_site
from tests.playbooks.test_prepare import as_account, restic

pytestmark = [pytest.mark.lab, pytest.mark.ansible, pytest.mark.restic, pytest.mark.timeout(900)]

# What may differ on a host that was prepared and forgotten, in the places that are compared.
LEFT = {
    "/etc/.pwd.lock",  # the lock the tools for accounts take
    *(f"/etc/{name}-" for name in ("passwd", "shadow", "group", "gshadow")),  # their copies of the state before
    "/home/ops/.ansible",  # where Ansible worked, of the administrator who came in
    "/home/ops/.ansible/tmp",
    "/root/.ansible",
    "/root/.ansible/tmp",
}


def begin(tmp_path: Path, real: LabHost, user: str = "ops") -> tuple[site.Site, Path]:
    state = tmp_path / "state"
    state.mkdir(exist_ok=True)
    return site.load(write_site(tmp_path / "site", [real], user=user)), state


def test_a_forgotten_host_with_a_database_is_what_it_was_before(
    tmp_path: Path, lab_host: MakeHost, ledger: Ledger
) -> None:
    real = lab_host("db", "postgresql")
    here, state = begin(tmp_path, real)
    real.ssh("runuser", "-u", "postgres", "--", "psql", "-qc", "create table t as select generate_series(1, 9) as n")
    before = looking.listing(real)
    database = looking.listing(real, "/etc/postgresql", "/usr/lib/postgresql")
    way = Way(here.host("db"))
    assert (
        prepare.prepare(here, state, way, prepare.wanted(state, restic(), onhost.program(), hardening=False)).exit_code
        == 0
    )
    assert as_account(real, state, "true")[0] == 0
    real.ssh(
        "sh",
        "-c",
        "setsid runuser -u holdfast -- sleep 1000 >/dev/null 2>&1 & echo '@daily true' | crontab -u holdfast -",
    )

    planned = forget.plan(here, way)
    assert planned.uid.isdecimal()
    done = forget.forget(here, state, way, planned, SystemClock())
    assert [each.holds for each in done.proofs] == [True] * 5, done.proofs
    assert as_account(real, state, "true")[0] == 255
    changed = looking.differences(before, looking.listing(real))
    assert changed <= LEFT, f"left behind: {sorted(changed - LEFT)}"
    assert looking.listing(real, "/etc/postgresql", "/usr/lib/postgresql") == database
    query = real.ssh("runuser", "-u", "postgres", "--", "psql", "-Atc", "select sum(n) from t")
    assert query.stdout == "45\n"
    assert real.ssh("find", "/", "-xdev", "-nouser", "-not", "-path", "/proc/*").stdout == ""

    done = forget.distrust(here, way, done)
    assert len(done.keys) == 3
    assert (here.root / "known_hosts").read_text() == ""
    forget.record(ledger, way, done)
    (record,) = ledger.read(kinds=(forget.FORGOTTEN,))
    assert [each["holds"] for each in record.body["proofs"]] == [True] * 5


def test_a_host_that_goes_away_before_it_was_looked_at_is_not_called_forgotten(
    tmp_path: Path, lab_host: MakeHost
) -> None:
    real = lab_host("web")
    here, state = begin(tmp_path, real)
    way = Way(here.host("web"))
    assert (
        prepare.prepare(here, state, way, prepare.wanted(state, restic(), onhost.program(), hardening=False)).exit_code
        == 0
    )
    planned = forget.plan(here, way)

    def runner(play: Play, on_result: Callable[[TaskResult], None]) -> Sequence[TaskResult]:
        results = ansible.run(play, on_result)
        if play.playbook == forget.PLAYBOOK:
            real.cut_link()
        return results

    done = forget.forget(here, state, way, planned, SystemClock(), runner=runner)
    assert [each.holds for each in done.proofs] == [None] * 5
    assert done.exit_code is ExitCode.FINDINGS
    real.heal_link()
    again = forget.forget(here, state, way, forget.plan(here, way), SystemClock())
    assert again.outcome.changes == ()
    assert [each.holds for each in again.proofs] == [True] * 5


def test_an_account_that_takes_itself_away_is_gone_and_that_is_not_claimed(tmp_path: Path, lab_host: MakeHost) -> None:
    real = lab_host("web")
    here, state = begin(tmp_path, real)
    admin = Way(here.host("web"))
    alone = Way(here.host("web"), "holdfast", state / "keys" / "ssh_ed25519")

    what = prepare.wanted(state, restic(), onhost.program(), hardening=False)
    assert prepare.prepare(here, state, admin, what).exit_code == 0
    without_rights = forget.forget(here, state, alone, forget.Plan(Outcome((), {}, {}), ""), SystemClock())
    assert without_rights.exit_code is ExitCode.UNFINISHED
    assert "sudo" in str(without_rights.outcome.failed) or "password" in str(without_rights.outcome.failed)
    assert as_account(real, state, "true")[0] == 0

    what = prepare.wanted(state, restic(), onhost.program(), hardening=True)
    assert prepare.prepare(here, state, admin, what).exit_code == 0
    assert as_account(real, state, "sudo", "-n", "id", "-un") == (0, "root\n")
    done = forget.forget(here, state, alone, forget.plan(here, alone), SystemClock())
    assert [each.holds for each in done.proofs] == [True, None, None, None, None]
    assert done.exit_code is ExitCode.FINDINGS
    assert real.ssh("getent", "passwd", "holdfast", check=False).returncode == 2
    left = "ls -d /home/holdfast /etc/holdfast /usr/local/lib/holdfast /etc/sudoers.d/holdfast"
    assert real.ssh("sh", "-c", left, check=False).stdout == ""
