from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from inventory import agreement, ansible_inventory, groups
from inventory.ansible_inventory import LONGEST_BELIEVED, Ansible, Answer
from inventory.errors import ExitCode, HoldfastError
from inventory.sources import Source

BIN = Path(sys.executable).parent
NOW = datetime(2026, 5, 4, 8, tzinfo=UTC)
SCRIPT = """#!/bin/sh
echo '{"web": {"hosts": ["w1"], "vars": {"ansible_port": 2201}}, "_meta": {"hostvars": {"w1": {"ansible_user": "op"}}}}'
"""
SECRET = """$ANSIBLE_VAULT;1.1;AES256
64326362313761313364363261633539346562613133613135383462373763653561323535643135
"""


def make(root: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
        (root / name).chmod(0o755 if text.startswith("#!") else 0o644)


NESTED = """
all:
  vars: {ansible_user: everybody, ansible_port: 2200}
  children:
    outer:
      vars: {ansible_user: outer}
      children:
        inner: {hosts: {a: , b: {ansible_host: 10.0.0.2}}, vars: {ansible_port: 2203}}
        elsewhere:
  hosts: {loose: {ansible_connection: local}}
"""
INVENTORIES: dict[str, dict[str, str]] = {
    "nested groups": {"a.yml": NESTED, "b.yml": "elsewhere: {hosts: {c: }}\nouter: {hosts: {d: }}\n"},
    "ranges": {
        "a.yml": "w:\n  hosts:\n    web[01:12]: {ansible_user: op}\n    db-[a:f:2].x[1:2]: \n"
        "    n[1:10:2]:2222: \n    p:22: \n"
        "    q[:3]: \n    '[r]:23': {ansible_port: 24}\nx: {hosts: 'one'}\ny: {children: x}\n"
    },
    "children across files": {
        "a.yml": "p: {children: {q: , r: }}\n",
        "b.yml": "q: {hosts: {one: }}\n",
        "sub/c.yml": "r: {hosts: {two: , one: }, children: {s: }}\n",
        "sub/deep/d.yaml": "s: {hosts: {three: }}\n",
    },
    "ungrouped": {
        "a.yml": "all: {hosts: {x: , y: , z: }}\nungrouped: {hosts: {u: , y: }}\n"
        "g: {hosts: {y: }, children: {h: }}\nh: \n"
        "ungrouped2: {hosts: {z: }}\n"
    },
    "group_vars and host_vars": {
        "a.yml": "p: {children: {q: {hosts: {one: {ansible_user: inline}, two: }}}, vars: {ansible_port: 1}}\n",
        "group_vars/all.yml": "ansible_port: 2\nansible_user: all\nholdfast_root: /all\n",
        "group_vars/q": "ansible_host: 10.0.0.9\n",
        "group_vars/p/10.yml": "ansible_port: 3\n",
        "group_vars/p/20.json": '{"ansible_port": 4}',
        "group_vars/p/more/30.yaml": "ansible_ssh_private_key_file: /k\n",
        "group_vars/p/.hidden.yml": "ansible_port: 99\n",
        "group_vars/p/old.yml~": "ansible_port: 98\n",
        "group_vars/p.yml": "ansible_port: 97\n",
        "group_vars/unused.yml": "ansible_port: 96\n",
        "host_vars/one.yml": "ansible_user: file\n",
        "host_vars/two/x": "ansible_connection: local\n",
        "sub/group_vars/all.yml": "ansible_port: 95\n",
        "sub/b.yml": "q: {hosts: {three: }}\n",
    },
    "priorities": {
        "a.yml": "a: {hosts: {h: }, vars: {ansible_user: a, ansible_group_priority: 5}}\n"
        "b: {hosts: {h: }, vars: {ansible_user: b, ansible_group_priority: 3}}\n"
        "c: {hosts: {h: }, vars: {ansible_user: c}}\n"
        "up: {children: {b: }, vars: {ansible_user: up, ansible_group_priority: 50}}\n",
        "group_vars/c.yml": "ansible_group_priority: 90\nansible_port: 5\n",
        "group_vars/a.yml": "ansible_port: 6\n",
    },
    "legacy names": {
        "a.yml": "a:\n  vars: {ansible_ssh_user: old, ansible_user: new, ansible_ssh_port: 2022}\n"
        "  hosts:\n    h: {ansible_ssh_host: 10.0.0.1}\n    i: {ansible_host: 10.0.0.2, ansible_ssh_host: 10.0.0.3}\n"
        "    j: {ansible_host: , ansible_private_key_file: /a, ansible_ssh_private_key_file: /b}\n"
    },
    "encrypted and templates": {
        "a.yml": "a:\n  hosts:\n    h: {ansible_user: '{{ login }}', other: '{{ x }}'}\n    i: \n    j: \n  vars:\n"
        "    ansible_host: !unsafe '{{ not a template }}'\n    token: !vault |\n      "
        + SECRET.strip().replace("\n", "\n      ")
        + "\n",
        "group_vars/all/vault.yml": SECRET,
        "group_vars/all/plain.yml": "ansible_port: 2022\n",
        "host_vars/i.yml": "ansible_host: !vault |\n  " + SECRET.strip().replace("\n", "\n  ") + "\n",
        "host_vars/j.yml": SECRET,
    },
    "a host named like its group": {
        "a.yml": "sso: {hosts: {sso: {ansible_user: x}, other: }}\nz: {hosts: {sso: {ansible_port: 7}}}\n"
    },
    "odd files": {
        "a.yml": "a: {hosts: {h: }}\n",
        "empty.yml": "# nothing\n",
        "b.yml.orig": "- x",
        "c.cfg": "- x",
        "d.retry": "- x",
        "README.md": "- x",
        "notes.txt": "- x",
        ".e.yml": "- x",
        "f.yml~": "- x",
        "g.json": '{"g": {"hosts": {"i": {"ansible_port": 9}}}}',
        "hosts": "j: {hosts: {k: }}\n",
        "h.pyc": "x",
    },
    "anchors and merged keys": {
        "a.yml": "x: &x {hosts: &h {one: &o {ansible_user: op}, two: {<<: *o, ansible_port: 8}}}\n"
        "y: {hosts: *h, vars: {ansible_host: 010}}\nz: *x\n"
    },
    "odd values": {
        "a.yml": "a:\n  hosts:\n    h: {ansible_user: yes, ansible_host: 1.5}\n"
        "    i: {ansible_user: 2026-01-31, ansible_port: 0x16}\n"
        "    j: {ansible_user: 0o17, ansible_port: '22'}\n    k: {ansible_user: null, ansible_host: ~}\n"
    },
}
FOREIGN: dict[str, dict[str, str]] = {
    "INI": {"hosts.ini": "[web]\nw[1:3] ansible_user=op\n[web:vars]\nansible_port=2201\n[all:children]\nweb\n"},
    "INI without an extension": {"hosts": "w1 ansible_host=10.0.0.1\n[web]\nw2\n"},
    "a program": {"ask.sh": SCRIPT},
    "a mixed directory": {
        "a.yml": "web: {hosts: {w9: }, vars: {system: {name: Web}}}\n",
        "b.ini": "[web]\nw1 ansible_host=10.0.0.1\n",
        "c.sh": SCRIPT.replace("2201", "2202"),
        "group_vars/all/vault.yml": SECRET,
        "group_vars/web.yml": "ansible_user: file\n",
    },
    "TOML": {"a.toml": "[web.hosts.w1]\nansible_port = 2201\n"},
    "a plugin": {
        "1.yml": "web: {hosts: {w1: {ansible_port: 5}}}\n",
        "2.yml": "plugin: constructed\ngroups: {five: ansible_port == 5}\n",
    },
}


def compared(*places: Path) -> groups.Groups:
    """Read inventories, and see that nothing is read otherwise than Ansible reads it."""
    found = groups.read(*places, ask=Ansible())
    assert [str(problem) for problem in found.problems] == []
    answer = ansible_inventory.ask(places, found.foreign)
    assert [str(one) for one in agreement.differences(found.members, found.hosts, answer)] == []
    assert set(found.hosts) == set(answer.hosts)
    return found


@pytest.mark.ansible
@pytest.mark.parametrize("name", INVENTORIES)
def test_our_reading_of_yaml_is_ansibles(tmp_path: Path, name: str) -> None:
    make(tmp_path, INVENTORIES[name])
    found = compared(tmp_path)
    assert found.foreign == []
    assert found.hosts


@pytest.mark.ansible
@pytest.mark.parametrize("name", FOREIGN)
def test_what_is_not_yaml_is_read_by_ansible(tmp_path: Path, name: str) -> None:
    make(tmp_path, FOREIGN[name])
    found = compared(tmp_path)
    assert "w1" in found.hosts
    if name == "a mixed directory":
        assert found.members["web"] == ("w9", "w1")
        assert (found.hosts["w1"].port, found.hosts["w1"].address) == (2202, "10.0.0.1")
        assert found.places["web"] == ("web", "vars", "system")
        assert [remark.code for remark in found.remarks] == ["encrypted_file"]


@pytest.mark.ansible
def test_several_inventories_count_in_their_order(tmp_path: Path) -> None:
    make(tmp_path, {f"old/{name}": text for name, text in INVENTORIES["group_vars and host_vars"].items()})
    make(tmp_path, {f"ini/{name}": text for name, text in FOREIGN["INI"].items()})
    own = {
        "new/a.yml": "q: {hosts: {one: {ansible_port: 77}, four: }}\n"
        "new: {children: {p: }, vars: {ansible_user: new}}\n",
        "new/group_vars/p.yml": "ansible_host: 10.1.1.1\n",
        "new/group_vars/all.yml": "ansible_user: newest\n",
    }
    make(tmp_path, own)
    assert compared(tmp_path / "old", tmp_path / "new").foreign == []
    assert compared(tmp_path / "old/a.yml", tmp_path / "new").foreign == []
    assert compared(tmp_path / "ini/hosts.ini", tmp_path / "new").foreign != []


RECORDER = """#!/bin/sh
printf '%s\\n' "$*" >>"$RECORD"
exit 255
"""


@pytest.mark.ansible
def test_hosts_are_reached_where_ansible_would_reach_them(tmp_path: Path) -> None:
    """Old spellings and precedence show in what ansible hands to ssh, not in what ansible-inventory lists."""
    inventory = tmp_path / "inventory"
    make(inventory, INVENTORIES["legacy names"])
    make(tmp_path, {"ssh": RECORDER})
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "RECORD": str(tmp_path / "said")}
    env |= {"ANSIBLE_SSH_EXECUTABLE": str(tmp_path / "ssh"), "ANSIBLE_SSH_RETRIES": "0", "LC_ALL": "C.UTF-8"}
    argv = [str(BIN / "ansible"), "all", "-i", str(inventory), "-m", "raw", "-a", "true", "-f", "1"]
    subprocess.run(argv, env=env, cwd=tmp_path, capture_output=True, timeout=120, check=False)
    calls = (tmp_path / "said").read_text().splitlines()
    for host in groups.read(inventory).hosts.values():
        (call,) = [line for line in calls if f" {host.address} " in line]
        assert f"Port={host.port}" in call
        assert f'User="{host.user}"' in call
        assert not host.key_file or f'IdentityFile="{host.key_file}"' in call


# --- failures -------------------------------------------------------------------------------------------------------


def failing(tmp_path: Path, script: str, limit: float = 60) -> HoldfastError:
    make(tmp_path, {"ask.sh": script})
    with pytest.raises(HoldfastError) as caught:
        groups.read(tmp_path, ask=Ansible(limit=limit))
    return caught.value


@pytest.mark.ansible
def test_a_program_that_fails_is_named_with_what_it_said(tmp_path: Path) -> None:
    error = failing(tmp_path, "#!/bin/sh\necho 'no route to the cloud' >&2\nexit 3\n")
    assert error.message.startswith(f"{tmp_path}/ask.sh gives no inventory: ")
    assert "no route to the cloud" in error.message
    assert (error.hint, error.exit_code) == (f"try: {tmp_path}/ask.sh --list", ExitCode.UNFINISHED)


@pytest.mark.ansible
def test_a_program_that_says_nonsense_is_named(tmp_path: Path) -> None:
    assert "ask.sh gives no inventory" in failing(tmp_path, "#!/bin/sh\necho nonsense\n").message


def gone(pid: int) -> bool:
    for _ in range(100):
        with suppress(OSError):
            if (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z":
                time.sleep(0.1)
                continue
        return True
    return False


@pytest.mark.ansible
def test_a_program_that_hangs_is_ended_and_named(tmp_path: Path) -> None:
    error = failing(tmp_path, f"#!/bin/sh\necho $$ >{tmp_path}/../pid\nexec sleep 300\n", limit=8)
    assert error.message == f"{tmp_path}/ask.sh gave no inventory within 8 seconds and was ended"
    pid = int((tmp_path.parent / "pid").read_text())
    assert gone(pid)


@pytest.mark.ansible
def test_a_file_ansible_cannot_read_is_a_fault_of_the_site(tmp_path: Path) -> None:
    make(tmp_path, {"hosts.ini": "[web\nx y z\n"})
    (problem,) = groups.read(tmp_path, ask=Ansible()).problems
    assert (problem.file, problem.what[:22]) == (tmp_path / "hosts.ini", "Ansible cannot read it")


@pytest.mark.ansible
def test_a_system_written_where_only_ansible_reads_it_is_told(tmp_path: Path) -> None:
    make(tmp_path, {"hosts.ini": "[web]\nw1\n[web:vars]\nsystem={'name': 'Web'}\n"})
    (problem,) = groups.read(tmp_path, ask=Ansible()).problems
    assert "w1 have a `system` variable that is not in a YAML file" in problem.what


def test_without_the_program_nothing_is_claimed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, {"hosts.ini": "w1\n"})
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bin/python"))
    with pytest.raises(HoldfastError, match="ansible-inventory is missing") as caught:
        groups.read(tmp_path, ask=Ansible())
    assert caught.value.exit_code == ExitCode.UNFINISHED


def test_a_fault_of_our_own_files_is_told_before_ansibles_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, {"hosts.ini": "w1\n", "a.yml": "a: text\n"})
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bin/python"))
    assert [problem.file.name for problem in groups.read(tmp_path, ask=Ansible()).problems] == ["a.yml"]


@pytest.mark.parametrize("said", ["", "[]", "{}", '{"_meta": {"hostvars": []}}', '{"_meta": {"hostvars": {}}, "a": 3}'])
def test_an_answer_that_is_none_is_refused(tmp_path: Path, said: str) -> None:
    (tmp_path / "answer").write_text(said)
    with pytest.raises(HoldfastError, match="no inventory"):
        ansible_inventory.read(tmp_path / "answer")


# --- what is kept ---------------------------------------------------------------------------------------------------


class Counting:
    """Stands where Ansible is run, and counts how often it is."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked = 0
        monkeypatch.setattr(ansible_inventory, "ask", self)

    def __call__(self, *_: object) -> Answer:
        self.asked += 1
        return Answer({"web": (("w1",), ())}, {"w1": {"ansible_user": {"__ansible_unsafe": "op"}}}, frozenset({"w1"}))


def test_an_answer_is_kept_until_something_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counting = Counting(monkeypatch)
    make(tmp_path / "i", {"hosts.ini": "w1\n"})
    foreign = [Source(tmp_path / "i/hosts.ini", "static")]
    answers = [Ansible(tmp_path / "cache", NOW)([tmp_path / "i"], foreign) for _ in range(2)]
    assert (counting.asked, answers[0]) == (1, answers[1])
    assert (tmp_path / "cache").stat().st_mode & 0o777 == 0o700
    (kept,) = (tmp_path / "cache").iterdir()
    assert kept.stat().st_mode & 0o777 == 0o600
    make(tmp_path / "i", {"group_vars/all.yml": "ansible_user: x\n"})
    Ansible(tmp_path / "cache", NOW)([tmp_path / "i"], foreign)
    assert counting.asked == 2


def test_what_a_program_said_is_believed_for_a_short_time_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counting = Counting(monkeypatch)
    make(tmp_path / "i", {"ask.sh": SCRIPT})
    foreign = [Source(tmp_path / "i/ask.sh", "dynamic")]
    for now, times in (
        (NOW, 1),
        (NOW + LONGEST_BELIEVED, 1),
        (NOW + LONGEST_BELIEVED + timedelta(seconds=1), 2),
        (NOW - timedelta(days=1), 3),
        (None, 4),
    ):
        Ansible(tmp_path / "cache", now)([tmp_path / "i"], foreign)
        assert counting.asked == times


def test_a_fresh_question_is_asked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counting = Counting(monkeypatch)
    make(tmp_path / "i", {"hosts.ini": "w1\n"})
    Ansible(tmp_path / "cache", NOW)([tmp_path / "i"], ())
    fresh = Ansible(tmp_path / "cache", NOW, fresh=True)
    for _ in range(2):
        fresh([tmp_path / "i"], ())
    assert counting.asked == 2


@pytest.mark.parametrize("harm", ["open", "damaged", "no time", "file"])
def test_what_is_kept_badly_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, harm: str) -> None:
    counting = Counting(monkeypatch)
    make(tmp_path / "i", {"ask.sh": SCRIPT})
    foreign, cache = [Source(tmp_path / "i/ask.sh", "dynamic")], tmp_path / "cache"
    if harm == "file":
        cache.write_text("")
    Ansible(cache, NOW)([tmp_path / "i"], foreign)
    match harm:
        case "open":
            cache.chmod(0o777)
        case "damaged":
            next(cache.iterdir()).write_text("{")
        case "no time":
            next(cache.iterdir()).write_text(json.dumps({"answer": {}}))
    Ansible(cache, NOW)([tmp_path / "i"], foreign)
    assert counting.asked == 2


def test_only_the_newest_answers_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Counting(monkeypatch)
    for number in range(25):
        make(tmp_path / "i", {"hosts.ini": f"w{number}\n"})
        Ansible(tmp_path / "cache", NOW)([tmp_path / "i"], ())
    assert len(list((tmp_path / "cache").iterdir())) == 20


def test_the_cache_is_the_users_own() -> None:
    assert ansible_inventory.cache_directory({"HOME": "/h"}) == Path("/h/.cache/holdfast/inventory")
    assert ansible_inventory.cache_directory({"XDG_CACHE_HOME": "/c"}) == Path("/c/holdfast/inventory")
