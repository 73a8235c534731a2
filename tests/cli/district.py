"""A small site for the inventory's commands: two systems that need a third."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cli import app

SYSTEM = """
{key}:
  hosts: {{{key}-1: {{ansible_connection: local}}}}
  vars:
    system: {{name: "{name}", level: 3, rto: {rto}, depends_on: [{needs}]}}
"""


def make(root: Path) -> Path:
    """Write the site and return its directory."""
    (root / "inventory").mkdir(parents=True)
    (root / "holdfast.yml").write_text("site: district\n")
    for key, name, rto, needs in (
        ("edoc", "Documents", "2h", "sso"),
        ("lgsp", "Exchange", "8h", "sso"),
        ("sso", "Sign-on", "4h", ""),
    ):
        text = SYSTEM.format(key=key, name=name, rto=rto, needs=needs)
        (root / "inventory" / f"{key}.yml").write_text(text)
    return root


def asked(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    """Run one command with `--json` and return what it printed."""
    app.run(arguments)
    return json.loads(capsys.readouterr().out)
