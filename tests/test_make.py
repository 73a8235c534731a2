"""`make`: what it offers, and what it says when the machine lacks something."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.test_layout import ROOT

TARGETS = ("demo", "test", "test-fast", "lint", "slow", "lab", "lab-down", "elastic", "bench", "clean", "help")


def make(directory: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run make beside a copy of the Makefile, so that no set-up of ours is used or changed."""
    program = shutil.which("make")
    if program is None:
        pytest.skip("make is not installed")
    for name in ("Makefile", "pyproject.toml", "uv.lock"):
        shutil.copy(ROOT / name, directory)
    return subprocess.run(
        [program, *arguments],
        cwd=directory,
        env={"PATH": "/usr/bin:/bin", "HOME": str(directory)} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def python(directory: Path, script: str) -> str:
    program = directory / "other-python"
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(0o755)
    return str(program)


def test_make_alone_lists_every_target(tmp_path: Path) -> None:
    ended = make(tmp_path)
    assert ended.returncode == 0
    assert [target for target in TARGETS if f"make {target} " not in ended.stdout] == []


def test_a_missing_python_is_named_with_the_command_that_gets_it(tmp_path: Path) -> None:
    ended = make(tmp_path, "test", "PYTHON=python-of-nobody")
    assert ended.returncode == 2
    assert "error: python-of-nobody is missing" in ended.stderr
    assert "sudo apt-get install python3 python3-venv" in ended.stderr


def test_a_python_too_old_is_named(tmp_path: Path) -> None:
    ended = make(tmp_path, "demo", f"PYTHON={python(tmp_path, 'exit 1')}")
    assert ended.returncode == 2
    assert "is older than 3.11" in ended.stderr


def test_a_python_without_venv_is_told_the_package_that_brings_it(tmp_path: Path) -> None:
    without = python(tmp_path, 'case "$*" in *ensurepip*) exit 1 ;; esac')
    ended = make(tmp_path, "test", f"PYTHON={without}")
    assert ended.returncode == 2
    assert "sudo apt-get install python3-venv" in ended.stderr
    assert not (tmp_path / ".venv").exists()


def test_a_set_up_without_a_network_says_so_and_does_not_count_as_done(tmp_path: Path) -> None:
    ended = make(tmp_path, "ready", PIP_NO_INDEX="1", PIP_FIND_LINKS="", PIP_CONFIG_FILE="/dev/null")
    assert ended.returncode == 2
    assert "uv could not be fetched from the Python package index" in ended.stderr
    assert list((tmp_path / ".venv").glob(".made-*")) == []


def test_the_lab_names_the_packages_it_lacks_before_any_set_up(tmp_path: Path) -> None:
    (tmp_path / "tests/lab").mkdir(parents=True)
    shutil.copy(ROOT / "tests/lab/needs.sh", tmp_path / "tests/lab")
    ended = make(tmp_path, "lab", PATH=str(tmp_path))
    assert ended.returncode == 2
    assert "error: the lab needs programs that are missing: sudo apt-get install mmdebstrap" in ended.stderr
    assert "docs/lab.md" in ended.stderr
    assert not (tmp_path / ".venv").exists()


@pytest.mark.parametrize("bench", sorted(file.stem for file in (ROOT / "bench").glob("*.py")))
def test_a_bench_finds_our_packages_although_files_beside_it_have_their_names(bench: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", f"import bench.{bench}"], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert (done.returncode, done.stderr) == (0, "")
