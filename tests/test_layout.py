"""The tree keeps its shape: tests mirror the source, files and functions stay small, nothing imports in a circle."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("inventory", "ledger", "playbooks", "backup", "detect", "incident", "board", "cli")
CONTENT = ROOT / "playbooks" / "content"  # Ansible's, not imported

LONGEST_FILE = 300
LONGEST_FUNCTION = 50
LONGEST_FUNCTION_OF_MOST = 36  # nine of ten functions

# Modules without a test file of their own, each with the reason.
TESTED_ELSEWHERE = {
    "backup/here.py": "what it and backup/there.py promise is one contract, in tests/backup/test_machines.py",
    "inventory/clock.py": "a protocol and two lines of formatting, used by every ledger test",
    "cli/clock.py": "three calls into the standard library",
}

# Split so that this file passes its own test.
FORBIDDEN = (
    "/" + "work/",
    "/" + "tmp/brief",
    "session " + "transcript",
    "language " + "model",
    "deb." + "debian.org",
    "py" + "pi.org",
    "python" + "hosted.org",
)
NOT_OURS = ("uv.lock",)  # written by uv: it records where each package comes from
GENERATED = {".git", ".hypothesis", ".venv", ".tools", "build", "dist", "demo-run", "lab-run", "__pycache__"}
TEXT = {"", ".cfg", ".html", ".j2", ".json", ".md", ".py", ".sh", ".toml", ".txt", ".yaml", ".yml"}


def modules() -> list[Path]:
    found = (path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
    return sorted(path for path in found if CONTENT not in path.parents)


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def functions(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            yield f"{name_of(path)}:{node.lineno} {node.name}", node.end_lineno - node.lineno + 1


def imports(node: ast.AST) -> Iterator[str]:
    """Yield what a module needs to run, also inside functions; what only the type checker sees may go in circles."""
    match node:
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return
        case ast.Import():
            yield from (alias.name for alias in node.names)
        case ast.ImportFrom(module=str(module), level=0):
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)
    for child in ast.iter_child_nodes(node):
        yield from imports(child)


def texts() -> Iterator[Path]:
    for path in sorted(ROOT.rglob("*")):
        parts = set(path.relative_to(ROOT).parts)
        if parts & GENERATED or any(part.endswith("_cache") for part in parts) or not path.is_file():
            continue
        if path.suffix in TEXT and name_of(path) not in NOT_OURS:
            yield path


def test_every_module_has_a_test_file_that_mirrors_it() -> None:
    missing = [
        f"tests/{module.parent}/test_{module.name}"
        for module in (path.relative_to(ROOT) for path in modules())
        if module.name != "__init__.py"
        and str(module) not in TESTED_ELSEWHERE
        and not (ROOT / "tests" / module.parent / f"test_{module.name}").exists()
    ]
    assert not missing, "missing:\n" + "\n".join(missing)


def test_the_list_of_modules_tested_elsewhere_names_only_modules_that_exist() -> None:
    assert [name for name in TESTED_ELSEWHERE if not (ROOT / name).exists()] == []


def test_every_folder_of_tests_is_a_package() -> None:
    folders = {path.parent for path in (ROOT / "tests").rglob("*.py")}
    assert [name_of(folder) for folder in sorted(folders) if not (folder / "__init__.py").exists()] == []


def test_every_package_says_in_its_first_line_what_it_is_for() -> None:
    silent = [path for path in modules() if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))]
    assert [name_of(path) for path in silent] == []


def test_no_file_is_longer_than_it_may_be() -> None:
    lengths = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in modules()}
    assert {name: length for name, length in lengths.items() if length > LONGEST_FILE} == {}


def test_no_function_is_longer_than_it_may_be() -> None:
    lengths = dict(item for path in modules() for item in functions(path))
    assert {name: length for name, length in lengths.items() if length > LONGEST_FUNCTION} == {}


def test_nine_of_ten_functions_are_short() -> None:
    lengths = sorted(length for path in modules() for _, length in functions(path))
    assert lengths[len(lengths) * 9 // 10] <= LONGEST_FUNCTION_OF_MOST


def test_no_module_imports_itself_through_others() -> None:
    dotted = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in modules()}
    needs = {name: set(imports(ast.parse(path.read_text(encoding="utf-8")))) for name, path in dotted.items()}
    graph = {name: needed & dotted.keys() for name, needed in needs.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as cycle:
        pytest.fail("imports in a circle: " + " -> ".join(cycle.args[1]))


def test_no_file_names_this_machine_or_a_package_host() -> None:
    pattern = re.compile("|".join(map(re.escape, FORBIDDEN)), re.IGNORECASE)
    found = [
        f"{name_of(path)}:{number} {match[0]}"
        for path in texts()
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1)
        if (match := pattern.search(line))
    ]
    assert found == []
