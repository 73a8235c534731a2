"""Every guard is shown to bite: one violation of each kind is planted in a copy of the tree, and each must be named."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.test_layout import FORBIDDEN, PACKAGES, ROOT

PROGRAMS = Path(sys.executable).parent

LAYERS = {
    "inventory/planted_upwards.py": "import cli\n",
    "backup/planted_sideways.py": "import detect\n",
    "board/planted_downwards.py": "import inventory\n",  # allowed: must not be named
}
DOORS = {
    "backup/planted_process.py": "import subprocess\n",
    "incident/planted_runner.py": "import ansible_runner\n",
    "cli/planted_sigma.py": "import sigma\n",
    "incident/planted_sql.py": "import psycopg\n",
    "ledger/planted_server.py": "import psycopg\n",
    "incident/planted_page.py": "import jinja2\n",
    "detect/planted_ansible.py": "import ansible\n",
    "detect/planted_search.py": "import elasticsearch\n",
    "cli/planted_transport.py": "import elastic_transport\n",
    "ledger/planted_words.py": "import typer\n",
    "board/planted_colour.py": "import rich\n",
}
STYLE = {
    "incident/planted_now.py": ("from datetime import datetime\n\nNOW = datetime.now()\n", "TID251"),
    "detect/planted_time.py": ("import time\n\nNOW = time.time()\n", "TID251"),
    "backup/planted_print.py": ("print(1)\n", "T201"),
    "playbooks/planted_silence.py": ("def f():\n    try:\n        g()\n    except Exception:\n        pass\n", "S110"),
    "ledger/planted_shell.py": ("import os\n\nos.system('ls')\n", "S605"),
}
UNTYPED = {"inventory/planted_untyped.py": "def planted(value):\n    return value\n"}
SHAPE = {
    "board/planted_long.py": '"""Long."""\n' * 301,
    "board/planted_function.py": '"""Long."""\n\n\ndef planted() -> None:\n' + "    planted()\n" * 50,
    "board/planted_circle_a.py": '"""A circle."""\nfrom board import planted_circle_b\n',
    "board/planted_circle_b.py": '"""A circle."""\n\n\ndef later():\n    from board import planted_circle_a\n',
    "docs/planted.md": f"See {FORBIDDEN[0]}main\n",
    "tests/planted/test_planted.py": '"""A folder of tests that is no package."""\n',
}


def plant(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        target = root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


def run(root: Path, program: str, *arguments: str) -> tuple[int, str]:
    environment = {**os.environ, "PYTHONPATH": str(root), "COLUMNS": "200", "NO_COLOR": "1"}
    ended = subprocess.run(
        [PROGRAMS / program, *arguments], cwd=root, env=environment, capture_output=True, text=True, check=False
    )
    return ended.returncode, ended.stdout + ended.stderr


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the packages as they are, with their settings."""
    root = tmp_path_factory.mktemp("tree")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, root / package, ignore=shutil.ignore_patterns("__pycache__"))
    (root / "tests").mkdir()
    for name in ("pyproject.toml", "tests/__init__.py", "tests/test_layout.py"):
        shutil.copy(ROOT / name, root / name)
    return root


@pytest.fixture(scope="module")
def imports_said(tree: Path) -> str:
    plant(tree, LAYERS | DOORS)
    code, said = run(tree, "lint-imports", "--no-cache")
    assert code == 1
    return said


@pytest.mark.parametrize("name", [name for name in LAYERS if "downwards" not in name] + list(DOORS))
def test_an_import_past_a_layer_or_a_door_is_named(imports_said: str, name: str) -> None:
    importer = name.removesuffix(".py").replace("/", ".")
    imported = (LAYERS | DOORS)[name].split()[1]
    assert f"{importer} -> {imported} (l.1)" in imports_said


def test_an_import_that_points_down_is_allowed(imports_said: str) -> None:
    assert "planted_downwards" not in imports_said


@pytest.mark.parametrize("name", STYLE)
def test_a_forbidden_call_is_named(tree: Path, name: str) -> None:
    text, rule = STYLE[name]
    plant(tree, {name: text})
    code, said = run(tree, "ruff", "check", "--no-cache", "--output-format=concise", name)
    assert code == 1
    assert rule in said


def test_a_function_without_types_is_named(tree: Path, tmp_path: Path) -> None:
    plant(tree, UNTYPED)
    name = next(iter(UNTYPED))
    code, said = run(tree, "mypy", "--cache-dir", str(tmp_path), name)
    assert code == 1
    assert f"{name}:1: error: Function is missing a type annotation" in said


@pytest.fixture(scope="module")
def shape_said(tree: Path) -> str:
    plant(tree, SHAPE)
    return run(tree, "pytest", "-vv", "-p", "no:cacheprovider", "tests/test_layout.py")[1]


@pytest.mark.parametrize(
    ("guard", "named"),
    [
        ("every_module_has_a_test_file_that_mirrors_it", "tests/board/test_planted_long.py"),
        ("every_folder_of_tests_is_a_package", "'tests/planted'"),
        ("no_file_is_longer_than_it_may_be", "'board/planted_long.py': 301"),
        ("no_function_is_longer_than_it_may_be", "'board/planted_function.py:4 planted': 51"),
        ("no_module_imports_itself_through_others", "board.planted_circle_a"),
        ("no_file_names_this_machine_or_a_package_host", "docs/planted.md:1"),
    ],
)
def test_a_tree_out_of_shape_is_named(shape_said: str, guard: str, named: str) -> None:
    assert f"FAILED tests/test_layout.py::test_{guard}" in shape_said
    assert named in shape_said


def test_without_a_violation_the_same_guards_are_silent(tmp_path: Path) -> None:
    clean = {"pyproject.toml": (ROOT / "pyproject.toml").read_text(encoding="utf-8")}
    clean |= {f"{package}/__init__.py": '"""Nothing yet."""\n' for package in PACKAGES}
    plant(tmp_path, clean)
    assert run(tmp_path, "ruff", "check", "--no-cache", ".")[0] == 0
    code, said = run(tmp_path, "lint-imports", "--no-cache")
    assert code == 0, said
