"""Programs on another host, over real SSH: as safe as here."""

from __future__ import annotations

import os
import resource
import signal
import sys
import textwrap
import time
from pathlib import Path

import pytest

from inventory import reach
from inventory.command import Command, Outcome, TimeLimitError
from inventory.errors import HoldfastError, RefusedError
from inventory.reach import Background
from inventory.verdict import NoSuchRunError
from tests.inventory.sshd import SshHost

pytestmark = pytest.mark.ssh
ROOT = Path(__file__).parents[2]


def run(host: SshHost, command: Command, user: str = "root", **options: object) -> Outcome:
    return reach.run(command, on=host.host(user), ssh=host.ssh(), **options)  # type: ignore[arg-type]


def python(source: str, **options: object) -> Command:
    return Command(("python3", "-c", textwrap.dedent(source)), **options)  # type: ignore[arg-type]


def test_both_outputs_are_handed_over_line_by_line(ssh_host: SshHost) -> None:
    out: list[str] = []
    err: list[str] = []
    source = "import sys; print('one\\ntwo'); print('oops', file=sys.stderr); sys.stdout.write('no newline')"
    outcome = run(ssh_host, python(source), on_stdout=out.append, on_stderr=err.append)
    assert (out, err, outcome.exit_code) == (["one", "two", "no newline"], ["oops"], 0)
    assert (outcome.stdout, outcome.stderr) == ("one\ntwo\nno newline", "oops\n")


def test_lines_arrive_while_the_program_still_runs(ssh_host: SshHost) -> None:
    seen: list[float] = []
    source = "import time; print('now', flush=True); time.sleep(1)"
    run(ssh_host, python(source), on_stdout=lambda _: seen.append(time.monotonic()))
    assert time.monotonic() - seen[0] > 0.8


@pytest.mark.parametrize("user", ["root", "operator"])
def test_a_program_runs_as_the_login_with_few_variables(
    user: str, ssh_host: SshHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESTIC_PASSWORD", "leaked")
    said = run(ssh_host, Command(("sh", "-c", "id -un; pwd; env"), env={"GIVEN": "yes"}), user).stdout
    assert said.startswith(f"{user}\n/\n")
    assert f"USER={user}\n" in said
    assert "GIVEN=yes\n" in said
    assert "leaked" not in said
    assert "SSH_" not in said


def test_words_reach_the_program_as_they_are(ssh_host: SshHost) -> None:
    words = ("$(touch /root/pwned)", "`id`", "a b", "", "'", '"', "\\", "-n", "\n", "; exit 9", "ổ đĩa", "*")
    source = "import json, sys; print(json.dumps(sys.argv[1:]))"
    said = run(ssh_host, Command(("python3", "-c", source, *words), env={"X": "$(id)"})).stdout
    assert tuple(__import__("json").loads(said)) == words
    assert not (ssh_host.where / "root/pwned").exists()


@pytest.mark.parametrize(("end", "code"), [("raise SystemExit(7)", 7), ("import os; os.kill(os.getpid(), 9)", -9)])
def test_the_exit_code_and_the_signal_are_reported(end: str, code: int, ssh_host: SshHost) -> None:
    assert run(ssh_host, python(end)).exit_code == code


def test_ten_megabytes_of_input_arrive_as_they_are(ssh_host: SshHost) -> None:
    data = os.urandom(10_000_000)
    source = "import hashlib, sys; print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())"
    assert run(ssh_host, python(source, stdin=data)).stdout.strip() == __import__("hashlib").sha256(data).hexdigest()


def test_a_program_that_does_not_read_its_input_ends_well(ssh_host: SshHost) -> None:
    assert run(ssh_host, Command(("true",), stdin=b"x" * 5_000_000)).exit_code == 0


def test_a_program_without_input_sees_its_end_at_once(ssh_host: SshHost) -> None:
    assert run(ssh_host, Command(("cat",))).stdout == ""


def test_raw_bytes_come_back_exactly_as_they_were_written(ssh_host: SshHost) -> None:
    data = bytes(range(256)) * 4000 + b"\r\n\xff\xfe"
    pieces: list[bytes] = []
    run(ssh_host, Command(("cat",), stdin=data), on_bytes=pieces.append)
    assert b"".join(pieces) == data


def test_a_hundred_megabytes_pass_in_flat_memory_on_both_sides(ssh_host: SshHost, tmp_path: Path) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    source = """
        import os
        block = os.urandom(1 << 20)
        for _ in range(100):
            os.write(1, block) == len(block) or os._exit(1)
    """
    most, count = [0], [0]

    def take(piece: bytes) -> None:
        count[0] += len(piece)
        if not count[0] % 64:
            for pid in ssh_host.keepers():
                most.append(_resident(pid))

    assert run(ssh_host, python(source), on_bytes=take).exit_code == 0
    assert count[0] == 100 << 20
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 40_000  # KiB
    assert 0 < max(most) < 70_000


def _resident(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmRSS")), 0)


def test_hostile_output_is_only_output(ssh_host: SshHost) -> None:
    data = b"\0holdfast keeper\0d\0\0\0\2{}" + b"\x1b]0;x\x07" + b"n\xff\xff\xff\xff" + b"\r\n" * 3
    pieces: list[bytes] = []
    outcome = run(ssh_host, Command(("sh", "-c", "tee /dev/stderr"), stdin=data), on_bytes=pieces.append)
    assert b"".join(pieces) == data
    assert outcome.exit_code == 0


def test_a_slow_handler_gets_every_line_and_silences_nothing(ssh_host: SshHost) -> None:
    lines: list[str] = []

    def slowly(line: str) -> None:
        if not lines:
            time.sleep(4)  # longer than a connection may be silent
        lines.append(line)

    outcome = run(ssh_host, Command(("seq", "1000")), on_stdout=slowly)
    assert lines == [str(number) for number in range(1, 1001)]
    assert outcome.exit_code == 0


def test_the_time_limit_is_kept_on_the_host_and_ends_grandchildren(ssh_host: SshHost) -> None:
    command = Command(("sh", "-c", "sleep 3141 & set -m; sleep 3142 & sleep 3143"), limit=1)
    with pytest.raises(TimeLimitError, match="sh ran longer than 1 seconds on db-1"):
        run(ssh_host, command)
    assert ssh_host.matching("sleep\x00314") == []


def test_a_program_that_ignores_the_polite_end_is_killed(ssh_host: SshHost) -> None:
    with pytest.raises(TimeLimitError):
        run(ssh_host, Command(("sh", "-c", "trap '' TERM; while :; do sleep 3141; done"), limit=0.5))
    assert ssh_host.matching("sleep\x00314") == []


def test_a_failing_handler_ends_the_program_before_its_failure_comes_out(ssh_host: SshHost) -> None:
    def failing(_: str) -> None:
        raise ValueError("cannot use this line")

    with pytest.raises(ValueError, match="cannot use this line"):
        run(ssh_host, Command(("sh", "-c", "echo line; sleep 3141")), on_stdout=failing)
    assert ssh_host.matching("sleep\x00314") == []
    assert ssh_host.runs() == []


def test_a_grandchild_that_keeps_the_output_open_is_ended(ssh_host: SshHost) -> None:
    assert run(ssh_host, Command(("sh", "-c", "sleep 3141 & echo done"))).stdout == "done\n"
    assert ssh_host.matching("sleep\x00314") == []


def test_a_service_that_left_the_session_is_let_go(ssh_host: SshHost) -> None:
    assert run(ssh_host, Command(("sh", "-c", "setsid sleep 3141 & echo done"))).stdout == "done\n"
    (left,) = ssh_host.matching("sleep\x00314")
    os.kill(left, signal.SIGKILL)


def test_a_secret_is_read_from_a_pipe_and_seen_nowhere_else(ssh_host: SshHost) -> None:
    secret = b"correct horse battery staple"
    source = """
        import sys, time
        print(open(sys.argv[1], "rb").read() == b" ".join([b"correct", b"horse", b"battery", b"staple"]), flush=True)
        time.sleep(1)
    """
    seen = bytearray()

    def look(line: str) -> None:
        assert line == "True"
        for pid in (*ssh_host.processes(), os.getpid()):
            for name in ("cmdline", "environ"):
                try:
                    seen.extend(Path(f"/proc/{pid}/{name}").read_bytes())
                except OSError:
                    continue
        for file in (file for file in ssh_host.where.rglob("*") if file.is_file()):
            seen.extend(file.read_bytes())

    argv = ("python3", "-c", textwrap.dedent(source), "{secret:password}")
    outcome = run(ssh_host, Command(argv, secrets={"password": secret}), on_stdout=look)
    assert outcome.exit_code == 0
    assert b"/dev/fd/" in seen
    assert secret not in seen
    assert b"Y29ycmVjdCBob3JzZSBiYXR0ZXJ5IHN0YXBsZQ" not in seen


def test_a_missing_program_and_a_missing_directory_are_named_with_their_host(ssh_host: SshHost) -> None:
    with pytest.raises(HoldfastError, match="no-such-program is not installed on db-1") as caught:
        run(ssh_host, Command(("no-such-program",)))
    assert caught.value.hint == "install no-such-program on db-1"
    with pytest.raises(HoldfastError, match=r"true could not be started on db-1: .*No such file"):
        run(ssh_host, Command(("true",), cwd=Path("/nowhere")))


def test_nothing_of_a_run_stays_on_the_host_once_it_is_over(ssh_host: SshHost) -> None:
    run(ssh_host, Command(("true",)), "operator")
    assert ssh_host.runs("operator") == []
    assert ssh_host.keepers() == []


def test_a_run_with_a_name_is_done_once_and_can_be_come_back_to(ssh_host: SshHost) -> None:
    command = Command(("sh", "-c", "echo ran >> /root/count; echo said; exit 3"))
    host, ssh = ssh_host.host(), ssh_host.ssh()
    for _ in range(3):
        outcome = reach.run(command, on=host, ssh=ssh, name="step-0001")
        assert (outcome.exit_code, outcome.stdout) == (3, "said\n")
    assert (ssh_host.where / "root/count").read_text() == "ran\n"
    assert reach.attach("step-0001", on=host, ssh=ssh).exit_code == 3
    reach.forget("step-0001", on=host, ssh=ssh)
    for name in ("step-0001", "step-0002"):
        with pytest.raises(NoSuchRunError):
            reach.attach(name, on=host, ssh=ssh)
    with pytest.raises(NoSuchRunError):  # an order that was held back starts nothing twice
        reach.run(command, on=host, ssh=ssh, name="step-0001")
    assert (ssh_host.where / "root/count").read_text() == "ran\n"


def test_a_prepared_host_runs_as_root_what_its_list_names_and_nothing_else(ssh_host: SshHost) -> None:
    ssh_host.prepare("/usr/bin/id -u", "/usr/bin/cat")
    assert run(ssh_host, Command(("/usr/bin/id", "-u"), as_root=True), "operator").stdout == "0\n"
    data = os.urandom(3_000_000)
    pieces: list[bytes] = []
    run(ssh_host, Command(("/usr/bin/cat",), stdin=data, as_root=True), "operator", on_bytes=pieces.append)
    assert b"".join(pieces) == data
    for argv, env in ((("/bin/sh", "-c", "id"), {}), (("id", "-u"), {}), (("/usr/bin/cat",), {"LD_PRELOAD": "/x.so"})):
        with pytest.raises(RefusedError, match="db-1 refuses to run"):
            run(ssh_host, Command(argv, env, as_root=True), "operator")
    with pytest.raises(TimeLimitError):
        run(ssh_host, Command(("/usr/bin/cat", "/dev/zero"), limit=1, as_root=True), "operator")
    assert ssh_host.matching("/dev/zero") == []
    assert run(ssh_host, Command(("/usr/bin/id", "-u"), as_root=True), "root").stdout == "0\n"


PARENT = """
    import sys
    from pathlib import Path
    from inventory import reach
    from inventory.ssh import Ssh
    from inventory.system import Host
    host = Host.model_validate_json(sys.argv[1])
    ssh = Ssh(Path(sys.argv[2]), patience=float(sys.argv[3]))
    print("up", flush=True)
    try:
        reach.run(reach.Command(("sh", "-c", "trap '' TERM; sleep 3141; sleep 3142")), on=host, ssh=ssh)
    except KeyboardInterrupt:
        sys.exit(130)
"""


def parent(host: SshHost, tmp_path: Path) -> Background:
    words = (host.host().model_dump_json(), str(host.known_hosts), "30")
    command = Command((sys.executable, "-P", "-c", textwrap.dedent(PARENT), *words), env={"PYTHONPATH": str(ROOT)})
    started = Background(command, tmp_path / "parent.log")
    host.wait_until(lambda: host.matching("sleep\x00314") != [])
    return started


def test_when_holdfast_is_killed_nothing_is_left_on_the_host_in_ten_seconds(ssh_host: SshHost, tmp_path: Path) -> None:
    killed = parent(ssh_host, tmp_path)
    os.kill(killed.pid, signal.SIGKILL)
    ssh_host.wait_until(lambda: ssh_host.matching("sleep\x00314") == [], 10)
    killed.stop()


def test_ctrl_c_returns_when_nothing_is_left_on_the_host(ssh_host: SshHost, tmp_path: Path) -> None:
    interrupted = parent(ssh_host, tmp_path)
    os.kill(interrupted.pid, signal.SIGINT)
    ssh_host.wait_until(lambda: interrupted.ended() is not None, 15)
    assert interrupted.ended() == 130, (tmp_path / "parent.log").read_text()
    assert ssh_host.matching("sleep\x00314") == []
    interrupted.stop()
