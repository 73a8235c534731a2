"""sudo's rules by role, tried as the people: what is allowed works, everything else is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from inventory.errors import ExitCode
from tests.control.host import SITE, STATE, ControlHost

pytestmark = pytest.mark.control

KEY = STATE / "keys/checkpoint.ed25519"
EVIL = Path("/home/lan/evil")
OWNED = Path("/home/lan/owned")
REFUSED_BY_SUDO = 1


@pytest.fixture(scope="module")
def host(installed: ControlHost) -> ControlHost:
    """A control host with a foreign site on it that would run a foreign program as `holdfast`."""
    installed.run("sh", "-c", f"cp -r {SITE} {EVIL} && chmod -R a+rwX {EVIL} /home/lan && chown -R lan {EVIL}")
    people = "people: [{name: Evil, login: minh, roles: [operator, responder, security]}]\n"
    installed.write(EVIL / "people.yml", people)
    installed.write(Path("/home/lan/restic"), f"#!/bin/sh\nid -un >{OWNED}\n", "755")
    for module in ("cli", "inventory", "typer", "sitecustomize"):
        installed.write(Path(f"/home/lan/evil/{module}.py"), f"open('{OWNED}', 'w').write('x')\n")
    installed.run("chmod", "777", "/home/lan")
    installed.run("ln", "-s", str(STATE / "keys"), "/home/lan/link")
    return installed


def unharmed(host: ControlHost) -> bool:
    return not host.exists(OWNED) and host.read(KEY).startswith("-----BEGIN")


@pytest.mark.restic
def test_an_operator_copies_and_the_ledger_names_the_operator(host: ControlHost) -> None:
    host.run("sh", "-c", "mkdir -p /srv/vault && chown holdfast /srv/vault && chmod 700 /srv/vault")
    assert host.sudo("lan", "backup", "run", "edoc").returncode == ExitCode.DONE
    said = host.sudo("minh", "ledger", "show", "--kind", "backup.finished", "--json")
    assert [record["actor"] for record in json.loads(said.stdout)] == ["lan"]


READING = ["today", "readiness", "backup status", "inventory list", "ledger show --last 3", "incident list", "whoami"]


@pytest.mark.parametrize("words", READING)
def test_a_viewer_reads(host: ControlHost, words: str) -> None:
    said = host.sudo("minh", *words.split())
    assert said.returncode in {ExitCode.DONE, ExitCode.FINDINGS}
    assert "sudo:" not in said.stderr
    typed = host.as_("minh", "/usr/local/bin/holdfast", *words.split())
    assert (typed.returncode, typed.stderr) == (said.returncode, said.stderr)


WRITING = [
    "backup run edoc",
    "backup run --all",
    "backup restore edoc --to /tmp/x",
    "backup media prepare weekly-a",
    "backup vault renew main --reason x",
    "detect run",
    "incident open --title x",
    "incident ack",
    "incident close --reason x",
    "recover run",
    "harden apply --yes",
    "harden scan",
    "ledger checkpoint",
    "ledger checkpoint --to /tmp/x",
    "watch --once",
    "watch look",
    "watch install --yes",
    "watch remove --yes",
    "setup --yes",
    "uninstall --yes",
    "init /tmp/x",
    "demo",
]


@pytest.mark.parametrize("words", WRITING)
def test_a_viewer_changes_nothing(host: ControlHost, words: str) -> None:
    before = host.sudo("minh", "ledger", "show", "--last", "0", "--json").stdout
    assert host.sudo("minh", *words.split()).returncode == REFUSED_BY_SUDO
    said = host.as_("minh", "/usr/local/bin/holdfast", *words.split())
    assert (said.returncode, "holdfast whoami" in said.stderr) == (ExitCode.REFUSED, True)
    assert host.sudo("minh", "ledger", "show", "--last", "0", "--json").stdout == before


@pytest.mark.parametrize("words", ["recover run", "incident classify --serious --reason x", "setup --yes", "demo"])
def test_an_operator_does_not_do_what_responders_and_root_do(host: ControlHost, words: str) -> None:
    assert host.sudo("lan", *words.split()).returncode == REFUSED_BY_SUDO


@pytest.mark.parametrize("words", ["today", "whoami", "--help", "backup run edoc"])
def test_somebody_who_is_not_in_people_yml_does_not_even_read(host: ControlHost, words: str) -> None:
    assert host.sudo("tung", *words.split()).returncode == REFUSED_BY_SUDO


ESCAPES = [
    f"--site {EVIL} today",
    f"backup run --site {EVIL}",
    f"backup run edoc --site {EVIL}",
    "--debug today",
    f"detect run --rules {EVIL}",
    f"detect run --events {KEY}",
    f"detect rules list --rules {KEY}",
    f"detect run --strict --rules={EVIL}",
    f"init {EVIL}/x",
]


@pytest.mark.parametrize("words", ESCAPES)
def test_no_option_leads_holdfast_to_foreign_files(host: ControlHost, words: str) -> None:
    assert host.sudo("lan", *words.split()).returncode == REFUSED_BY_SUDO
    assert unharmed(host)


PLACES = [
    str(KEY),
    str(STATE / "keys/vault/main/edoc"),
    f"{STATE}/../try-1/keys/checkpoint.ed25519",
    "/home/lan/link/checkpoint.ed25519",
    "/home/lan/checkpoint.json",
    str(SITE / "people.yml"),
    "/var/lib",
    "/",
]


@pytest.mark.parametrize("place", PLACES)
def test_nothing_is_written_over_holdfasts_own_or_where_somebody_could_turn_it(host: ControlHost, place: str) -> None:
    said = host.sudo("lan", "ledger", "checkpoint", "--to", place)
    assert said.returncode == ExitCode.REFUSED, said.stderr
    assert unharmed(host)


def test_a_viewers_report_is_not_written_over_an_operators_checkpoint(host: ControlHost) -> None:
    host.run("rm", "-rf", "/tmp/holdfast-try-1")
    host.run("install", "-d", "-o", "holdfast", "/tmp/holdfast-try-1")
    kept = Path("/tmp/holdfast-try-1/checkpoint.json")
    try:
        assert host.sudo("lan", "ledger", "checkpoint", "--to", str(kept)).returncode == ExitCode.DONE
        before = host.read(kept)
        said = host.sudo("minh", "report", "incident", "--to", str(kept))
        assert (said.returncode, "is there already" in said.stderr) == (ExitCode.REFUSED, True)
        assert host.read(kept) == before
    finally:
        host.run("rm", "-rf", "/tmp/holdfast-try-1")


@pytest.mark.parametrize("first", ["/bin/sh", "/opt/holdfast/bin/holdfast", "/usr/bin/env", "/usr/local/bin/holdfas*"])
def test_sudo_runs_the_launcher_and_nothing_else(host: ControlHost, first: str) -> None:
    said = host.as_("lan", "sudo", "-n", "-u", "holdfast", first, "today")
    assert said.returncode == REFUSED_BY_SUDO


@pytest.mark.parametrize("user", ["root", "minh"])
def test_the_launcher_runs_as_holdfast_and_as_nobody_else(host: ControlHost, user: str) -> None:
    said = host.as_("lan", "sudo", "-n", "-u", user, "/usr/local/bin/holdfast", "today")
    assert said.returncode == REFUSED_BY_SUDO


SURROUNDINGS = {
    "HOLDFAST_SITE": str(EVIL),
    "HOLDFAST_STATE": str(EVIL),
    "HOLDFAST_RESTIC": "/home/lan/restic",
    "PYTHONPATH": str(EVIL),
    "PYTHONSTARTUP": f"{EVIL}/cli.py",
    "PATH": "/home/lan:/usr/bin:/bin",
    "XDG_STATE_HOME": str(EVIL),
    "ANSIBLE_CONFIG": f"{EVIL}/ansible.cfg",
    "LD_PRELOAD": "/home/lan/none.so",
}


@pytest.mark.restic
@pytest.mark.parametrize("name", SURROUNDINGS)
def test_none_of_the_callers_settings_come_along(host: ControlHost, name: str) -> None:
    said = host.sudo("lan", "inventory", "list", "--json", **{name: SURROUNDINGS[name]})
    assert [row["key"] for row in json.loads(said.stdout)] == ["edoc"]
    host.sudo("lan", "backup", "check", **{name: SURROUNDINGS[name]})
    assert unharmed(host)


@pytest.mark.parametrize("given", ["HOLDFAST_SITE=/home/lan/evil", "PYTHONPATH=/home/lan/evil"])
def test_sudo_takes_no_variable_on_its_command_line(host: ControlHost, given: str) -> None:
    said = host.as_("lan", "sudo", "-n", "-u", "holdfast", given, "/usr/local/bin/holdfast", "today")
    assert said.returncode == REFUSED_BY_SUDO


def test_a_folder_of_foreign_modules_and_a_foreign_site_around_it_change_nothing(host: ControlHost) -> None:
    said = host.as_("lan", "sh", "-c", f"cd {EVIL} && sudo -n -u holdfast /usr/local/bin/holdfast whoami --json")
    assert json.loads(said.stdout)["roles"] == ["operator"], "of the installed site, not of the one around"
    assert unharmed(host)


INNER = ["backup run edoc", "--site /home/lan/evil today", "incident ack", "ledger checkpoint --to /tmp/x"]


@pytest.mark.parametrize("words", INNER)
def test_holdfast_itself_refuses_what_sudo_would_not_have_let_in(host: ControlHost, words: str) -> None:
    """The second lock: as if sudo's rules were older than people.yml, or wrong."""
    number = host.run("id", "-u", "minh").stdout.strip()
    caller = ("env", "SUDO_USER=minh", f"SUDO_UID={number}")
    said = host.as_("holdfast", *caller, "/opt/holdfast/bin/holdfast", *words.split())
    assert said.returncode == ExitCode.REFUSED, said.stderr


def test_a_role_taken_away_is_gone_at_once(host: ControlHost) -> None:
    before = host.read(SITE / "people.yml")
    host.write(SITE / "people.yml", before.replace("login: lan, roles: [operator]", "login: lan, roles: [viewer]"))
    try:
        assert host.sudo("lan", "backup", "run", "edoc").returncode == ExitCode.REFUSED
        assert host.sudo("lan", "inventory", "list").returncode == ExitCode.DONE
    finally:
        host.write(SITE / "people.yml", before)


def test_nobody_but_holdfast_and_root_reads_the_state(host: ControlHost) -> None:
    for login in ("lan", "minh", "hoa", "tung"):
        assert host.as_(login, "cat", str(KEY)).returncode != 0
        assert host.as_(login, "ls", str(STATE)).returncode != 0


def test_an_ordinary_login_cannot_name_itself_another(host: ControlHost) -> None:
    own = ("env", "SUDO_USER=lan", "SUDO_UID=0", "HOME=/home/minh", "/opt/holdfast/bin/holdfast")
    said = host.as_("minh", *own, "--site", str(SITE), "whoami", "--json")
    assert json.loads(said.stdout)["login"] == "minh"


SITE_AND_PROGRAM = [
    SITE / "people.yml",
    SITE / "holdfast.yml",
    SITE / "inventory/edoc.yml",
    Path("/etc/sudoers.d/holdfast"),
    Path("/etc/holdfast/installation.json"),
    Path("/etc/systemd/system/holdfast-watch.service"),
    Path("/usr/local/bin/holdfast"),
]


@pytest.mark.parametrize("file", SITE_AND_PROGRAM, ids=str)
def test_whoever_takes_over_holdfast_changes_neither_roles_nor_runbooks_nor_the_program(
    host: ControlHost, file: Path
) -> None:
    before = host.run("sha256sum", str(file)).stdout
    for attempt in (f"echo x >>{file}", f"mv {file} {file}.old", f"rm -f {file}", f"touch {file.parent}/new"):
        assert host.as_("holdfast", "sh", "-c", attempt).returncode != 0
    assert host.run("sha256sum", str(file)).stdout == before


def test_whoever_takes_over_holdfast_has_no_way_to_root_by_sudo(host: ControlHost) -> None:
    assert host.as_("holdfast", "sudo", "-n", "-l").returncode != 0
    assert host.as_("holdfast", "sudo", "-n", "true").returncode != 0
