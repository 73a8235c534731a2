from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

from inventory import onhost

HOSTS_PYTHON = (3, 9)
PARTS = Path(onhost.__file__).parent


def test_the_keeper_is_one_file_that_the_oldest_python_of_hosts_can_read() -> None:
    tree = ast.parse(onhost.source(), feature_version=HOSTS_PYTHON)
    imported = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in imported} <= sys.stdlib_module_names
    assert onhost.source().startswith(b"#!/usr/bin/python3 -I\n")


def test_no_two_parts_of_the_keeper_use_one_name_for_two_things() -> None:
    found: list[str] = []
    for part in onhost.PARTS:
        for node in ast.parse((PARTS / part).read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                found.append(node.name)
            elif isinstance(node, ast.Assign):
                names = [target for target in ast.walk(node) if isinstance(target, ast.Name)]
                found += [name.id for name in names if isinstance(name.ctx, ast.Store)]
    assert sorted(found) == sorted(set(found))


def test_nothing_in_the_keeper_is_newer_than_its_oldest_python() -> None:
    text = onhost.source().decode()
    for newer in (
        "zip(strict",
        "strict=",
        "removeprefix_",
        "match ",
        "ExceptionGroup",
        "tomllib",
        "from datetime import UTC",
    ):
        assert newer not in text


def test_the_keeper_as_one_line_becomes_the_keeper() -> None:
    bootstrap = [sys.executable, "-IS", "-c", onhost.BOOTSTRAP]
    done = subprocess.run(bootstrap, input=onhost.line(), capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (1, b"\0holdfast keeper\0", b"")  # it was asked nothing
    assert onhost.line().count(b"\n") == 1
