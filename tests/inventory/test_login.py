from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory import login

USERS = {0: "root", 990: "holdfast", 1000: "minh", 1001: "lan", 2000: "holdfast"}
BEHIND_SUDO = {"SUDO_USER": "minh", "SUDO_UID": "1000"}


@pytest.mark.parametrize(
    ("uid", "environment", "logged_in", "found"),
    [
        (0, {}, None, "root"),
        (0, BEHIND_SUDO, None, "minh"),
        (990, BEHIND_SUDO, None, "minh"),
        (990, BEHIND_SUDO, 1000, "minh"),
        (0, BEHIND_SUDO, 1001, "lan"),  # the kernel knows better who logged in
        (990, {}, 1000, "holdfast"),
        (1001, BEHIND_SUDO, None, "lan"),  # an ordinary user who sets the variables
        (1001, BEHIND_SUDO, 1000, "lan"),
        (2000, BEHIND_SUDO, None, "holdfast"),  # a user of that name who is no system user
        (0, {"SUDO_USER": "minh"}, None, "root"),
        (0, {"SUDO_USER": "minh", "SUDO_UID": "1001"}, None, "root"),
        (0, {"SUDO_USER": "minh", "SUDO_UID": "-1"}, None, "root"),
        (0, {"SUDO_USER": "minh", "SUDO_UID": "٣"}, None, "root"),
        (0, {"SUDO_USER": "ghost", "SUDO_UID": "5000"}, None, "root"),
        (4000, {}, None, "uid-4000"),
    ],
)
def test_who_asked_is_what_kernel_and_sudo_agree_on(
    uid: int, environment: dict[str, str], logged_in: int | None, found: str
) -> None:
    assert login.decide(uid, environment, USERS.get, logged_in) == found


@given(
    st.integers(1, 70_000).filter(lambda uid: uid != 990),
    st.dictionaries(st.sampled_from(["SUDO_USER", "SUDO_UID", "USER", "LOGNAME", "HOME"]), st.text(max_size=12)),
    st.none() | st.integers(0, 70_000),
)
def test_no_variable_turns_an_ordinary_user_into_another(
    uid: int, environment: dict[str, str], logged_in: int | None
) -> None:
    assert login.decide(uid, environment, USERS.get, logged_in) == login.decide(uid, {}, USERS.get, None)


def test_this_process_has_a_login() -> None:
    assert login.current() == pwd.getpwuid(os.getuid()).pw_name or "SUDO_USER" in os.environ


SCRIPT = """
set -e
mount -t tmpfs tmpfs {work}/mnt
cp /etc/passwd /etc/group /etc/shadow {work}/mnt
printf 'holdfast:x:990:990::/:/bin/sh\\nhf-minh:x:64001:64001::/:/bin/sh\\nhf-lan:x:64002:64002::/:/bin/sh\\n' \
  >> {work}/mnt/passwd
printf 'holdfast:x:990:\\nhf-minh:x:64001:\\nhf-lan:x:64002:\\n' >> {work}/mnt/group
printf 'holdfast:!:20000:0:99999:7:::\\nhf-minh:!:20000:0:99999:7:::\\nhf-lan:!:20000:0:99999:7:::\\n' \
  >> {work}/mnt/shadow
printf 'root ALL=(ALL) NOPASSWD: ALL\\nhf-minh ALL=(holdfast) NOPASSWD: ALL\\n' > {work}/mnt/sudoers
chmod 440 {work}/mnt/sudoers
for file in passwd group shadow sudoers; do mount --bind {work}/mnt/$file /etc/$file; done
ask=$(cat {module}; echo 'print(current())')
setpriv --reuid 64001 --regid 64001 --clear-groups sudo -n -u holdfast {python} -c "$ask"
setpriv --reuid 64002 --regid 64002 --clear-groups env SUDO_USER=hf-minh SUDO_UID=64001 {python} -c "$ask"
setpriv --reuid 64002 --regid 64002 --clear-groups sudo -n -u holdfast {python} -c "$ask" || echo refused
"""


def test_behind_the_real_sudo_the_caller_acts_and_nobody_becomes_him_by_a_variable(tmp_path: Path) -> None:
    """Real sudo, with a user list of its own that only this test's processes see."""
    if os.getuid() != 0 or not all(map(shutil.which, ("sudo", "unshare", "setpriv"))):
        pytest.skip("needs root, sudo, unshare and setpriv")
    (tmp_path / "mnt").mkdir()
    script = SCRIPT.format(work=tmp_path, module=login.__file__, python="/usr/bin/python3")
    if subprocess.run(["unshare", "-m", "true"], check=False, capture_output=True).returncode != 0:
        pytest.skip("this machine allows no mount namespace")
    ran = subprocess.run(["unshare", "-m", "sh", "-c", script], capture_output=True, text=True, check=False, timeout=60)
    assert ran.stdout.split() == ["hf-minh", "hf-lan", "refused"], ran.stderr
