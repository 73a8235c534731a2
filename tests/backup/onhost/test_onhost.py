from __future__ import annotations

import ast
import io
import subprocess
import sys
import zipfile
from pathlib import Path

from backup import onhost
from tests.test_layout import ROOT

HOSTS_PYTHON = (3, 9)


def parts() -> dict[str, ast.Module]:
    with zipfile.ZipFile(io.BytesIO(onhost.program())) as archive:
        return {name: ast.parse(archive.read(name), feature_version=HOSTS_PYTHON) for name in archive.namelist()}


def test_the_program_needs_nothing_but_the_oldest_python_of_hosts_and_itself() -> None:
    own = {name.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for name in onhost.PARTS}
    for name, tree in parts().items():
        for node in ast.walk(tree):
            found = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                found = [node.module or ""]
            assert all(one.split(".")[0] in sys.stdlib_module_names or one in own for one in found), (name, found)
            assert not isinstance(node, ast.Match), name


def test_every_module_that_runs_on_hosts_is_in_it() -> None:
    modules = {str(path.relative_to(ROOT)) for path in (ROOT / "backup" / "onhost").glob("*.py")}
    assert modules <= set(onhost.PARTS)
    newer = ("zip(strict", "strict=", "tomllib", "import UTC", "StrEnum", "sqlite3.SQLITE_")
    texts = [(ROOT / name).read_text(encoding="utf-8") for name in onhost.PARTS]
    assert [word for word in newer if any(word in text for text in texts)] == []


def test_it_runs_by_itself_and_names_its_own_digest(tmp_path: Path) -> None:
    file = tmp_path / "copies"
    file.write_bytes(onhost.program())
    said = subprocess.run(
        [sys.executable, "-I", str(file), "--version"], capture_output=True, text=True, check=True, cwd="/"
    )
    assert (said.stdout.strip(), said.stderr) == (onhost.digest(), "")
    assert onhost.program().startswith(b"#!/usr/bin/python3 -I\n")
