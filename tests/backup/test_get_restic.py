"""`backup/get-restic.sh`: which restic is used, what is fetched, and what is said when something is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.test_layout import ROOT

SCRIPT = ROOT / "backup" / "get-restic.sh"
ORDINARY = ["awk", "cat", "chmod", "chown", "cp", "id", "mkdir", "mktemp", "mv", "rm", "sed"]
FOUND, MISSING, NOT_FETCHED = 0, 2, 3


@dataclass
class Machine:
    """A machine that has the ordinary programs, and of the others only those a test gives it."""

    programs: Path
    temporary: Path
    here: Path

    def give(self, name: str, script: str) -> Path:
        program = self.programs / name
        program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        program.chmod(0o755)
        return program

    def give_real(self, *names: str) -> None:
        for name in names:
            found = shutil.which(name)
            if found is None:
                pytest.skip(f"{name} is not installed: not a Debian machine")
            (self.programs / name).symlink_to(found)

    def run(self, **environment: str) -> subprocess.CompletedProcess[str]:
        kept = {"PATH": str(self.programs), "TMPDIR": str(self.temporary), "HOME": str(self.here)}
        return subprocess.run(
            ["/bin/sh", str(SCRIPT)], cwd=self.here, env=kept | environment, capture_output=True, text=True, check=False
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    made = Machine(tmp_path / "bin", tmp_path / "tmp", tmp_path / "here")
    for directory in (made.programs, made.temporary, made.here):
        directory.mkdir()
    made.give_real(*ORDINARY)
    return made


def restic(version: str) -> str:
    return f'echo "restic {version} compiled with go1.24.4 on linux/amd64"'


def uris(archive: str) -> str:
    """What `apt-get --print-uris update` says of an archive."""
    return f"'{archive}/dists/bookworm/InRelease' bookworm_InRelease 0"


@pytest.mark.parametrize("version", ["0.17.0", "0.18.0 (Debian 0.18.0-1+b4)", "0.100.1", "1.0.0"])
def test_the_systems_own_restic_is_used_when_it_is_new_enough(machine: Machine, version: str) -> None:
    program = machine.give("restic", restic(version))
    ended = machine.run()
    assert (ended.returncode, ended.stdout.strip()) == (FOUND, str(program))


@pytest.mark.parametrize("script", [restic("0.14.0"), restic("0.16.5"), "echo gibberish", "exit 1"])
def test_a_restic_too_old_or_broken_is_not_used(machine: Machine, script: str) -> None:
    machine.give("restic", script)
    ended = machine.run()
    assert (ended.returncode, ended.stdout) == (MISSING, "")
    assert "apt-get is missing" in ended.stderr


def test_a_restic_fetched_earlier_is_used_without_asking_apt(machine: Machine) -> None:
    machine.give("restic", restic("0.14.0"))
    (machine.here / ".tools").mkdir()
    shutil.copy(machine.give("newer", restic("0.18.0")), machine.here / ".tools" / "restic")
    ended = machine.run()
    assert (ended.returncode, ended.stdout.strip()) == (FOUND, ".tools/restic")


def test_holdfast_restic_comes_first_and_is_refused_when_it_is_no_restic(machine: Machine) -> None:
    machine.give("restic", restic("0.17.0"))
    other = machine.give("other", restic("0.18.0"))
    assert machine.run(HOLDFAST_RESTIC=str(other)).stdout.strip() == str(other)
    ended = machine.run(HOLDFAST_RESTIC=str(machine.programs / "nothing"))
    assert ended.returncode == MISSING
    assert "HOLDFAST_RESTIC names" in ended.stderr


@pytest.mark.parametrize(("missing", "package"), [("apt-get", "apt"), ("dpkg", "dpkg"), ("dpkg-deb", "dpkg")])
def test_a_missing_program_is_named_with_the_package_that_brings_it(
    machine: Machine, missing: str, package: str
) -> None:
    for name in {"apt-get", "dpkg", "dpkg-deb"} - {missing}:
        machine.give(name, "exit 0")
    ended = machine.run()
    assert ended.returncode == MISSING
    assert f"error: {missing} is missing" in ended.stderr
    assert f"sudo apt-get install {package};" in ended.stderr


def test_a_machine_whose_sources_name_no_debian_archive_is_told_so(machine: Machine) -> None:
    machine.give_real("dpkg", "dpkg-deb")
    machine.give("apt-get", f'echo "{uris("https://packages.example.org/node")}"')
    ended = machine.run()
    assert ended.returncode == MISSING
    assert "name no Debian archive" in ended.stderr


def test_without_a_network_it_says_so_and_leaves_nothing_behind(machine: Machine) -> None:
    machine.give_real("dpkg", "dpkg-deb")
    listing = f'case "$*" in *print-uris*) echo "{uris("http://mirror.example.org/debian")}" ;; *) exit 100 ;; esac'
    machine.give("apt-get", listing)
    ended = machine.run()
    assert ended.returncode == NOT_FETCHED
    assert "could not be fetched" in ended.stderr
    assert list(machine.temporary.iterdir()) == []
    assert list((machine.here / ".tools").iterdir()) == []


def archive(root: Path) -> Path:
    """A Debian archive with a restic in it that nobody signed."""
    suite = root / "debian" / "dists" / "trixie"
    packages = suite / "main" / "binary-amd64"
    packages.mkdir(parents=True)
    (packages / "Packages").write_text("", encoding="utf-8")
    (suite / "Release").write_text("Suite: stable\nCodename: trixie\nComponents: main\n", encoding="utf-8")
    return root / "debian"


def one_line(mirror: Path) -> tuple[str, str]:
    return "debian.list", f"deb [trusted=yes] file:{mirror} trixie main\n"


def deb822(mirror: Path) -> tuple[str, str]:
    return "debian.sources", f"Types: deb\nURIs: file:{mirror}\nSuites: trixie\nComponents: main\nTrusted: yes\n"


@pytest.mark.parametrize("source", [one_line, deb822])
def test_a_package_that_debian_has_not_signed_is_refused_even_if_the_machine_trusts_its_source(
    machine: Machine, tmp_path: Path, source: Callable[[Path], tuple[str, str]]
) -> None:
    machine.give_real("apt-get", "dpkg", "dpkg-deb")
    name, text = source(archive(tmp_path))
    sources = tmp_path / "sources"
    sources.mkdir()
    (sources / name).write_text(text, encoding="utf-8")
    settings = tmp_path / "apt.conf"
    settings.write_text(f'Dir::Etc::sourcelist "/dev/null";\nDir::Etc::sourceparts "{sources}";\n', encoding="utf-8")
    ended = machine.run(APT_CONFIG=str(settings), PATH=f"{machine.programs}:/usr/bin:/bin", HOLDFAST_RESTIC="")
    assert ended.returncode == NOT_FETCHED
    assert "is not signed" in ended.stderr
    assert not (machine.here / ".tools" / "restic").exists()


@pytest.mark.slow
def test_debians_package_is_fetched_runs_and_leaves_the_machines_own_lists_alone(machine: Machine) -> None:
    machine.give_real("apt-get", "dpkg", "dpkg-deb")
    machine.give("restic", restic("0.14.0"))
    lists = Path("/var/lib/apt/lists")
    before = sorted((path.name, path.stat().st_mtime_ns) for path in lists.iterdir())
    ended = machine.run(PATH=f"{machine.programs}:/usr/bin:/bin:/usr/sbin:/sbin")
    assert ended.returncode == FOUND, ended.stderr
    fetched = machine.here / ended.stdout.strip()
    said = subprocess.run([fetched, "version"], capture_output=True, text=True, check=True).stdout
    assert said.startswith("restic 0.1")
    assert sorted((path.name, path.stat().st_mtime_ns) for path in lists.iterdir()) == before
    assert list(machine.temporary.iterdir()) == []
    assert os.access(fetched, os.X_OK)
