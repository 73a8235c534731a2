"""The collector's own readers, on files as they are found in the field."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playbooks.ansible import CONTENT
from tests.playbooks import hosts

FILE = CONTENT / "library" / "holdfast_collect.py"


def _load() -> ModuleType:
    """Load the module with an empty stand-in for what only Ansible itself brings."""
    stand_in = ModuleType("ansible.module_utils.basic")
    stand_in.AnsibleModule = None  # type: ignore[attr-defined]
    names = {"ansible": ModuleType("ansible"), "ansible.module_utils": ModuleType("ansible.module_utils")}
    names["ansible.module_utils.basic"] = stand_in
    kept = {name: sys.modules.get(name) for name in names}
    sys.modules.update(names)
    try:
        spec = importlib.util.spec_from_file_location("holdfast_collect", FILE)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module
    finally:
        for name, module_before in kept.items():
            sys.modules.pop(name)
            if module_before is not None:
                sys.modules[name] = module_before


collect = _load()


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "etc").mkdir()
    return tmp_path


def sshd(root: Path, text: str, **drop_ins: str) -> Any:
    hosts.put(root, "/etc/ssh/sshd_config", text)
    for name, content in drop_ins.items():
        hosts.put(root, f"/etc/ssh/sshd_config.d/{name}.conf", content)
    return collect.collect(str(root), False)["sshd"]


def test_the_first_value_wins_and_keywords_know_no_case(root: Path) -> None:
    found = sshd(root, "permitROOTlogin no\nPermitRootLogin yes\n")
    assert found["permitrootlogin"] == "no"
    assert found["how"] == "file"


def test_drop_in_files_are_read_in_the_order_of_their_names_where_they_are_included(root: Path) -> None:
    text = "Include /etc/ssh/sshd_config.d/*.conf\nMaxAuthTries 9\nX11Forwarding yes\n"
    found = sshd(root, text, b="MaxAuthTries 5\n", a="MaxAuthTries 3\n")
    assert found["maxauthtries"] == 3
    assert found["x11forwarding"] == "yes"
    assert found["drop_ins_first"] is True


def test_an_include_below_a_setting_does_not_override_it(root: Path) -> None:
    found = sshd(root, "MaxAuthTries 9\nInclude sshd_config.d/*.conf\n", a="MaxAuthTries 3\n")
    assert found["maxauthtries"] == 9
    assert found["drop_ins_first"] is False


def test_match_blocks_are_set_apart_to_the_end_of_the_file(root: Path) -> None:
    found = sshd(root, "Match User a\n PermitRootLogin yes\nMatch all\nMaxAuthTries 9\n")
    assert found["match_keywords"] == ["maxauthtries", "permitrootlogin"]
    assert found["permitrootlogin"] == "prohibit-password"


def test_comments_quotes_equal_signs_and_old_names_are_understood(root: Path) -> None:
    found = sshd(
        root, '# MaxAuthTries 1\nMaxAuthTries=5 # not 6\nLogLevel "verbose"\nPermitRootLogin without-password\n'
    )
    assert (found["maxauthtries"], found["loglevel"], found["permitrootlogin"]) == (5, "VERBOSE", "prohibit-password")


@pytest.mark.parametrize(("text", "value"), [("2m", 120), ("1h30m", 5400), ("45", 45), ("0", 0)])
def test_times_of_sshd_become_seconds(root: Path, text: str, value: int) -> None:
    assert sshd(root, f"LoginGraceTime {text}\n")["logingracetime"] == value


@pytest.mark.parametrize(
    ("text", "check"),
    [
        ("+aes128-cbc", lambda names: names[-1] == "aes128-cbc" and len(names) == 7),
        ("-aes*-ctr", lambda names: names and not any("ctr" in name for name in names)),
        ("^aes256-ctr", lambda names: names[0] == "aes256-ctr" and len(names) == 6),
        ("aes256-ctr,3des-cbc", lambda names: names == ["aes256-ctr", "3des-cbc"]),
    ],
)
def test_algorithm_lists_are_worked_out_as_sshd_does(root: Path, text: str, check: Any) -> None:
    assert check(sshd(root, f"Ciphers {text}\n")["ciphers"])


def test_a_number_that_is_none_is_unknown(root: Path) -> None:
    assert "unknown" in sshd(root, "MaxAuthTries many\n")["maxauthtries"]


def test_files_that_include_each_other_end_as_unknown(root: Path) -> None:
    found = sshd(root, "Include /etc/ssh/sshd_config.d/*.conf\n", a="Include /etc/ssh/sshd_config.d/*.conf\n")
    assert "includes too many files" in found["unknown"]


def test_no_hash_ever_leaves_the_host(root: Path) -> None:
    hosts.put(
        root, "/etc/shadow", "a:$6$salt$SECRETHASH:1::::::\nb:$y$j9T$salt$OTHERHASH:1::::::\nc::1::::::\nd:!:1::::::\n"
    )
    found = collect.collect(str(root), True)
    assert found["accounts"]["password_hashes"] == ["sha512", "yescrypt"]
    assert found["accounts"]["empty_passwords"] == ["c"]
    assert "HASH" not in str(found)
    assert "salt" not in str(found)


def test_a_locked_accounts_old_hash_is_still_counted(root: Path) -> None:
    hosts.put(root, "/etc/shadow", "a:!$1$salt$x:1::::::\nb:XyZsaltedDES:1::::::\n")
    assert collect.collect(str(root), True)["accounts"]["password_hashes"] == ["des or plain", "md5"]


def test_sudo_skips_the_files_sudo_skips_and_joins_continued_lines(root: Path) -> None:
    hosts.put(root, "/etc/sudoers", "ann ALL=(ALL) \\\n  NOPASSWD: ALL\n# bob ALL=NOPASSWD: ALL\n")
    hosts.put(root, "/etc/sudoers.d/old.bak", "eve ALL=(ALL) NOPASSWD: ALL\n")
    hosts.put(root, "/etc/sudoers.d/ops", "ops ALL=(ALL) NOPASSWD: ALL\n")
    assert collect.collect(str(root), True)["sudo"]["nopasswd"] == ["ann", "ops"]


def test_world_writable_files_are_found_and_links_and_sticky_folders_are_not_reported(root: Path) -> None:
    hosts.put(root, "/etc/open", "", 0o666)
    (root / "etc/link").symlink_to("open")
    (root / "etc/shared").mkdir()
    (root / "etc/shared").chmod(0o1777)
    assert collect.collect(str(root), True)["world_writable"] == ["/etc/open"]


def test_a_pipe_in_place_of_a_file_does_not_hang_the_scan(root: Path) -> None:
    import os

    os.mkfifo(root / "etc/passwd")
    assert "not an ordinary file" in collect.collect(str(root), True)["accounts"]["uid_0"]["unknown"]


def test_reading_the_machine_itself_gives_every_section(tmp_path: Path) -> None:
    found = collect.collect("", False)
    assert isinstance(found["sysctl"], dict)
    assert isinstance(found["network"]["open_ports"], list)
    assert found["files"]["/etc/passwd"]["mode"]
    assert found["directory"] is False


@given(text=st.text(max_size=300), other=st.binary(max_size=300))
def test_whatever_the_files_hold_every_section_comes_back(
    tmp_path_factory: pytest.TempPathFactory, text: str, other: bytes
) -> None:
    root = tmp_path_factory.mktemp("host")
    for path in ("etc/ssh/sshd_config", "etc/passwd", "etc/shadow", "etc/login.defs", "etc/sudoers"):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(other if path.endswith("shadow") else text.encode())
    found = collect.collect(str(root), True)
    assert set(found) >= {"sshd", "files", "accounts", "login_defs", "sudo", "sysctl", "services", "system"}
    assert "unknown" not in found["login_defs"]


def test_nothing_is_read_through_a_link_that_leads_out_of_the_host(root: Path, tmp_path: Path) -> None:
    away = tmp_path.parent / f"{tmp_path.name}-away"
    hosts.put(away, "/passwd", "root:x:0:0::/:/bin/sh\nintruder:x:0:0::/:/bin/sh\n", 0o666)
    hosts.put(away, "/systemd/system/multi-user.target.wants/telnet.socket", "")
    (root / "etc/passwd").symlink_to(away / "passwd")
    (root / "etc/systemd").symlink_to(away / "systemd")
    (root / "etc/group").symlink_to("../../nowhere")
    found = collect.collect(str(root), True)
    reason = {"unknown": "unreadable: /etc/passwd: a link that leads out of the host's directory"}
    assert found["files"]["/etc/passwd"] == reason
    assert found["accounts"]["uid_0"] == reason
    assert "leads out" in found["services"]["enabled"]["unknown"]
    assert "leads out" in found["system"]["journal_kept"]["unknown"]
    assert found["outside"] == {"/etc/passwd": "/etc/passwd", "/etc/group": "/etc/group"}
    assert "intruder" not in str(found)


def test_a_host_whose_own_directory_is_reached_by_a_link_is_read(root: Path, tmp_path: Path) -> None:
    hosts.put(root, "/etc/crontab", "", 0o600)
    way = tmp_path.parent / f"{tmp_path.name}-way"
    way.symlink_to(root)
    found = collect.collect(str(way), True)
    assert found["outside"] == {}
    assert found["files"]["/etc/crontab"]["mode"] == "0600"
