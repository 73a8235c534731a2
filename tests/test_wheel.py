"""What a user installs: the wheel, in an environment of its own, far from the checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests import tools
from tests.test_layout import PACKAGES, ROOT

pytestmark = pytest.mark.wheel

UV = Path(sys.executable).parent / "uv"
DEMO_SECONDS = 280  # a bound on a stuck run; how long it may take is measured elsewhere


def run(*argv: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    ended = subprocess.run(
        argv, cwd=cwd, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, f"{argv}\n{ended.stdout}\n{ended.stderr}"
    return ended


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built without the network: hatchling comes from the lock."""
    out = tmp_path_factory.mktemp("wheel")
    build = ("build", "--wheel", "--no-build-isolation", "--offline", "--quiet")
    run(UV, *build, "--python", sys.executable, "--out-dir", out, cwd=ROOT)
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def holdfast(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The installed command, beside the locked versions of what it needs."""
    home = tmp_path_factory.mktemp("installed")
    run(UV, "venv", "--quiet", "--python", sys.executable, "env", cwd=home)
    locked = ("sync", "--frozen", "--no-dev", "--no-install-project", "--quiet")  # from uv's cache, as `make` left it
    run(UV, *locked, cwd=ROOT, UV_PROJECT_ENVIRONMENT=str(home / "env"))
    run(UV, "pip", "install", "--quiet", "--offline", "--no-deps", "--python", "env", wheel, cwd=home)
    return home / "env/bin/holdfast"


@pytest.fixture
def surroundings(tmp_path: Path) -> dict[str, str]:
    """A user's bare environment: no checkout on the path, a home of its own."""
    home = tmp_path / "home"
    home.mkdir()
    return {"HOME": str(home), "XDG_STATE_HOME": str(home / "state"), "PATH": "/usr/bin:/bin", "PYTHONPATH": ""}


def names_in(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_wheel_holds_the_packages_and_nothing_beside_them(wheel: Path) -> None:
    top = {name.split("/")[0] for name in names_in(wheel)}
    assert {name for name in top if not name.endswith(".dist-info")} == set(PACKAGES)


def test_the_wheel_holds_every_file_of_the_packages_and_the_licence(wheel: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "--", *PACKAGES], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.splitlines()
    if not listed:
        pytest.skip("not a git checkout: nothing says which files belong")
    names = names_in(wheel)
    assert [name for name in listed if (ROOT / name).exists() and name not in names] == []
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)


def test_the_installed_command_runs_its_own_code_and_says_its_version(
    holdfast: Path, surroundings: dict[str, str], tmp_path: Path
) -> None:
    assert run(holdfast, "--version", cwd=tmp_path, **surroundings).stdout.startswith("holdfast 0.")
    where = run(holdfast.parent / "python", "-c", "import cli; print(cli.__file__)", cwd=tmp_path, **surroundings)
    assert Path(where.stdout).is_relative_to(holdfast.parent.parent)


def test_a_site_made_by_the_installed_command_is_valid(
    holdfast: Path, surroundings: dict[str, str], tmp_path: Path
) -> None:
    run(holdfast, "init", "my-site", cwd=tmp_path, **surroundings)
    run(holdfast, "--site", "my-site", "inventory", "validate", cwd=tmp_path, **surroundings)


@pytest.mark.demo
@pytest.mark.restic
@pytest.mark.ansible
def test_the_installed_command_runs_the_demo(holdfast: Path, surroundings: dict[str, str], tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    restic = str(tools.require("restic"))
    ended = subprocess.run(
        [holdfast, "demo", "--json"],
        cwd=empty,
        env={**surroundings, "HOLDFAST_RESTIC": restic},
        capture_output=True,
        text=True,
        timeout=DEMO_SECONDS,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    result = json.loads(ended.stdout)
    assert result["ok"] is True
    assert all(system["verified"] for system in result["systems"])
    assert result["ledger"]["verified"] is True
