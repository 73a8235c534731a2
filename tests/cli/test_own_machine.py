from __future__ import annotations

import platform
from pathlib import Path

import pytest

from cli import app, output, own_machine
from inventory import people, starter
from inventory.errors import ExitCode, RefusedError
from inventory.system import Host
from playbooks import apply

HERE = Host(name="laptop", connection="local")
DIRECTORY = Host(name="doc-1", connection="local", root="/srv/doc-1")
FAR = Host(name="far", address="192.0.2.9")


def test_other_machines_and_directories_need_no_name() -> None:
    own_machine.require_meant([DIRECTORY, FAR], "", again="x")


@pytest.mark.parametrize("named", ["", "laptop", "somewhere-else"])
def test_this_machine_is_left_alone_unless_it_is_named(named: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RefusedError, match="nobody named it") as caught:
        own_machine.require_meant([FAR, HERE], named, again="holdfast harden apply")
    assert f"holdfast harden apply --this-machine {platform.node()}" in (caught.value.hint or "")


def test_its_name_lets_the_change_go_on(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    own_machine.require_meant([HERE], platform.node(), again="x")
    monkeypatch.setattr(output, "ask", lambda _question: platform.node())
    own_machine.require_meant([HERE], "", again="x")
    assert f"laptop is the machine you work on, {platform.node()}" in capsys.readouterr().err


@pytest.mark.parametrize("options", [[], ["--yes"], ["--yes", "--this-machine", "this-machine"]])
def test_a_new_user_cannot_harden_the_machine_of_the_starter_site_by_accident(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, options: list[str]
) -> None:
    def never(*_: object, **__: object) -> None:
        pytest.fail("this machine would have been changed")

    monkeypatch.setattr(apply, "apply", never)
    starter.make(tmp_path / "site", name="x", login=people.current_login())
    assert app.run(["--site", str(tmp_path / "site"), "harden", "apply", *options]) == ExitCode.REFUSED
    assert "this-machine is this machine" in capsys.readouterr().err
