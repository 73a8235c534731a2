"""What a thief of a disk or of a host finds: tried, with the real restic, on real bytes."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from backup import media, sealing
from backup.depot import Depot
from tests import tools
from tests.backup import world as worlds
from tests.backup.world import LABEL, SYSTEM, World
from tests.incident.district import SYSTEMS, District

pytestmark = pytest.mark.restic


def restic(repository: Path, password: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run restic as a thief would: their own program, a password they try."""
    command = (tools.require("restic"), "--no-lock", "--no-cache", "-r", repository, *words)
    surroundings = {"RESTIC_PASSWORD": password, "PATH": "/usr/bin:/bin", "HOME": "/nonexistent"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=surroundings)


@pytest.fixture
def stolen(copied: World) -> Path:
    """A sealed medium, taken from its shelf."""
    sealing.seal(copied.depot, LABEL)
    return media.detach(copied.depot, LABEL)


@pytest.mark.parametrize("password", ["", "password", "holdfast", LABEL])
def test_a_stolen_medium_opens_with_no_password_that_is_not_its_own(stolen: Path, password: str) -> None:
    stolen.chmod(0o700)
    tried = restic(stolen / SYSTEM, password, "snapshots")
    assert tried.returncode != 0
    assert tried.stdout.strip() == ""


def test_a_stolen_medium_holds_no_word_of_the_data_no_file_name_and_no_key(stolen: Path, copied: World) -> None:
    stolen.chmod(0o700)
    secrets = [
        file.read_bytes().strip() for file in (copied.state / "keys").rglob("*") if file.suffix not in {"", ".pub"}
    ]
    passwords = [file.read_bytes().strip() for file in (copied.state / "keys/medium").rglob("*") if file.is_file()]
    document = next(path for path in (copied.data / "files").iterdir() if not path.is_symlink())
    looked_for = [*secrets, *passwords, document.name.encode(), document.read_bytes()[:32], b"create table beat"]
    assert (len(secrets), len(passwords)) == (1, 1)
    for file in worlds.tree(stolen).values():
        assert not any(word in file for word in looked_for)


def test_with_its_password_the_same_medium_does_open(stolen: Path, copied: World) -> None:
    """So the two tests above did look at something that can be read."""
    stolen.chmod(0o700)
    password = copied.depot.key_file(copied.depot.medium(LABEL), SYSTEM).read_text()
    assert "edoc" in restic(stolen / SYSTEM, password, "snapshots", "--json").stdout


def test_what_one_host_is_given_opens_its_own_copies_and_no_others(safe: District) -> None:
    depot = Depot(safe.site, safe.state, safe.ledger)
    store = depot.vault("main")
    passwords = {key: depot.key_file(store, key).read_text() for key in SYSTEMS}
    assert len(set(passwords.values())) == len(SYSTEMS)
    for mine, password in passwords.items():
        for other in SYSTEMS:
            opened = restic(Path(store.holder.place(other)), password, "snapshots").returncode == 0
            assert opened == (mine == other), f"the password of {mine} against the copies of {other}"


def test_the_password_of_the_vault_does_not_open_the_medium(copied: World) -> None:
    depot = copied.depot
    password = depot.key_file(depot.vault("main"), SYSTEM).read_text()
    assert restic(depot.medium(LABEL).path / SYSTEM, password, "snapshots").returncode != 0
