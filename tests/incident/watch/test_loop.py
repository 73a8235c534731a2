"""The loop with real processes: isolation, limits, one watch at a time, a clean end."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from cli.clock import SystemClock
from incident.watch import heartbeat
from incident.watch.loop import Loop
from incident.watch.parts import Name, Part
from inventory.command import Command
from inventory.errors import ExitCode
from inventory.reach import Background
from ledger.errors import LeaseLostError
from ledger.ledger import Ledger

SHORT, LONG = timedelta(seconds=0.5), timedelta(minutes=1)


@pytest.fixture
def live(state: Path) -> Ledger:
    """A ledger with the real clock."""
    return Ledger.open(state, SystemClock(), "holdfast")


def part(name: Name, *, every: timedelta = LONG, limit: timedelta = LONG) -> Part:
    return Part(name, every, limit)


def shell(**scripts: str) -> Callable[[Part, Path], Background]:
    """Let each part run a script."""
    return lambda each, log: Background(Command(("sh", "-c", scripts[each.name])), log)


def watch(ledger: Ledger, state: Path, parts: list[Part], **scripts: str) -> tuple[ExitCode, list[str]]:
    said: list[str] = []
    return Loop(ledger, state, parts, shell(**scripts), said.append).run(once=True), said


def kinds(ledger: Ledger) -> list[str]:
    return [record.kind for record in ledger.read()]


def test_once_runs_each_part_and_returns_the_worst_end(live: Ledger, state: Path) -> None:
    parts = [part("backup"), part("detect")]
    code, said = watch(live, state, parts, backup="exit 0", detect="echo '3 new alerts'; exit 1")
    assert code == ExitCode.FINDINGS
    assert [line.partition(" (")[0] for line in sorted(said)] == ["backup: done", "detect: findings: 3 new alerts"]
    for name in ("backup", "detect"):
        beat = heartbeat.read(state, name)
        assert beat is not None
        assert (beat.ended_at is not None, beat.problem) == (True, "")
    assert kinds(live) == ["watch.started", "watch.ended"]


def test_a_part_that_fails_is_named_with_its_own_words_and_the_others_run(live: Ledger, state: Path) -> None:
    script = "echo note; echo 'error: the vault main is not there' >&2; echo 'hint: mount it'; exit 3"
    code, said = watch(live, state, [part("backup"), part("detect")], backup=script, detect="exit 0")
    assert code == ExitCode.UNFINISHED
    assert [re.sub(r"\(.*\)", "(…)", line) for line in sorted(said)] == [
        "backup: the vault main is not there (…)",
        "detect: done (…)",
    ]
    assert heartbeat.read(state, "backup").problem == "the vault main is not there"  # type: ignore[union-attr]
    assert heartbeat.read(state, "detect").problem == ""  # type: ignore[union-attr]


def test_a_failure_is_recorded_once_and_its_end_too(live: Ledger, state: Path) -> None:
    for script in ("exit 3", "exit 3", "exit 0"):
        watch(live, state, [part("backup")], backup=script)
    assert [kind for kind in kinds(live) if kind not in {"watch.started", "watch.ended"}] == [
        "watch.failed",
        "watch.mended",
    ]


def test_a_part_that_hangs_is_ended_with_its_children_and_holds_up_nobody(live: Ledger, state: Path) -> None:
    pids = state / "pids"
    script = f"sleep 600 & echo $! $$ >{pids}; wait"
    parts = [part("backup", limit=SHORT), part("detect")]
    code, said = watch(live, state, parts, backup=script, detect="exit 0")
    assert code == ExitCode.UNFINISHED
    assert any("took longer than" in line for line in said)
    for pid in pids.read_text().split():
        assert not Path(f"/proc/{pid}/stat").exists() or " Z " in Path(f"/proc/{pid}/stat").read_text()


def test_a_second_watch_is_refused_while_the_first_lives(live: Ledger, state: Path) -> None:
    held = live.own("watch")
    other = Ledger.open(state, SystemClock(), "lan")
    with pytest.raises(LeaseLostError):
        watch(other, state, [part("backup")], backup=f"touch {state}/ran")
    assert not (state / "ran").exists()
    live.disown(held)
    watch(other, state, [part("backup")], backup=f"touch {state}/ran")
    assert (state / "ran").exists()


def test_parts_are_run_again_when_they_are_due_until_the_watch_is_told_to_end(live: Ledger, state: Path) -> None:
    rounds = state / "rounds"
    script = f"echo x >>{rounds}"

    def interrupt() -> None:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and not (rounds.exists() and len(rounds.read_text().split()) >= 3):
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        Loop(live, state, [part("backup", every=SHORT)], shell(backup=script), lambda _: None).run(once=False)
    assert len(rounds.read_text().split()) >= 3
    assert "told to end" in heartbeat.silence(state, live.clock.now())
    assert kinds(live)[-1] == "watch.ended"
    first, *_ = live.read(kinds=("watch.started",))
    assert (first.body["once"], first.body["silent_seconds"]) == (False, None)


_PROGRAM = """
import sys
from datetime import timedelta
from pathlib import Path
from cli.clock import SystemClock
from incident.watch.loop import Loop
from incident.watch.parts import Part
from inventory.command import Command
from inventory.reach import Background
from ledger.ledger import Ledger
state = Path(sys.argv[1])
ledger = Ledger.open(state, SystemClock(), "holdfast")
script = f"echo $$ >{state}/pid; sleep 600"
Loop(ledger, state, [Part("backup", timedelta(minutes=1), timedelta(minutes=9))],
     lambda part, log: Background(Command(("sh", "-c", script)), log), print).run(once=False)
"""


def test_a_watch_that_is_killed_leaves_no_process_and_the_next_one_takes_over_at_once(state: Path) -> None:
    killed = subprocess.Popen([sys.executable, "-c", _PROGRAM, state])
    pid = wait_for(state / "pid")
    killed.kill()
    killed.wait()
    deadline = time.monotonic() + 10
    while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not Path(f"/proc/{pid}").exists()
    code, _ = watch(Ledger.open(state, SystemClock(), "lan"), state, [part("backup")], backup="exit 0")
    assert code == ExitCode.DONE


def wait_for(file: Path) -> str:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if file.exists() and file.read_text().strip():
            return file.read_text().strip()
        time.sleep(0.05)
    raise AssertionError(f"{file} did not appear")
