from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from inventory import onhost
from inventory.command import Command
from inventory.onhost.frames import MAGIC, Kind, Unpacker, pack
from inventory.verdict import NoSuchRunError
from tests.inventory.onhost.local import Logins, until

ATTACH = {"version": 1, "id": "run-0001", "client": "c", "attempt": 1, "offsets": [0, 0]}
MANNERS = {"linger": 1.0, "patience": 5.0, "fresh": 1.0}


def answer(home: Path, order: dict[str, Any]) -> dict[str, Any]:
    frame = pack(Kind.ORDER, json.dumps(order).encode())
    done = subprocess.run(
        [sys.executable, "-IS", "-c", onhost.BOOTSTRAP],
        input=onhost.line() + frame,
        env={"HOME": str(home)},
        capture_output=True,
        check=False,
    )
    assert done.stderr == b""
    assert done.stdout.startswith(MAGIC)
    ((kind, content),) = Unpacker().feed(done.stdout[len(MAGIC) :])
    assert kind == Kind.NO
    found: dict[str, Any] = json.loads(content)
    return found


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({}, "unknown"),
        ({"version": 0}, "version"),
        ({"id": "../../outside"}, "refused"),
    ],
)
def test_an_order_that_cannot_be_followed_is_answered_with_the_reason(
    changed: dict[str, Any], problem: str, tmp_path: Path
) -> None:
    assert answer(tmp_path, ATTACH | MANNERS | changed)["problem"] == problem


def test_a_home_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / ".local").write_text("a file")
    found = answer(tmp_path, ATTACH | MANNERS)
    assert found["problem"] == "disk"
    assert "Not a directory" in found["text"] or "File exists" in found["text"]


@pytest.fixture
def made(logins: Logins) -> Path:
    """A run's directory that a login made before it was killed."""
    run = logins.home / ".local/state/holdfast/runs/run-0001"
    run.mkdir(parents=True, mode=0o700)
    run.parent.chmod(0o700)
    return run


def test_a_run_that_was_made_and_not_begun_is_begun_by_who_comes_next(made: Path, logins: Logins) -> None:
    (made / "socket").touch()
    assert answer(logins.home, ATTACH | MANNERS) == {"problem": "unknown"}
    assert logins.run(Command(("echo", "said")), name="run-0001").stdout == "said\n"


def test_a_run_that_may_have_begun_is_never_begun_again(made: Path, logins: Logins) -> None:
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    for state, problem in (({"boot": boot}, "lost"), ({"boot": "another"}, "restarted")):
        (made / "state").write_text(json.dumps(state))
        assert answer(logins.home, ATTACH | MANNERS | {"argv": ["true"]}) == {"problem": problem}


def test_two_logins_at_once_begin_a_run_once(logins: Logins, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    command = Command(("sh", "-c", f"echo once >> {mark}; sleep 0.5"))
    threads = [threading.Thread(target=logins.run, args=(command,), kwargs={"name": "run-0005"}) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert mark.read_text() == "once\n"


def test_an_order_begins_a_run_once_and_a_result_is_served_from_the_disk(logins: Logins, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    command = Command(("sh", "-c", f"echo once >> {mark}; echo said; echo more >&2; exit 4"))
    for _ in range(2):
        outcome = logins.run(command, name="run-0001")
        assert (outcome.exit_code, outcome.stdout, outcome.stderr) == (4, "said\n", "more\n")
        until(lambda: logins.keepers() == [])
    assert mark.read_text() == "once\n"


def test_a_run_is_followed_without_what_begins_one(logins: Logins) -> None:
    with pytest.raises(NoSuchRunError):
        logins.run(Command(()), name="run-0002", may_begin=False)
    logins.run(Command(("echo", "said")), name="run-0002")
    assert logins.run(Command(()), name="run-0002", may_begin=False).stdout == "said\n"


def test_what_an_earlier_follower_took_is_kept_and_not_handed_over_again(logins: Logins) -> None:
    lines: list[str] = []
    logins.run(Command(("sh", "-c", "echo one; sleep 1; echo two")), name="run-0003")
    outcome = logins.run(Command(()), name="run-0003", may_begin=False, on_stdout=lines.append)
    assert outcome.stdout == "one\ntwo\n"
    assert "one" not in lines
