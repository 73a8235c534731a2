"""The keeper behind a login that is a pipe: what happens when connections come, go and fight."""

from __future__ import annotations

import json
import os
import random
import signal
import threading
import time
from pathlib import Path

import pytest

from inventory.command import Command
from inventory.verdict import HostRestartedError, KeeperGoneError, LostError
from inventory.wire import Link
from tests.inventory.onhost.local import Logins, until

COUNT = "import time\nfor n in range(1, 41): print(n, flush=True); time.sleep(0.05)"


def counting() -> Command:
    return Command(("python3", "-c", COUNT))


def break_off(link: Link) -> None:
    """End a login's process: its connection closes."""
    os.kill(link._process.pid, signal.SIGKILL)  # type: ignore[attr-defined]


def test_a_connection_that_breaks_is_made_again_and_no_line_is_lost_or_doubled(logins: Logins) -> None:
    lines: list[str] = []

    def take(line: str) -> None:
        lines.append(line)
        if line in ("5", "12", "30"):
            break_off(logins.links[-1])

    outcome = logins.run(counting(), on_stdout=take, linger=5.0)
    assert lines == [str(number) for number in range(1, 41)]
    assert outcome.exit_code == 0
    assert len(logins.links) == 4


def test_input_goes_on_where_it_broke_off(logins: Logins) -> None:
    data = random.Random(7).randbytes(6_000_000)
    pieces: list[bytes] = []
    broken: list[bool] = []

    def take(piece: bytes) -> None:
        pieces.append(piece)
        if sum(map(len, pieces)) > 1_000_000 * (len(broken) + 1) and len(broken) < 3:
            broken.append(True)
            break_off(logins.links[-1])

    logins.run(Command(("cat",), stdin=data), on_bytes=take, linger=5.0)
    assert b"".join(pieces) == data
    assert len(broken) == 3


def test_a_program_whose_owner_is_gone_ends_after_the_linger(logins: Logins) -> None:
    class Gone(BaseException):
        pass

    def vanish() -> Link:
        if logins.links:
            raise Gone
        return logins.dial()

    def leave(_: str) -> None:
        break_off(logins.links[-1])

    with pytest.raises(Gone):
        logins.run(counting(), on_stdout=leave, dial=vanish, linger=0.3)
    until(lambda: logins.keepers() == [], 5)
    (run,) = logins.runs
    assert json.loads((run / "result").read_text())["result"]["why"] == "abandoned"


def test_who_comes_back_after_the_linger_is_told_that_it_was_ended(logins: Logins) -> None:
    def late() -> Link:
        if logins.links:
            until(lambda: logins.keepers() == [])
        return logins.dial()

    def leave(_: str) -> None:
        break_off(logins.links[-1])

    with pytest.raises(LostError, match="python3 was ended on here: the connection was gone"):
        logins.run(counting(), on_stdout=leave, dial=late, linger=0.2)


def test_a_second_follower_takes_over_and_the_first_is_not_left_hanging(logins: Logins) -> None:
    first: list[str] = []
    second: list[str] = []

    def follow(lines: list[str]) -> None:
        logins.run(counting(), name="shared-run", on_stdout=lines.append)

    threads = [threading.Thread(target=follow, args=(lines,)) for lines in (first, second)]
    threads[0].start()
    until(lambda: len(first) > 3)
    threads[1].start()
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive()
    assert set(first) | set(second) == {str(number) for number in range(1, 41)}


def test_a_program_that_says_more_than_is_kept_waits_for_its_reader(logins: Logins) -> None:
    said = 30_000_000
    source = f"import sys; sys.stdout.buffer.write(b'x' * {said}); print('written', file=sys.stderr)"
    count: list[int] = []
    early: list[str] = []

    def slowly(piece: bytes) -> None:
        if not count:
            time.sleep(1.0)
            early.extend(written)
        count.append(len(piece))

    written: list[str] = []
    logins.run(Command(("python3", "-c", source)), on_bytes=slowly, on_stderr=written.append)
    assert early == []
    assert (sum(count), written) == (said, ["written"])


def test_a_keeper_that_is_killed_takes_its_program_with_it_and_the_run_is_in_doubt(logins: Logins) -> None:
    source = "import os, subprocess; s = subprocess.Popen(['sleep', '3141']); print(os.getpid(), flush=True); s.wait()"
    pids: list[int] = []

    def kill_keeper(line: str) -> None:
        pids.append(int(line))
        keeper = next(pid for pid in logins.keepers() if _is_leader(pid))
        os.kill(keeper, signal.SIGKILL)

    with pytest.raises(KeeperGoneError, match="gone without a result; what was left of python3 was ended"):
        logins.run(Command(("python3", "-c", source)), on_stdout=kill_keeper)
    until(lambda: not Path(f"/proc/{pids[0]}").exists())
    assert logins.keepers() == []


def _is_leader(pid: int) -> bool:
    """Tell a keeper from a login: it belongs to no session of ours."""
    return os.getsid(pid) != pid and Path(f"/proc/{pid}/fd/0").readlink() == Path("/dev/null")


def test_a_run_of_an_earlier_boot_ended_with_it(logins: Logins) -> None:
    def restart(_: str) -> None:
        for pid in logins.keepers():
            os.kill(pid, signal.SIGKILL)
        (run,) = logins.runs
        state = json.loads((run / "state").read_text())
        (run / "state").write_text(json.dumps(state | {"boot": "an earlier one"}))

    with pytest.raises(HostRestartedError, match="here was restarted while python3 ran on it"):
        logins.run(counting(), on_stdout=restart)


def test_a_keeper_that_is_told_to_stop_ends_its_program_and_says_so(logins: Logins) -> None:
    def stop(_: str) -> None:
        for pid in logins.keepers():
            if _is_leader(pid):
                os.kill(pid, signal.SIGTERM)

    with pytest.raises(Exception, match="was ended on here from outside"):
        logins.run(counting(), on_stdout=stop)
    assert logins.keepers() == []
