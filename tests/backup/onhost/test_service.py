"""The program as hosts run it: one order in, lines of JSON out."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from backup import onhost
from backup.onhost import order
from backup.onhost.survey import Wanted


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("host") / "copies"
    file.write_bytes(onhost.program())
    return file


def ask(program: Path, do: str, digest: str = "", **content: Any) -> tuple[int, dict[str, Any]]:
    asked = json.dumps({"digest": digest or onhost.digest(), "do": do, **content})
    done = subprocess.run([sys.executable, "-I", program], input=asked, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.returncode, json.loads(done.stdout.splitlines()[-1])


def test_an_order_of_another_version_is_not_carried_out(program: Path) -> None:
    assert ask(program, "clear", "0" * 64) == (0, {"answer": {"version": onhost.digest()}})


def test_only_its_own_folders_are_ever_emptied(program: Path, tmp_path: Path) -> None:
    for staging in (str(tmp_path / "a" / "b"), f"{onhost.STATE}/../x/y", f"{onhost.STATE}/y", "/etc/passwd"):
        code, said = ask(program, "clear", staging=staging)
        assert (code, said["error"]["kind"]) == (1, "HoldfastError"), staging
    wanted = Wanted("web-1", "/", [("/etc", ())], [], str(tmp_path / "staged"))
    assert ask(program, "survey", wanted=order.from_wanted(wanted))[0] == 1
    assert list(tmp_path.iterdir()) == []
