from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from inventory.onhost import runs
from inventory.onhost.program import Program
from inventory.onhost.runs import RefusedError


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run's directory, which is the present one."""
    monkeypatch.setenv("HOME", str(tmp_path))
    directory = Path(runs.directory_of("run-0001"))
    directory.mkdir(mode=0o700)
    monkeypatch.chdir(directory)
    return directory


def test_runs_lie_in_the_logins_home_for_nobody_else(run: Path, tmp_path: Path) -> None:
    assert run == tmp_path / ".local/state/holdfast/runs/run-0001"
    assert run.parent.stat().st_mode & 0o777 == 0o700
    run.parent.chmod(0o755)
    with pytest.raises(RefusedError, match="can be read by others"):
        runs.directory_of("run-0002")


@pytest.mark.parametrize("name", ["", "short", "../../../etc", "a/b/c/d/e/f", "x" * 65, "run-0001\n"])
def test_a_name_that_leads_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(RefusedError):
        runs.directory_of(name)


def ended() -> Program:
    program = Program()
    program.result = {"exit_code": 0, "ends": [3, 0]}
    program.outputs[0].kept += b"out"
    program.outputs[0].base, program.outputs[0].acked = 7, 8
    return program


def test_a_result_is_recalled_as_it_was_kept(run: Path) -> None:
    assert runs.recall() is None
    assert runs.keep(ended())
    found = runs.recall()
    assert found is not None
    assert found.result == {"exit_code": 0, "ends": [3, 0]}
    assert (bytes(found.outputs[0].kept), found.outputs[0].base, found.outputs[0].acked) == (b"out", 7, 8)


def test_a_result_that_is_given_up_leaves_its_name(run: Path) -> None:
    runs.keep(ended())
    runs.write_file("state", b"{}")
    runs.forget()
    assert [file.name for file in run.iterdir()] == ["result"]
    assert runs.read_file("result") == {"over": True}
    assert runs.recall() is None


def test_a_full_disk_keeps_no_half_result(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert not runs.keep(ended())
    assert not (run / "result").exists()


@pytest.mark.parametrize("content", ["", "[]", "{", "\0"])
def test_a_file_that_says_nothing_is_nothing(content: str, run: Path) -> None:
    (run / "state").write_text(content)
    assert runs.read_file("state") == {}


def test_old_results_are_swept_and_others_stay(run: Path) -> None:
    runs.keep(ended())
    now = (run / "result").stat().st_mtime
    runs.sweep("..", now + runs.OLD_SECONDS - 1)
    assert run.exists()
    runs.sweep("..", now + runs.OLD_SECONDS + 1)
    assert not run.exists()


def test_what_never_ended_is_swept_only_when_it_cannot_run_any_more(run: Path) -> None:
    runs.note_start(Program())
    runs.sweep("..", run.stat().st_mtime + 2 * runs.OLD_SECONDS)
    assert run.exists()
    (run / "state").write_text('{"boot": "an earlier one"}')
    runs.sweep("..", run.stat().st_mtime + runs.OLD_SECONDS - 1)
    assert run.exists()
    runs.sweep("..", run.stat().st_mtime + runs.OLD_SECONDS + 1)
    assert not run.exists()


def test_a_name_that_was_given_up_is_swept_after_an_hour(run: Path) -> None:
    runs.forget()
    now = (run / "result").stat().st_mtime
    runs.sweep("..", now + runs.TOMBSTONE_SECONDS - 1)
    assert run.exists()
    runs.sweep("..", now + runs.TOMBSTONE_SECONDS + 1)
    assert not run.exists()


def test_what_a_dead_keeper_left_is_ended_and_nobody_else(run: Path) -> None:
    with subprocess.Popen(["sh", "-c", "trap '' TERM; sleep 3141"], start_new_session=True) as left:
        program = Program()
        program.process = left
        runs.note_start(program)
        state = runs.read_file("state")
        assert state["boot"] == runs.boot()
        (run / "state").write_text(json.dumps(state | {"born": "1"}))  # another process of that number
        runs.end_leftovers()
        assert left.poll() is None
        (run / "state").write_text(json.dumps(state))
        started = time.monotonic()
        runs.end_leftovers()
        assert left.wait(5) == -signal.SIGKILL
        assert time.monotonic() - started < 5


def allow(file: Path, argv: list[str], **env: str) -> None:
    runs.check_allowed({"argv": argv, "env": env}, str(file))


def test_root_runs_what_the_list_names_word_by_word_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "allowed"
    file.write_text("# programs\n\n/usr/local/bin/restic\n/usr/sbin/runuser -u postgres -- /usr/bin/psql\n")
    os.chown(file, 0, 0) if os.geteuid() == 0 else pytest.skip("the list must be root's")
    allow(file, ["/usr/local/bin/restic", "backup"], RESTIC_REPOSITORY="x", TZ="UTC")
    allow(file, ["/usr/sbin/runuser", "-u", "postgres", "--", "/usr/bin/psql", "-c", "select 1"])
    refused: list[tuple[list[str], dict[str, Any]]] = [
        (["/bin/sh"], {}),
        (["restic"], {}),
        (["/usr/local/bin/restic2"], {}),
        (["/usr/sbin/runuser", "-u", "root", "--", "/usr/bin/psql"], {}),
        (["/usr/sbin/runuser"], {}),
        (["/usr/local/bin/restic"], {"LD_PRELOAD": "/tmp/x.so"}),
        (["/usr/local/bin/restic"], {"PATH": "/tmp"}),
    ]
    for argv, env in refused:
        with pytest.raises(RefusedError):
            allow(file, argv, **env)


def test_a_list_that_others_can_write_or_that_is_not_there_allows_nothing(tmp_path: Path) -> None:
    file = tmp_path / "allowed"
    with pytest.raises(RefusedError, match="cannot be used"):
        allow(file, ["/bin/true"])
    file.write_text("/bin/true\n")
    file.chmod(0o666)
    with pytest.raises(RefusedError, match="can be written by others"):
        allow(file, ["/bin/true"])


def test_only_sudo_makes_the_list_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    for uid, by_sudo in (("1000", True), ("0", False)):
        monkeypatch.setenv("SUDO_UID", uid)
        assert runs.by_sudo() is by_sudo
    monkeypatch.delenv("SUDO_UID")
    assert not runs.by_sudo()
