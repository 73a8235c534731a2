"""The door to Ansible: what comes back, and that nothing stays behind, whatever happens."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from inventory.reach import TimeLimitError
from playbooks import ansible
from playbooks.ansible import AnsibleError, Play, TaskResult

pytestmark = pytest.mark.ansible

CANARY = "kanarie-7f3a91"
SLEEPING = """
- hosts: all
  gather_facts: false
  tasks:
    - name: Begin
      ansible.builtin.debug: {msg: begun}
    - name: Take long
      ansible.builtin.command: sleep 600
"""
SECRET = f"""
- hosts: all
  gather_facts: false
  vars: {{word: {CANARY}}}
  tasks:
    - name: Use a secret
      ansible.builtin.command: "true {{{{ word }}}}"
      no_log: true
    - name: Wait for the look
      ansible.builtin.debug: {{msg: done}}
"""
COPYING = """
- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.copy: {content: hello, dest: TARGET}
"""
RUN = """
import sys
from pathlib import Path
from playbooks import ansible
ansible.run(
    ansible.Play(Path(sys.argv[1]), [Path(sys.argv[2])], ["here"]), lambda result: print(result.task, flush=True)
)
"""


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only directory for temporary files, of the run and of everything it starts."""
    directory = tmp_path / "scratch"
    directory.mkdir()
    monkeypatch.setenv("TMPDIR", str(directory))
    monkeypatch.setattr(tempfile, "tempdir", str(directory))
    return directory


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    (tmp_path / "inventory").mkdir()
    text = f"all: {{hosts: {{here: {{ansible_connection: local, holdfast_root: {tmp_path}}}}}}}"
    (tmp_path / "inventory" / "hosts.yml").write_text(text)
    return tmp_path / "inventory"


def playbook(tmp_path: Path, text: str) -> Path:
    (tmp_path / "book.yml").write_text(text)
    return tmp_path / "book.yml"


def left(scratch: Path) -> list[str]:
    """Return the command lines of processes that use the scratch directory."""
    return list(_users(scratch))


def _users(scratch: Path) -> Iterator[str]:
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            if (entry / "stat").read_text().rpartition(")")[2].split()[0] in "ZX":
                continue
            if str(scratch).encode() in (entry / "environ").read_bytes():
                yield (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue


def gone_within(scratch: Path, seconds: float) -> list[str]:
    deadline = time.monotonic() + seconds
    while (found := left(scratch)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


def test_results_come_back_typed_and_in_order(tmp_path: Path, inventory: Path, scratch: Path) -> None:
    seen: list[TaskResult] = []
    book = playbook(tmp_path, SLEEPING.replace("sleep 600", "echo hello"))
    results = ansible.run(Play(book, [inventory], ["here"]), seen.append)
    assert [(result.task, result.status, result.changed) for result in results] == [
        ("Begin", "ok", False),
        ("Take long", "ok", True),
    ]
    assert results[1].result["stdout"] == "hello"
    assert seen == results
    assert list(scratch.iterdir()) == []
    assert left(scratch) == []


def test_past_the_time_limit_nothing_is_left_within_five_seconds(
    tmp_path: Path, inventory: Path, scratch: Path
) -> None:
    seen: list[str] = []
    started = time.monotonic()
    with pytest.raises(TimeLimitError):
        ansible.run(
            Play(playbook(tmp_path, SLEEPING), [inventory], ["here"], limit=6),
            lambda result: seen.extend([result.task, *left(scratch)]),
        )
    assert time.monotonic() - started < 6 + 5
    assert seen[0] == "Begin", "the run was under way"
    assert left(scratch) == []
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_whichever_way_holdfast_ends_no_process_and_no_file_of_the_run_is_left(
    tmp_path: Path, inventory: Path, scratch: Path, sign: signal.Signals
) -> None:
    argv = [sys.executable, "-P", "-c", RUN, str(playbook(tmp_path, SLEEPING)), str(inventory)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"Begin\n"
        deadline = time.monotonic() + 30
        while not any("sleep 600" in line for line in left(scratch)) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert any("sleep 600" in line for line in left(scratch))
        process.send_signal(sign)
        assert gone_within(scratch, 5.0) == []
        process.wait(5)
    assert list(scratch.iterdir()) == []


def test_a_secret_is_neither_in_artifacts_nor_in_the_environment_nor_left_behind(
    tmp_path: Path, inventory: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_PASSWORD", CANARY)
    hits: list[str] = []

    def look(result: TaskResult) -> None:
        for file in scratch.rglob("*"):
            if file.is_file() and CANARY.encode() in file.read_bytes():
                hits.append(f"{file.relative_to(scratch)} after {result.task}")
        hits.extend(f"{result.task}: {line}" for line in left(scratch) if CANARY in line)
        if CANARY in str(result.result):
            hits.append(f"the result of {result.task}")

    ansible.run(Play(playbook(tmp_path, SECRET), [inventory], ["here"]), look)
    assert hits == []
    assert list(scratch.iterdir()) == []


def test_the_private_directory_is_for_its_owner_only(tmp_path: Path, inventory: Path, scratch: Path) -> None:
    modes: set[int] = set()
    book = playbook(tmp_path, SLEEPING.replace("sleep 600", "echo"))
    ansible.run(
        Play(book, [inventory], ["here"]),
        lambda _: modes.update(path.stat().st_mode & 0o777 for path in scratch.iterdir()),
    )
    assert modes == {0o700}


def test_modules_on_this_machine_work_in_the_private_directory_not_in_the_users_home(
    tmp_path: Path, inventory: Path, scratch: Path
) -> None:
    book = playbook(tmp_path, COPYING.replace("TARGET", str(tmp_path / "copied")))
    (result,) = ansible.run(Play(book, [inventory], ["here"]))
    assert result.changed
    assert str(result.result["src"]).startswith(str(scratch))


def test_a_playbook_that_cannot_be_read_is_named_with_the_next_step(tmp_path: Path, inventory: Path) -> None:
    with pytest.raises(AnsibleError) as caught:
        ansible.run(Play(playbook(tmp_path, "- hosts: all\n  tasks: 3\n"), [inventory], ["here"]))
    assert "could not begin" in caught.value.message
    assert "--syntax-check" in caught.value.hint


def test_ansible_is_found_beside_our_own_python_whatever_path_says(
    tmp_path: Path, inventory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    book = playbook(tmp_path, SLEEPING.replace("sleep 600", "echo"))
    assert len(ansible.run(Play(book, [inventory], ["here"]))) == 2


def test_host_keys_are_checked_against_the_sites_own_file_also_with_a_space_in_its_name(tmp_path: Path) -> None:
    folder = tmp_path / "my site"
    folder.mkdir()
    (folder / "known_hosts").touch()
    play = Play(tmp_path / "x.yml", [tmp_path], ["a"], known_hosts=folder / "known_hosts")
    env = ansible._environment(play, tmp_path)
    assert env["ANSIBLE_HOST_KEY_CHECKING"] == "True"
    arguments = shlex.split(env["ANSIBLE_SSH_ARGS"])
    assert f'UserKnownHostsFile="{folder}/known_hosts"' in arguments
    assert "StrictHostKeyChecking=yes" in arguments


SAYING = """
- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.debug: {msg: "{{ word }} {{ other }}"}
"""


def test_later_inventories_count_and_files_encrypted_as_a_whole_hinder_nobody(tmp_path: Path) -> None:
    for name, text in {
        "old/hosts.ini": "[web]\nhere ansible_connection=local word=old\n",
        "old/group_vars/web/plain.yml": "other: read\n",
        "old/group_vars/web/vault.yml": "$ANSIBLE_VAULT;1.1;AES256\n6162\n",
        "new/a.yml": "web: {hosts: {here: {word: new}}}\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    places = [tmp_path / "old/hosts.ini", tmp_path / "new"]
    (result,) = ansible.run(Play(playbook(tmp_path, SAYING), places, ["here"]))
    assert result.result["msg"] == "new read"
    assert (tmp_path / "old/group_vars/web/vault.yml").exists()
