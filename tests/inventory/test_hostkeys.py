"""A host's own keys: read from whatever text they come in, judged, shown as ssh-keygen shows them."""

from __future__ import annotations

import shutil
import socket
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory import hostkeys
from inventory.errors import RefusedError, UsageError
from inventory.keys import PublicKey
from inventory.reach import UnreachableError
from inventory.system import Host


def key(seed: int, kind: str = "ssh-ed25519") -> PublicKey:
    parts = [kind.encode(), seed.to_bytes(32, "big")]
    return PublicKey(kind, b"".join(len(part).to_bytes(4, "big") + part for part in parts))


RSA = "ssh-rsa"


def test_a_host_without_known_keys_is_new() -> None:
    assert hostkeys.judge([key(1)], []).state == "new"


def test_a_host_that_shows_a_known_key_is_known_whatever_other_kinds_it_shows() -> None:
    assert hostkeys.judge([key(1), key(2, RSA)], [key(1)]).state == "known"
    assert hostkeys.judge([key(1)], [key(1), key(2, RSA)]).state == "known"


@pytest.mark.parametrize(
    ("offered", "known"),
    [
        ([key(1)], [key(2)]),
        ([key(1, RSA)], [key(2)]),
        ([key(1), key(3, RSA)], [key(1), key(4, RSA)]),
    ],
)
def test_a_host_with_another_key_than_the_known_one_is_changed(
    offered: list[PublicKey], known: list[PublicKey]
) -> None:
    assert hostkeys.judge(offered, known).state == "changed"


@given(st.sets(st.integers(0, 5), min_size=1), st.sets(st.integers(0, 5), min_size=1))
def test_no_host_is_known_by_a_key_it_does_not_show(offered: set[int], known: set[int]) -> None:
    state = hostkeys.judge([key(n) for n in offered], [key(n) for n in known]).state
    assert (state == "known") == (known <= offered), "of one kind every known key must be shown"


def test_keys_are_read_from_pub_files_known_hosts_and_scans_and_nothing_else() -> None:
    line = key(1).line
    for text in (f"{line} root@web\n", f"10.0.0.1 {line}\n", f"# 10.0.0.1:22 SSH-2.0\n[10.0.0.1]:22 {line}\r\n"):
        assert hostkeys.read(text) == (key(1),)
    assert hostkeys.read(f"-----BEGIN OPENSSH PRIVATE KEY-----\n{line[:40]}\nssh-dss AAAA\nssh-ed25519 %%%\n") == ()
    assert hostkeys.read(f"ssh-rsa {line.split()[1]}\n") == (), "the kind it says is not the kind it is"


@given(st.text())
def test_no_text_breaks_the_reader(text: str) -> None:
    assert hostkeys.read(text) == ()


def test_a_fingerprint_given_chooses_its_key_and_refuses_when_none_has_it() -> None:
    keys = (key(1), key(2, RSA))
    assert hostkeys.compare(keys, [key(2, RSA).fingerprint], "web") == (key(2, RSA),)
    assert hostkeys.compare(keys, [key(1).fingerprint + "="], "web") == (key(1),)
    with pytest.raises(RefusedError) as refused:
        hostkeys.compare(keys, [key(3).fingerprint], "web")
    for each in (key(1), key(2, RSA), key(3)):
        assert each.fingerprint in refused.value.message
    with pytest.raises(UsageError, match="is no fingerprint"):
        hostkeys.compare(keys, ["MD5:00:11"], "web")


def test_a_key_is_shown_letter_by_letter_as_ssh_keygen_shows_it(tmp_path: Path) -> None:
    if shutil.which("ssh-keygen") is None:
        pytest.skip("ssh-keygen is not installed")
    for number, options in enumerate((["-t", "ed25519"], ["-t", "ecdsa", "-b", "521"], ["-t", "rsa", "-b", "2048"])):
        file = tmp_path / f"key-{number}"
        subprocess.run(["ssh-keygen", "-q", *options, "-N", "", "-C", "web", "-f", file], check=True)
        (read,) = hostkeys.read_file(file.with_suffix(".pub"))
        said = subprocess.run(["ssh-keygen", "-lf", file], check=True, capture_output=True, text=True).stdout
        assert hostkeys.shown(read, "web") == said.strip()


def test_a_file_without_a_key_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        hostkeys.read_file(tmp_path / "none")
    (tmp_path / "empty").touch()
    with pytest.raises(UsageError, match="holds no public host key"):
        hostkeys.read_file(tmp_path / "empty")


def test_a_host_that_has_no_key_or_whose_address_is_a_template_is_refused() -> None:
    with pytest.raises(UsageError, match="reached over local"):
        hostkeys.require_ssh(Host(name="web", connection="local"))
    with pytest.raises(UsageError, match="ansible_host is a template"):
        hostkeys.require_ssh(Host(name="web", unclear=("ansible_host is a template (web.yml:3)",)))


def test_a_port_where_nobody_speaks_ssh_shows_no_key() -> None:
    if shutil.which("ssh-keyscan") is None:
        pytest.skip("ssh-keyscan is not installed")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: every connection is refused
        host = Host(name="web", address="127.0.0.1", port=taken.getsockname()[1])
        with pytest.raises(UnreachableError, match="showed no host key"):
            hostkeys.scan(host)
