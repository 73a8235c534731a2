"""`holdfast setup` and `uninstall`, for real: users, sudo rules, unit and keys on a control host of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from inventory.errors import ExitCode
from tests.control.host import PEOPLE, SITE, STATE, ControlHost, picture

pytestmark = pytest.mark.control

SUDOERS = Path("/etc/sudoers.d/holdfast")
UNIT = Path("/etc/systemd/system/holdfast-watch.service")
LAUNCHER = Path("/usr/local/bin/holdfast")
RECORD = Path("/etc/holdfast/installation.json")


def changes(host: ControlHost, *words: str) -> list[tuple[str, str]]:
    """Return what a run of setup changed."""
    shape = json.loads(host.holdfast("setup", "--json", *words, check=False).stdout)
    return [(step["what"], step["change"]) for step in shape["steps"] if step["change"]]


def test_the_plan_names_every_part_and_changes_nothing(bare: ControlHost) -> None:
    before = picture(bare)
    said = bare.holdfast("setup", "--plan", check=False)
    assert said.returncode == ExitCode.FINDINGS
    for part in ("user holdfast", str(STATE), str(LAUNCHER), str(SUDOERS), "checkpoint", str(UNIT)):
        assert part in said.stdout
    assert picture(bare) == before


def test_without_a_yes_nothing_is_done(bare: ControlHost) -> None:
    before = picture(bare)
    assert bare.holdfast("setup", check=False).returncode == ExitCode.REFUSED
    assert picture(bare) == before


def test_a_second_run_changes_nothing_at_all(bare: ControlHost) -> None:
    assert changes(bare, "--yes") != []
    before = picture(bare)
    assert changes(bare, "--yes") == []
    assert picture(bare) == before
    assert bare.holdfast("setup", "--plan").returncode == ExitCode.DONE
    assert "nothing to change" in bare.run(str(LAUNCHER), "setup", "--yes").stdout, "it knows its site wherever root is"


def test_what_is_made_belongs_to_the_right_user_and_is_closed(bare: ControlHost) -> None:
    bare.holdfast("setup", "--yes")
    stat = bare.run("stat", "-c", "%n %U %a", STATE, STATE / "keys/checkpoint.ed25519", SUDOERS, LAUNCHER, UNIT, RECORD)
    assert stat.stdout.splitlines() == [
        f"{STATE} holdfast 700",
        f"{STATE}/keys/checkpoint.ed25519 holdfast 600",
        f"{SUDOERS} root 440",
        f"{LAUNCHER} root 755",
        f"{UNIT} root 644",
        f"{RECORD} root 644",
    ]
    assert bare.run("getent", "passwd", "holdfast").stdout.rstrip().endswith("/var/lib/holdfast:/usr/sbin/nologin")
    bare.run("visudo", "--check", "--strict")
    bare.run("systemd-analyze", "verify", "--man=no", str(UNIT))


def test_a_changed_role_changes_sudos_rules_alone(bare: ControlHost) -> None:
    bare.holdfast("setup", "--yes")
    bare.write(SITE / "people.yml", PEOPLE.replace("login: minh, roles: [viewer]", "login: minh, roles: [operator]"))
    assert changes(bare, "--yes") == [(f"file {SUDOERS}", "change")]
    assert changes(bare, "--yes") == []


def foreign_sudoers(host: ControlHost) -> None:
    host.write(SUDOERS, "lan ALL=(ALL) NOPASSWD: /bin/ls\n", "440")


def foreign_unit(host: ControlHost) -> None:
    host.write(UNIT, "[Service]\nExecStart=/bin/true\n")


def foreign_launcher(host: ControlHost) -> None:
    host.run("ln", "-s", "/bin/ls", str(LAUNCHER))


def somebodys_login(host: ControlHost) -> None:
    host.run("useradd", "--create-home", "--shell", "/bin/bash", "holdfast")


def foreign_state(host: ControlHost) -> None:
    host.run("mkdir", "-p", str(STATE))
    host.run("chown", "lan", str(STATE))


def site_of_somebody(host: ControlHost) -> None:
    host.run("chown", "lan", str(SITE / "people.yml"))


def site_open_to_all(host: ControlHost) -> None:
    host.run("chmod", "777", str(SITE / "inventory"))


def login_that_is_a_rule(host: ControlHost) -> None:
    host.write(
        SITE / "people.yml", 'people: [{name: Lan, login: "lan ALL=(ALL) NOPASSWD: ALL #", roles: [operator]}]\n'
    )


def login_of_the_service(host: ControlHost) -> None:
    host.write(SITE / "people.yml", "people: [{name: Lan, login: holdfast, roles: [operator]}]\n")


Thing = Callable[[ControlHost], None]
FOREIGN: dict[Thing, str] = {
    foreign_sudoers: "was not written by holdfast setup",
    foreign_unit: "was not written by holdfast setup",
    foreign_launcher: "no plain file",
    somebodys_login: "somebody's login",
    foreign_state: "is not ours",
    site_of_somebody: "somebody else than root can change",
    site_open_to_all: "somebody else than root can change",
    login_that_is_a_rule: "cannot stand in sudo's rules",
    login_of_the_service: "cannot stand in sudo's rules",
}


@pytest.mark.parametrize("thing", FOREIGN, ids=lambda thing: thing.__name__)
def test_what_is_not_ours_is_refused_and_left_as_it_was(
    bare: ControlHost, thing: Callable[[ControlHost], None]
) -> None:
    thing(bare)
    before = picture(bare)
    said = bare.holdfast("setup", "--yes", check=False)
    assert (said.returncode, FOREIGN[thing] in said.stderr) == (ExitCode.REFUSED, True), said.stderr
    assert picture(bare) == before


@pytest.mark.parametrize("file", [SUDOERS, UNIT, LAUNCHER], ids=lambda file: file.name)
def test_what_was_changed_by_hand_is_neither_overwritten_nor_removed(bare: ControlHost, file: Path) -> None:
    bare.holdfast("setup", "--yes")
    bare.run("sh", "-c", f"echo '# by hand' >>{file}")
    assert bare.holdfast("setup", "--yes", check=False).returncode == ExitCode.REFUSED
    said = bare.holdfast("uninstall", "--yes")
    assert f"{file}: kept: it was changed by hand" in said.stdout
    assert "# by hand" in bare.read(file)


def test_rules_that_sudo_finds_wrong_are_never_put_in_place(bare: ControlHost) -> None:
    bare.run("mount", "--bind", "/bin/false", "/usr/sbin/visudo")
    assert bare.holdfast("setup", "--yes", check=False).returncode == ExitCode.UNFINISHED
    assert not bare.exists(SUDOERS)


def test_a_setup_that_broke_off_is_finished_by_the_next_or_taken_away(bare: ControlHost) -> None:
    before = picture(bare)
    bare.run("mount", "--bind", "/bin/false", "/usr/sbin/visudo")
    bare.holdfast("setup", "--yes", check=False)
    said = bare.holdfast("uninstall", "--yes", "--with-state", "try-1")
    assert "nothing of the installation remains" in said.stdout
    assert picture(bare) == before
    bare.run("umount", "/usr/sbin/visudo")
    bare.holdfast("setup", "--yes")
    assert changes(bare, "--yes") == []


def test_uninstall_keeps_the_state_and_names_what_remains(bare: ControlHost) -> None:
    bare.holdfast("setup", "--yes")
    plan = bare.holdfast("uninstall", "--plan")
    assert bare.exists(SUDOERS)
    said = bare.holdfast("uninstall", "--yes")
    assert not any(bare.exists(file) for file in (SUDOERS, UNIT, LAUNCHER))
    for kept in ("user holdfast", str(STATE), str(RECORD)):
        assert kept in said.stdout.splitlines()[-1]
        assert kept in plan.stdout
    assert bare.exists(STATE / "keys/checkpoint.ed25519")
    assert changes(bare, "--yes"), "it can be set up again over the kept state"


def test_uninstall_with_the_state_leaves_the_machine_as_it_was(bare: ControlHost) -> None:
    before = picture(bare)
    bare.holdfast("setup", "--yes")
    assert bare.holdfast("uninstall", "--yes", "--with-state", "other-site", check=False).returncode == ExitCode.REFUSED
    assert bare.exists(STATE)
    said = bare.holdfast("uninstall", "--yes", "--with-state", "try-1")
    assert "nothing of the installation remains" in said.stdout
    assert picture(bare) == before


def test_files_of_others_beside_ours_survive_an_uninstall(bare: ControlHost) -> None:
    bare.write(Path("/etc/sudoers.d/backup-team"), "lan ALL=(root) /bin/ls\n", "440")
    bare.holdfast("setup", "--yes")
    bare.holdfast("uninstall", "--yes", "--with-state", "try-1")
    assert bare.exists(Path("/etc/sudoers.d/backup-team"))
    assert bare.exists(SITE / "holdfast.yml"), "the site is the user's own"


def test_a_machine_serves_one_site(bare: ControlHost) -> None:
    bare.holdfast("setup", "--yes")
    bare.run("sed", "-i", "s/try-1/other-2/", str(SITE / "holdfast.yml"))
    said = bare.holdfast("setup", "--yes", check=False)
    assert (said.returncode, "set up for the site try-1" in said.stderr) == (ExitCode.REFUSED, True)


def test_only_root_sets_up_and_nothing_is_there_to_remove_before(bare: ControlHost) -> None:
    said = bare.as_("lan", "/opt/holdfast/bin/holdfast", "--site", str(SITE), "setup", "--yes")
    assert said.returncode == ExitCode.REFUSED
    assert bare.holdfast("uninstall", "--yes", check=False).returncode == ExitCode.USAGE
