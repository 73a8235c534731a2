"""How ssh is called, and its real failures by name."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from inventory import reach, ssh
from inventory.command import Command, Outcome, UnreachableError
from inventory.errors import ExitCode, HoldfastError
from inventory.ssh import HostKeyChangedError, HostKeyUnknownError, NotPreparedError, Ssh
from inventory.system import Host
from tests.inventory.sshd import SshHost

HOST = Host(name="db-1", address="10.0.0.1", port=2222, user="holdfast", key_file="/etc/holdfast/key 1")
KNOWN = Ssh(Path('/srv/a "b" 100%/known_hosts'))


def settings(host: Host, reached: Ssh = KNOWN) -> dict[str, str]:
    """Return what the real ssh understands of our arguments."""
    words = ssh.arguments(host, reached)
    said = subprocess.run([words[0], "-G", *words[1:-2], words[-2]], capture_output=True, text=True, check=True).stdout
    return dict(line.partition(" ")[::2] for line in said.splitlines())


def test_ssh_understands_the_arguments_as_they_are_meant() -> None:
    found = settings(HOST)
    assert (found["hostname"], found["port"], found["user"]) == ("10.0.0.1", "2222", "holdfast")
    assert found["identityfile"] == "/etc/holdfast/key 1"
    assert found["identitiesonly"] == "yes"
    assert found["stricthostkeychecking"] == "true"
    assert found["batchmode"] == "yes"
    assert found["userknownhostsfile"].replace("%%", "%") == str(KNOWN.known_hosts)
    assert found["globalknownhostsfile"] == "none"
    assert found["controlmaster"] == "false"
    assert found["forwardagent"] == "no"


def test_a_hosts_name_cannot_become_an_option() -> None:
    host = Host(name="x", address="-oProxyCommand=touch /tmp/pwned")
    words = ssh.arguments(host, KNOWN)
    assert words[-3:-1] == ["--", "-oProxyCommand=touch /tmp/pwned"]


def test_the_remote_line_is_the_same_whatever_is_to_be_run() -> None:
    assert ssh.remote_line(HOST, as_root=False).startswith("python3 -IS -c 'import base64,zlib;")
    assert ssh.remote_line(HOST, as_root=True) == "sudo -n /usr/local/lib/holdfast/keeper"
    root = HOST.model_copy(update={"user": "root"})
    assert ssh.remote_line(root, as_root=True) == ssh.remote_line(root, as_root=False)


@pytest.mark.parametrize(
    ("code", "said", "kind", "certain"),
    [
        (255, "ssh: connect to host 10.0.0.1 port 22: Connection refused\r\n", UnreachableError, True),
        (255, "kex_exchange_identification: read: Connection reset by peer", UnreachableError, True),
        (255, "client_loop: send disconnect: Broken pipe", UnreachableError, False),
        (255, "", UnreachableError, False),
        (None, "", UnreachableError, False),
        (-9, "", UnreachableError, False),
        (127, "bash: line 1: python3: command not found\n", NotPreparedError, True),
        (1, "sudo: a password is required\n", NotPreparedError, True),
        (1, "This account is currently not available.", NotPreparedError, True),
        (255, "Host key verification failed.\r\n", HostKeyUnknownError, True),
    ],
)
def test_an_end_of_ssh_has_a_name_and_tells_whether_the_order_can_have_arrived(
    code: int | None, said: str, kind: type[HoldfastError], certain: bool
) -> None:
    error = ssh.failure(HOST, code, said)
    assert type(error) is kind
    assert ssh.certain(error, said) is certain
    assert "db-1" in error.message
    assert error.hint


def test_a_login_that_ended_after_the_keepers_first_word_may_have_begun_the_run() -> None:
    error = ssh.failure(HOST, 1, "Traceback", began=True)
    assert type(error) is UnreachableError
    assert not ssh.certain(error, "Permission denied", began=True)


def test_what_a_host_says_is_shown_without_its_escapes() -> None:
    error = ssh.failure(HOST, 255, "banner\r\n\x1b[2J\x1b[31mssh: fake\x07\r\n")
    assert error.message == "db-1 cannot be reached: [2J[31mssh: fake"


# --- over real SSH ---------------------------------------------------------------------------------------------------


def attempt(host: Host, reached: Ssh) -> Outcome:
    return reach.run(Command(("touch", "/root/begun")), on=host, ssh=reached)


@pytest.mark.ssh
def test_a_host_whose_key_is_not_known_is_told_with_the_command_that_trusts_it(
    ssh_host: SshHost, tmp_path: Path
) -> None:
    with pytest.raises(HostKeyUnknownError, match="the host key of db-1 is not known") as caught:
        attempt(ssh_host.host(), Ssh(tmp_path / "known_hosts"))
    assert caught.value.hint == "holdfast inventory host trust db-1"
    assert not (tmp_path / "known_hosts").exists()


@pytest.mark.ssh
def test_a_host_with_another_key_is_refused_and_nothing_is_sent_to_it(ssh_host: SshHost, tmp_path: Path) -> None:
    other = (ssh_host.where / "key.pub").read_text()  # a key, but not the host's
    (tmp_path / "known_hosts").write_text(f"{ssh_host.address} {other}")
    with pytest.raises(HostKeyChangedError, match="another host key") as caught:
        attempt(ssh_host.host(), Ssh(tmp_path / "known_hosts"))
    assert caught.value.exit_code == ExitCode.REFUSED
    assert not (ssh_host.where / "root/begun").exists()


@pytest.mark.ssh
def test_a_login_that_is_not_let_in_is_told_where_to_look(ssh_host: SshHost, tmp_path: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "key"], check=True)
    for host in (ssh_host.host(key_file=str(tmp_path / "key")), ssh_host.host("nobody-here")):
        with pytest.raises(UnreachableError, match="db-1 lets nobody in") as caught:
            attempt(host, ssh_host.ssh())
        assert "ansible_user" in caught.value.hint


@pytest.mark.ssh
def test_a_host_that_is_off_or_does_not_listen_cannot_be_reached(ssh_host: SshHost) -> None:
    with pytest.raises(UnreachableError, match=r"db-1 cannot be reached: .*Connection refused"):
        attempt(ssh_host.host(port=2), ssh_host.ssh())
    ssh_host.cut()
    started = time.monotonic()
    with pytest.raises(UnreachableError, match=r"db-1 cannot be reached: .*timed out"):
        attempt(ssh_host.host(), ssh_host.ssh(connect=1.0))
    assert time.monotonic() - started < 10


@pytest.mark.ssh
def test_a_host_without_python_and_one_that_is_not_prepared_are_told_apart(ssh_host: SshHost) -> None:
    profile = ssh_host.where / "home/operator/.bashrc"
    profile.write_text("python3() { echo 'bash: python3: command not found' >&2; exit 127; }\n")
    try:
        with pytest.raises(NotPreparedError, match="db-1 has no python3") as caught:
            attempt(ssh_host.host("operator"), ssh_host.ssh())
        assert caught.value.hint == "install python3 on db-1"
    finally:
        profile.unlink()
    ssh_host.unprepare()
    with pytest.raises(NotPreparedError, match="db-1 lets Holdfast run nothing as root") as caught:
        reach.run(Command(("true",), as_root=True), on=ssh_host.host("operator"), ssh=ssh_host.ssh())
    assert caught.value.hint == "holdfast inventory host prepare db-1"


@pytest.mark.ssh
def test_a_login_that_talks_before_the_keeper_is_no_hindrance(ssh_host: SshHost) -> None:
    profile = ssh_host.where / "home/operator/.bashrc"
    profile.write_text("echo 'Authorised use only'; echo; echo oops >&2\n")
    try:
        outcome = reach.run(Command(("echo", "said")), on=ssh_host.host("operator"), ssh=ssh_host.ssh())
    finally:
        profile.unlink()
    assert (outcome.stdout, outcome.stderr) == ("said\n", "")
