"""Words and refusals; what `watch install` and `watch remove` really do is in tests/control."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cli import app
from inventory import machine
from inventory.errors import ExitCode


@pytest.mark.parametrize("words", [("install",), ("install", "--plan"), ("remove", "--yes")])
@pytest.mark.parametrize(
    ("systemd", "root", "code", "said"),
    [
        (False, True, ExitCode.USAGE, "holdfast watch --once"),
        (True, False, ExitCode.REFUSED, "sudo holdfast watch"),
        (True, True, ExitCode.REFUSED, "setup --plan"),
    ],
)
def test_what_is_missing_is_said_with_the_way_on(
    words: tuple[str, ...],
    systemd: bool,
    root: bool,
    code: ExitCode,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(machine, "systemd", lambda: systemd)
    monkeypatch.setattr(os, "geteuid", lambda: 0 if root else 1234)
    monkeypatch.setattr("inventory.installing.written", lambda: None)
    found = app.run(["watch", *words])
    assert (found, said in (text := capsys.readouterr().err)) == (code, True), text
    assert not Path("/etc/systemd/system/holdfast-watch.service").exists()
