"""The site's SSH key: made once, private, found by those who log in with it."""

from __future__ import annotations

import shutil
import subprocess
import threading
from pathlib import Path

import pytest

from inventory import keys, site, sitekey
from inventory.errors import HoldfastError
from inventory.system import Host

needs_ssh_keygen = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed")


@needs_ssh_keygen
def test_it_is_made_once_and_only_its_owner_reads_it(state: Path) -> None:
    made = sitekey.public(state)
    private = sitekey.path(state)
    assert keys.parse(made).kind == "ssh-ed25519"
    assert private.stat().st_mode & 0o777 == 0o600
    assert private.parent.stat().st_mode & 0o777 == 0o700
    derived = subprocess.run(["ssh-keygen", "-y", "-f", private], capture_output=True, text=True, check=True).stdout
    assert derived.split()[:2] == made.split()
    before = private.read_bytes()
    assert sitekey.public(state) == made
    assert private.read_bytes() == before
    assert sorted(path.name for path in private.parent.iterdir()) == ["ssh_ed25519", "ssh_ed25519.pub"]


@needs_ssh_keygen
def test_two_who_make_it_at_once_end_with_one_pair_that_fits(state: Path) -> None:
    made: list[str] = []
    threads = [threading.Thread(target=lambda: made.append(sitekey.public(state))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    argv = ["ssh-keygen", "-y", "-f", sitekey.path(state)]
    derived = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    assert derived.split()[:2] == sitekey.public(state).split()


def test_a_hosts_own_key_comes_first_and_without_any_there_is_none(state: Path) -> None:
    assert sitekey.key_file(Host(name="web"), state) == ""
    sitekey.path(state).parent.mkdir()
    sitekey.path(state).touch()
    assert sitekey.key_file(Host(name="web"), state) == str(sitekey.path(state))
    assert sitekey.key_file(Host(name="web", key_file="/k"), state) == "/k"


def test_it_lies_in_the_sites_state_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "site/inventory").mkdir(parents=True)
    (tmp_path / "site/holdfast.yml").write_text("site: try\nstate: ../state\n")
    here = site.load(tmp_path / "site")
    assert sitekey.of(here) is None
    sitekey.path(tmp_path / "state").parent.mkdir(parents=True)
    sitekey.path(tmp_path / "state").touch()
    assert sitekey.of(here) == sitekey.path(tmp_path / "state")


def test_a_state_directory_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "keys").touch()
    with pytest.raises(HoldfastError, match=r"SSH key .* cannot be made or read"):
        sitekey.public(tmp_path)
