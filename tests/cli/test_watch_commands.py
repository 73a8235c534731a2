from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cli import app
from incident.watch import heartbeat
from inventory.errors import ExitCode
from tests.backup.world import SYSTEM, World


def watch(world: World, *words: str) -> int:
    return app.run(["--site", str(world.root / "site"), "watch", *words])


@pytest.mark.restic
def test_one_round_copies_what_is_due(world: World) -> None:
    assert watch(world, "--once", "--only", "backup") == ExitCode.DONE
    assert world.depot.copies().newest(SYSTEM) is not None
    assert not (heartbeat.folder(world.state) / "loop.json").exists(), "one round is no watch"


def test_who_may_take_no_copies_starts_no_watch(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    people = world.root / "site" / "people.yml"
    people.write_text(people.read_text().replace("[operator, responder]", "[viewer]"))
    for words in (("--once",), ("round", "backup")):
        assert watch(world, *words) == ExitCode.REFUSED
    assert "operator" in capsys.readouterr().err


def test_show_tells_the_days_ahead(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert watch(world, "show", "--json", "--days", "1") == ExitCode.FINDINGS, "a disk is needed, and away"
    shape = json.loads(capsys.readouterr().out)
    assert list(shape) == ["set_up", "silence", "parts", "ahead", "clashes"]
    assert shape["set_up"] is False
    assert [each["kind"] for each in shape["ahead"]].count("vault") == 5
    assert watch(world, "show") == ExitCode.FINDINGS
    said = capsys.readouterr().out
    assert ("never started here" in said, "clash: " in said, "weekly-a is away" in said) == (True, True, True)


def test_options_of_the_watch_before_a_subcommand_are_refused(world: World) -> None:
    assert watch(world, "--once", "show") == ExitCode.USAGE


@pytest.mark.restic
def test_the_watch_runs_until_it_is_told_to_end_and_leaves_no_process(world: World) -> None:
    command = (sys.executable, "-m", "cli.app", "--site", str(world.root / "site"), "watch", "--only", "backup")
    running = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline and world.depot.copies().newest(SYSTEM) is None:
        time.sleep(0.2)
    running.send_signal(signal.SIGTERM)
    said = running.communicate(timeout=60)[1]
    assert (running.returncode, "interrupted" in said) == (ExitCode.INTERRUPTED, True)
    assert world.depot.copies().newest(SYSTEM) is not None
    assert [record.kind for record in world.ledger.read(newest=1)] == ["watch.ended"]
    assert ours_left(world.root) == []


def ours_left(root: Path) -> list[str]:
    """Return the processes that work on this site."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(root) in words and process.name != str(os.getpid()):
            found.append(words)
    return found


def test_a_channel_is_tried_out_past_the_outbox(
    world: World, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    settings = world.root / "site/holdfast.yml"
    channels = (
        f"notifications: {{duty: {{command: [sh, -c, 'cat >{tmp_path}/told']}}, dead: {{command: [/bin/false]}}}}\n"
    )
    settings.write_text(settings.read_text() + channels)
    assert watch(world, "test-notify", "duty") == ExitCode.DONE
    assert "a test" in (tmp_path / "told").read_text()
    assert watch(world, "test-notify") == ExitCode.UNFINISHED
    said = capsys.readouterr().out
    assert ("duty: taken" in said, "dead: NOT taken" in said) == (True, True)
    assert watch(world, "test-notify", "sms") == ExitCode.UNFINISHED


def test_without_a_channel_there_is_nothing_to_try(world: World) -> None:
    assert watch(world, "test-notify") == ExitCode.USAGE
