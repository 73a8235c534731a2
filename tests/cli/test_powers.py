from __future__ import annotations

import ast
from pathlib import Path

from typer.main import get_command

from cli import app
from cli.powers import powers

CLI = Path(app.__file__).parent


def test_every_place_that_asks_for_a_role_is_behind_a_listed_command() -> None:
    found = powers(get_command(app.app))
    for file in CLI.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "may":
                asked = {argument.value for argument in node.args if isinstance(argument, ast.Constant)}
                assert asked in map(set, found.values()), f"{file}:{node.lineno}"


def test_known_commands_have_their_roles() -> None:
    found = powers(get_command(app.app))
    assert set(found["recover run"]) == {"responder"}
    assert set(found["backup run"]) == {"operator", "responder"}
    assert "recover plan" not in found
    assert set(found["backup media attach"]) == {"operator", "responder"}
    assert "backup media list" not in found
    assert set(found["detect run"]) == {"security", "operator", "responder"}
    assert set(found["harden apply"]) == {"operator", "security"}
