from __future__ import annotations

import os
import resource
import signal
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from inventory import reach
from inventory.errors import HoldfastError
from inventory.reach import Background, Command, TimeLimitError
from inventory.system import Host

ROOT = Path(__file__).parents[2]


def python(source: str, **options: object) -> Command:
    return Command((sys.executable, "-c", textwrap.dedent(source)), **options)  # type: ignore[arg-type]


def gone(pid: int, within: float = 10) -> bool:
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state in "ZX":
            return True
        time.sleep(0.02)
    return False


def wait_for(file: Path, within: float = 10) -> str:
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        if file.exists() and (text := file.read_text()):
            return text
        time.sleep(0.01)
    raise AssertionError(f"{file} did not come")


@pytest.fixture
def pid_file(tmp_path: Path) -> Iterator[Path]:
    """Where a test's deepest process writes its pid; whatever the test does, that process is ended."""
    file = tmp_path / "pid"
    yield file
    if file.exists() and file.read_text():
        with suppress(ProcessLookupError):
            os.kill(int(file.read_text()), signal.SIGKILL)


def test_both_outputs_are_handed_over_line_by_line() -> None:
    out: list[str] = []
    err: list[str] = []
    source = "import sys; print('one\\ntwo'); print('oops', file=sys.stderr); sys.stdout.write('no newline')"
    outcome = reach.run(python(source), on_stdout=out.append, on_stderr=err.append)
    assert (out, err, outcome.exit_code) == (["one", "two", "no newline"], ["oops"], 0)


def test_lines_arrive_while_the_program_still_runs() -> None:
    seen: list[float] = []
    started = time.monotonic()
    reach.run(
        python("import time; print('now', flush=True); time.sleep(1)"),
        on_stdout=lambda _: seen.append(time.monotonic() - started),
    )
    assert seen
    assert time.monotonic() - started - seen[0] > 0.5


def test_output_after_a_long_silence_is_not_lost() -> None:
    source = "import time; time.sleep(2.5); print('x' * 3000000)"
    lines: list[str] = []
    reach.run(python(source), on_stdout=lines.append)
    assert [len(line) for line in lines] == [3_000_000]


def test_a_slow_handler_still_gets_every_line() -> None:
    lines: list[str] = []

    def slowly(line: str) -> None:
        time.sleep(0.3)
        lines.append(line)

    reach.run(python("print('\\n'.join('abcdefghij'))"), on_stdout=slowly)
    assert lines == list("abcdefghij")


def test_the_exit_code_and_the_signal_are_reported() -> None:
    assert reach.run(python("raise SystemExit(7)")).exit_code == 7
    assert reach.run(python("import os; os.kill(os.getpid(), 9)")).exit_code == -9


def test_binary_output_is_made_readable_not_fatal() -> None:
    lines: list[str] = []
    reach.run(python("import os; os.write(1, bytes(range(256)) + b'\\n')"), on_stdout=lines.append)
    assert "�" in "".join(lines)


def test_a_hundred_megabytes_pass_in_flat_memory() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    count = 0

    def counted(line: str) -> None:
        nonlocal count
        count += len(line) + 1

    outcome = reach.run(
        python("import sys\nline = 'x' * 99\nfor _ in range(1000000): sys.stdout.write(line + '\\n')"),
        on_stdout=counted,
    )
    assert count == 100_000_000
    assert len(outcome.stdout) == 1_000_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 30_000  # KiB


def test_a_missing_program_is_named_with_the_next_step() -> None:
    with pytest.raises(HoldfastError, match="no-such-program") as caught:
        reach.run(Command(("no-such-program",)))
    assert "install no-such-program" in caught.value.hint


def test_a_missing_working_directory_is_an_error_of_ours(tmp_path: Path) -> None:
    with pytest.raises(HoldfastError, match="could not be started"):
        reach.run(Command(("true",), cwd=tmp_path / "nowhere"))


def test_only_a_minimal_environment_is_inherited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESTIC_PASSWORD", "leaked")
    outcome = reach.run(Command(("env",), env={"GIVEN": "yes"}))
    assert "leaked" not in outcome.stdout
    assert "GIVEN=yes" in outcome.stdout


def test_input_reaches_the_program() -> None:
    assert reach.run(Command(("cat",), stdin=b"hello")).stdout == "hello"


def test_a_program_that_does_not_read_its_input_still_meets_its_time_limit() -> None:
    started = time.monotonic()
    with pytest.raises(TimeLimitError):
        reach.run(Command(("sleep", "60"), stdin=b"x" * 10_000_000, limit=0.5))
    assert time.monotonic() - started < 10


def test_a_secret_is_read_from_a_pipe_and_seen_nowhere_else() -> None:
    secret = b"correct horse battery staple"
    source = """
        import os, pathlib, sys
        me = pathlib.Path("/proc/self")
        seen = me.joinpath("cmdline").read_bytes() + me.joinpath("environ").read_bytes()
        for parent in {os.getppid()}:
            seen += pathlib.Path(f"/proc/{parent}/cmdline").read_bytes()
        secret = open(sys.argv[1], "rb").read()
        print(secret.decode(), secret in seen)
    """
    command = Command(
        (sys.executable, "-c", textwrap.dedent(source), "{secret:password}"), secrets={"password": secret}
    )
    assert reach.run(command).stdout.strip() == f"{secret.decode()} False"
    assert "horse" not in repr(command)


def test_a_secret_can_be_named_in_the_environment() -> None:
    command = Command(("sh", "-c", 'cat "$FILE"'), env={"FILE": "{secret:key}"}, secrets={"key": b"value"})
    assert reach.run(command).stdout == "value"


def test_a_program_that_never_reads_its_secret_ends_well_and_leaves_no_open_file() -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        assert reach.run(Command(("true",), secrets={"password": b"x"})).exit_code == 0
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_the_time_limit_ends_grandchildren_too(pid_file: Path) -> None:
    source = f"""
        import subprocess, time, pathlib
        child = subprocess.Popen(["sleep", "300"])
        pathlib.Path({str(pid_file)!r}).write_text(str(child.pid))
        time.sleep(300)
    """
    with pytest.raises(TimeLimitError, match="longer than 2 seconds"):
        reach.run(python(source, limit=2))
    assert gone(int(pid_file.read_text()))


def test_a_program_that_ignores_the_polite_end_is_killed(monkeypatch: pytest.MonkeyPatch, pid_file: Path) -> None:
    monkeypatch.setattr("inventory.group.GRACE_SECONDS", 0.3)
    source = f"""
        import os, pathlib, signal, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        pathlib.Path({str(pid_file)!r}).write_text(str(os.getpid()))
        time.sleep(300)
    """
    with pytest.raises(TimeLimitError):
        reach.run(python(source, limit=1))
    assert gone(int(pid_file.read_text()))


def test_a_failing_handler_ends_the_program_and_its_failure_comes_out(pid_file: Path) -> None:
    source = f"""
        import os, pathlib, time
        pathlib.Path({str(pid_file)!r}).write_text(str(os.getpid()))
        print("line", flush=True)
        time.sleep(300)
    """

    def failing(_: str) -> None:
        raise ValueError("cannot use this line")

    with pytest.raises(ValueError, match="cannot use this line"):
        reach.run(python(source), on_stdout=failing)
    assert gone(int(pid_file.read_text()))


DAEMON = """
    import os, pathlib, subprocess, sys
    child = subprocess.Popen(["sleep", "300"], start_new_session={apart})
    pathlib.Path({pid_file!r}).write_text(str(child.pid))
    print("done", flush=True)
"""


def test_a_grandchild_that_keeps_the_pipe_open_is_ended(pid_file: Path) -> None:
    started = time.monotonic()
    outcome = reach.run(python(DAEMON.format(apart=False, pid_file=str(pid_file))))
    assert outcome.stdout == "done\n"
    assert time.monotonic() - started < 20
    assert gone(int(pid_file.read_text()))


def test_a_daemon_of_its_own_session_that_keeps_the_pipe_open_holds_nobody_up(pid_file: Path) -> None:
    started = time.monotonic()
    outcome = reach.run(python(DAEMON.format(apart=True, pid_file=str(pid_file))))
    assert outcome.stdout == "done\n"
    assert time.monotonic() - started < 20


PARENT = """
    import sys
    from pathlib import Path
    from inventory import reach
    child = "import os, pathlib, time; pathlib.Path({pid_file!r}).write_text(str(os.getpid())); time.sleep(300)"
    try:
        reach.run(reach.Command((sys.executable, "-c", child)))
    except KeyboardInterrupt:
        sys.exit(130)
"""


def _parent(pid_file: Path, tmp_path: Path) -> Background:
    return Background(
        python(PARENT.format(pid_file=str(pid_file)), env={"PYTHONPATH": str(ROOT)}), tmp_path / "parent.log"
    )


def test_the_program_ends_when_holdfast_itself_is_killed(pid_file: Path, tmp_path: Path) -> None:
    parent = _parent(pid_file, tmp_path)
    child = int(wait_for(pid_file))
    os.kill(parent.pid, signal.SIGKILL)
    assert gone(child)
    parent.stop()


def test_ctrl_c_leaves_nothing_running(pid_file: Path, tmp_path: Path) -> None:
    parent = _parent(pid_file, tmp_path)
    child = int(wait_for(pid_file))
    os.kill(parent.pid, signal.SIGINT)
    assert gone(child)
    assert gone(parent.pid)
    assert parent.ended() == 130
    parent.stop()


def test_a_program_in_the_background_is_ended_with_its_children(pid_file: Path, tmp_path: Path) -> None:
    source = f"""
        import subprocess, time, pathlib
        print("up", flush=True)
        child = subprocess.Popen(["sleep", "300"])
        pathlib.Path({str(pid_file)!r}).write_text(str(child.pid))
        time.sleep(300)
    """
    background = Background(python(source), tmp_path / "log")
    child = int(wait_for(pid_file))
    assert background.ended() is None
    background.stop()
    assert gone(child)
    assert background.ended() == -signal.SIGTERM
    assert (tmp_path / "log").read_text() == "up\n"


def test_a_host_that_is_not_this_machine_is_refused_with_a_hint() -> None:
    with pytest.raises(reach.UnreachableError, match="db-1 is reached over ssh") as caught:
        reach.require_local(Host(name="db-1"))
    assert "db-1" in caught.value.hint
    reach.require_local(Host(name="here", connection="local"))
