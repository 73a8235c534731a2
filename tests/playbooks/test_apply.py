"""Real Ansible on directory hosts: find, show, mend, find nothing more to do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from inventory import site as sites
from inventory.errors import ExitCode
from inventory.site import Site
from ledger.ledger import Ledger
from playbooks import apply, controls, history, plan, scan
from playbooks.scan import Target
from tests.playbooks import hosts
from tests.playbooks.conftest import MakeSite

RULES = controls.shipped().values()
PROVABLE = {rule.id for rule in RULES if "directory host" in rule.proved_on}
AUTOMATIC = {rule.id for rule in RULES if rule.mend.automatic}

pytestmark = pytest.mark.ansible


def one_host(make_site: MakeSite, root: Path, **variables: str) -> tuple[Site, list[Target]]:
    """Return a site with one directory host at level 5, where every control is asked for."""
    folder = make_site(edoc={"level": 5, "hosts": {"doc-1": root}})
    file = folder / "inventory" / "edoc.yml"
    content = yaml.safe_load(file.read_text())
    content["edoc"]["hosts"]["doc-1"] |= variables
    file.write_text(yaml.safe_dump(content))
    site = sites.load(folder)
    return site, scan.targets(site)


def test_every_control_proved_on_a_directory_host_fails_on_a_weak_one_and_passes_once_mended(
    make_site: MakeSite, tmp_path: Path
) -> None:
    root = hosts.weak(tmp_path / "doc-1")
    site, wanted = one_host(make_site, root, ssh_password_authentication="no", ssh_allow_tcp_forwarding="no")
    (before,) = scan.scan(site, wanted, RULES).hosts
    assert set(before.ids("fail")) == PROVABLE
    assert before.ids("unknown") == []

    hosts.mend_by_hand(root)
    done = apply.apply(site, wanted, RULES)
    (after,) = done.after.hosts
    assert (after.ids("fail"), after.ids("unknown"), dict(done.outcome.failed)) == ([], [], {})
    assert set(after.ids("pass")) == PROVABLE
    assert done.exit_code == ExitCode.DONE


def test_a_plan_shows_the_differences_and_changes_nothing(make_site: MakeSite, tmp_path: Path) -> None:
    root = hosts.weak(tmp_path / "doc-1")
    site, wanted = one_host(make_site, root)
    before = hosts.picture(root)
    found = plan.plan(site, wanted)
    assert hosts.picture(root) == before
    text = "\n".join(change.diff for change in found.changes)
    assert "+PermitRootLogin prohibit-password" in text
    assert "+Include /etc/ssh/sshd_config.d/*.conf" in text
    assert "-PASS_MAX_DAYS 99999" in text
    assert "-mode: 0666" in text
    assert any("kernel is left alone" in note for note in found.notes)
    assert found.pending == ExitCode.FINDINGS


def test_apply_makes_the_planned_changes_and_a_second_apply_changes_nothing(
    make_site: MakeSite, tmp_path: Path
) -> None:
    root = hosts.weak(tmp_path / "doc-1")
    site, wanted = one_host(make_site, root)
    planned = plan.plan(site, wanted)
    first = plan.harden(site, wanted, check=False)
    assert [(change.task, change.item) for change in first.changes] == [
        (change.task, change.item) for change in planned.changes
    ]
    (after,) = scan.scan(site, wanted, RULES).hosts
    assert not set(after.ids("fail")) & AUTOMATIC

    mended = hosts.picture(root)
    second = plan.harden(site, wanted, check=False)
    assert (second.changes, dict(second.failed)) == ((), {})
    assert hosts.picture(root) == mended


def test_a_stricter_setting_of_the_host_is_kept(make_site: MakeSite, tmp_path: Path) -> None:
    root = tmp_path / "doc-1"
    hosts.put(root, "/etc/ssh/sshd_config", "PermitRootLogin no\nMaxAuthTries 2\n", 0o400)
    hosts.put(root, "/etc/login.defs", "PASS_MAX_DAYS 30\nUMASK 077\n", 0o600)
    hosts.put(root, "/etc/shadow", "root:*:1:0:99999:7:::\n", 0o600)
    site, wanted = one_host(make_site, root)
    plan.harden(site, wanted, check=False)
    written = (root / "etc/ssh/sshd_config.d/00-holdfast.conf").read_text()
    assert "PermitRootLogin no\n" in written
    assert "MaxAuthTries 2\n" in written
    assert "PASS_MAX_DAYS 30\nUMASK 077\n" in (root / "etc/login.defs").read_text()
    assert (root / "etc/shadow").stat().st_mode & 0o777 == 0o600
    assert (root / "etc/ssh/sshd_config").stat().st_mode & 0o777 == 0o400


def test_an_empty_host_is_left_empty_and_nothing_passes_on_it(make_site: MakeSite, tmp_path: Path) -> None:
    site, wanted = one_host(make_site, tmp_path / "spare")
    done = apply.apply(site, wanted, RULES)
    assert done.outcome.changes == ()
    assert list((tmp_path / "spare").iterdir()) == []
    assert done.after.hosts[0].ids("pass") == []


def test_the_playbook_runs_without_holdfast(make_site: MakeSite, tmp_path: Path) -> None:
    root = hosts.weak(tmp_path / "doc-1")
    site, _ = one_host(make_site, root, ansible_python_interpreter=sys.executable)
    before = hosts.picture(root)
    program = Path(sys.executable).parent / "ansible-playbook"
    argv = [str(program), "-i", str(site.inventory), str(plan.HARDEN), "--check", "--diff"]
    ended = subprocess.run(argv, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "+PermitRootLogin prohibit-password" in ended.stdout
    assert hosts.picture(root) == before


def test_what_cannot_be_read_is_unknown_with_the_reason(make_site: MakeSite, tmp_path: Path) -> None:
    root = tmp_path / "doc-1"
    (root / "etc/sudoers").mkdir(parents=True)
    (root / "etc/shadow").write_bytes(b"x" * 1_000_001)
    site, wanted = one_host(make_site, root)
    found = scan.scan(site, wanted, RULES)
    reasons = {verdict.control: verdict.found for verdict in found.hosts[0].verdicts if verdict.verdict == "unknown"}
    assert reasons["HF-ACC-014"] == "unreadable: /etc/sudoers is not an ordinary file"
    assert reasons["HF-ACC-001"] == "unreadable: /etc/shadow is larger than 1000000 bytes"
    assert found.exit_code == ExitCode.FINDINGS


def test_a_host_that_is_not_reached_is_named_and_the_others_are_still_judged(
    make_site: MakeSite, tmp_path: Path, ledger: Ledger
) -> None:
    far = {"ansible_host": "127.0.0.1", "ansible_port": 1}
    folder = make_site(edoc={"level": 3, "hosts": {"doc-1": tmp_path / "doc-1", "far": far}})
    site = sites.load(folder)
    found = scan.scan(site, scan.targets(site), RULES)
    near, gone = found.hosts
    assert near.error is None
    assert gone.error is not None
    assert "not reached" in gone.error
    assert "port 1" in gone.error
    assert gone.verdicts == ()
    assert found.exit_code == ExitCode.UNFINISHED
    history.record_scan(ledger, found)
    assert history.latest(ledger)["edoc"].unreached == ("far",)


def test_the_directory_of_a_host_that_is_gone_is_an_error_of_that_host(make_site: MakeSite, tmp_path: Path) -> None:
    site, wanted = one_host(make_site, tmp_path / "doc-1")
    (tmp_path / "doc-1").rmdir()
    found = scan.scan(site, wanted, RULES)
    assert "is not there" in str(found.hosts[0].error)
    assert found.exit_code == ExitCode.UNFINISHED


def _link_out(root: Path, path: str, outside: Path) -> None:
    """Put a link to a thing outside in the place of a path of the host; what stood there moves outside."""
    inside = root / path
    inside.parent.mkdir(parents=True, exist_ok=True)
    outside.mkdir(exist_ok=True)
    target = outside / path.replace("/", "-")
    if inside.exists():
        inside.rename(target)
    inside.symlink_to(target)


FILE_LINKS = (
    "etc/crontab",
    "etc/cron.d",
    "etc/shadow",
    "etc/login.defs",
    "etc/ssh/ssh_host_ed25519_key",
    "etc/ssh/sshd_config.d/00-holdfast.conf",
    "var/log",
)


@pytest.mark.parametrize("links", [FILE_LINKS, ("etc",), ("etc/ssh/sshd_config.d",)])
def test_what_a_link_leads_out_of_a_directory_host_is_never_changed(
    make_site: MakeSite, tmp_path: Path, links: tuple[str, ...]
) -> None:
    root, outside = hosts.weak(tmp_path / "doc-1"), tmp_path / "elsewhere"
    (root / "etc/ssh/sshd_config.d").mkdir()
    for path in links:
        _link_out(root, path, outside)
    before = hosts.picture(outside)
    site, wanted = one_host(make_site, root)
    done = apply.apply(site, wanted, RULES)
    assert hosts.picture(outside) == before
    assert dict(done.outcome.failed) == {}
    for path in links:
        assert any(f"/{path}" in note and "leads out of the host's directory" in note for note in done.outcome.notes)
    if "etc/ssh/sshd_config.d" not in links:
        assert "HF-FILE-009" in done.after.hosts[0].ids("unknown")


def test_a_link_that_stays_in_the_host_is_followed(make_site: MakeSite, tmp_path: Path) -> None:
    root = hosts.weak(tmp_path / "doc-1")
    (root / "etc/crontab").rename(root / "etc/crontab.real")
    (root / "etc/crontab").symlink_to("crontab.real")
    site, wanted = one_host(make_site, root)
    done = apply.apply(site, wanted, RULES)
    assert (root / "etc/crontab.real").stat().st_mode & 0o777 == 0o600
    assert "HF-FILE-009" in done.after.hosts[0].ids("pass")
