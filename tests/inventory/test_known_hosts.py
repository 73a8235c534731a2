"""known_hosts: read as OpenSSH reads it, changed without touching anybody else's lines."""

from __future__ import annotations

import base64
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory import known_hosts
from inventory.errors import RefusedError
from inventory.keys import PublicKey
from inventory.system import Host


def key(seed: int) -> PublicKey:
    blob = b"\0\0\0\x0bssh-ed25519" + b"\0\0\0\x20" + seed.to_bytes(32, "big")
    return PublicKey("ssh-ed25519", blob)


NAMES = ["10.0.0.1", "10.0.0.11", "[10.0.0.1]:2222", "web.example", "fd00::1"]


@pytest.mark.parametrize(
    ("host", "name"),
    [
        (Host(name="web", address="10.0.0.1"), "10.0.0.1"),
        (Host(name="web", address="10.0.0.1", port=2222), "[10.0.0.1]:2222"),
        (Host(name="Web.Example"), "web.example"),
        (Host(name="six", address="fd00::1"), "fd00::1"),
        (Host(name="six", address="fd00::1", port=22022), "[fd00::1]:22022"),
    ],
)
def test_a_host_is_looked_up_as_openssh_does(host: Host, name: str) -> None:
    assert known_hosts.name_of(host) == name


@given(
    lines=st.lists(st.tuples(st.sampled_from(NAMES), st.integers(0, 5))),
    noise=st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\n"))),
    name=st.sampled_from(NAMES),
    new=st.lists(st.integers(6, 9), unique=True),
)
def test_putting_keys_in_and_taking_them_out_leaves_every_other_line_as_it_was(
    lines: list[tuple[str, int]], noise: list[str], name: str, new: list[int]
) -> None:
    others = [f"{each} {key(seed).line}" for each, seed in lines if each != name] + [f"# {text}" for text in noise]
    before = "".join(f"{line}\n" for line in others)
    keys = [key(seed) for seed in new]
    after = known_hosts.with_keys(before, name, keys)
    assert known_hosts.known(after, name) == keys
    assert known_hosts.with_keys(after, name, keys) == after
    assert known_hosts.without(after, name) == before


def test_a_line_that_several_hosts_share_keeps_the_others() -> None:
    text = f"web,10.0.0.1,alias {key(1).line} a comment\n"
    assert known_hosts.without(text, "10.0.0.1") == f"web,alias {key(1).line} a comment\n"


def test_a_line_with_a_pattern_is_not_touched() -> None:
    text = f"10.0.0.*,!10.0.0.9 {key(1).line}\n"
    assert known_hosts.known(text, "10.0.0.1") == [key(1)]
    assert known_hosts.known(text, "10.0.0.9") == []
    with pytest.raises(RefusedError, match=r"line 1 of known_hosts names 10\.0\.0\.1 by a pattern"):
        known_hosts.without(text, "10.0.0.1")


def test_revoked_keys_and_authorities_are_no_keys_of_a_host_and_stay() -> None:
    text = f"@revoked * {key(1).line}\n@cert-authority *.example {key(2).line}\nweb.example {key(3).line}\n"
    assert known_hosts.known(text, "web.example") == [key(3)]
    assert known_hosts.revoked(text, "web.example") == [key(1)]
    assert known_hosts.without(text, "web.example") == "".join(text.splitlines(keepends=True)[:2])


@given(st.text())
def test_no_text_breaks_the_reader(text: str) -> None:
    assert known_hosts.known(text, "web") == []
    assert known_hosts.without(text, "web") == text


def test_what_was_written_is_what_openssh_finds_also_after_it_hashed_the_names(tmp_path: Path) -> None:
    if shutil.which("ssh-keygen") is None:
        pytest.skip("ssh-keygen is not installed")
    for number, name in enumerate(NAMES):
        text = known_hosts.with_keys("", name, [key(number)])
        file = tmp_path / f"known_hosts-{number}"
        file.write_text(text)
        assert _finds(file, name), name
        subprocess.run(["ssh-keygen", "-H", "-f", file], check=True, capture_output=True)
        hashed = file.read_text()
        assert hashed.startswith("|1|")
        assert known_hosts.known(hashed, name) == [key(number)]
        assert known_hosts.without(hashed, name) == ""
        assert base64.b64encode(key(number).blob).decode() in hashed


def _finds(file: Path, name: str) -> bool:
    done = subprocess.run(["ssh-keygen", "-F", name, "-f", file], check=False, capture_output=True, text=True)
    return done.returncode == 0
