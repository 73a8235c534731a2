"""Programs on another host while things go wrong: the link cut, processes killed, the host restarted."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from inventory import reach
from inventory.command import Command, Outcome, TimeLimitError, UnreachableError
from inventory.verdict import HostRestartedError, KeeperGoneError, LostError, StillRunningError
from tests.inventory.sshd import SshHost
from tests.lab.fixtures import MakeHost

ROUNDS = 20
COUNT = """
import os, sys, time
print(os.getpid(), flush=True)
for n in range(int(sys.argv[1])):
    print(n, "x" * (n * 37 % 900), flush=True)
    if n % 20 == 0:
        time.sleep(float(sys.argv[2]))
print("input", len(sys.stdin.buffer.read()))
"""
INPUT = b"y" * 3_000_000


def counting(lines: int = 1000, pause: float = 0.03) -> Command:
    return Command(("python3", "-c", COUNT, str(lines), str(pause)), stdin=INPUT)


def said(pid: str, lines: int = 1000) -> list[str]:
    return [pid, *(f"{n} {'x' * (n * 37 % 900)}" for n in range(lines)), f"input {len(INPUT)}"]


def after(seconds: float, fault: Callable[[], None]) -> threading.Timer:
    timer = threading.Timer(seconds, fault)
    timer.start()
    return timer


@pytest.mark.ssh
def test_a_link_that_is_cut_and_healed_brings_the_same_process_and_every_byte_once(ssh_host: SshHost) -> None:
    lines: list[str] = []

    def cut() -> None:
        ssh_host.cut()
        after(3.0, ssh_host.heal)

    after(0.8, cut)
    outcome = reach.run(counting(2000), on=ssh_host.host(), ssh=ssh_host.ssh(silence=1.0), on_stdout=lines.append)
    assert lines == said(lines[0], 2000)
    assert outcome.exit_code == 0


@pytest.mark.ssh
def test_the_limit_is_kept_while_the_link_is_down(ssh_host: SshHost) -> None:
    ended: list[float] = []
    started = time.monotonic()

    def watch() -> None:
        ssh_host.wait_until(lambda: ssh_host.matching("sleep\x003141") == [], 20)
        ended.append(time.monotonic() - started)
        after(0.5, ssh_host.heal)

    def cut(_: str) -> None:
        ssh_host.cut()
        threading.Thread(target=watch).start()

    command = Command(("sh", "-c", "echo up; sleep 3141"), limit=2.0)
    with pytest.raises(TimeLimitError):
        reach.run(command, on=ssh_host.host(), ssh=ssh_host.ssh(silence=1.0), on_stdout=cut)
    assert 2.0 <= ended[0] < 8


@pytest.mark.ssh
def test_a_link_that_stays_down_longer_than_patience_leaves_the_run_in_doubt_and_nothing_running(
    ssh_host: SshHost,
) -> None:
    command = Command(("sh", "-c", "echo up; sleep 3141"))
    manners = ssh_host.ssh(silence=1.0, patience=3.0)
    with pytest.raises(LostError, match=r"db-1 has not been reached for .* while sh ran there"):
        reach.run(command, on=ssh_host.host(), ssh=manners, on_stdout=lambda _: ssh_host.cut())
    ssh_host.wait_until(lambda: ssh_host.matching("sleep\x003141") == [], 10)
    ssh_host.heal()
    (left,) = ssh_host.runs()  # how it ended is kept, for whoever looks
    ssh_host.wait_until((left / "result").exists)
    assert '"why": "abandoned"' in (left / "result").read_text()


@pytest.mark.ssh
def test_a_stop_that_cannot_be_told_to_the_host_is_not_claimed(
    ssh_host: SshHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inventory.remote._STOP_SECONDS", 2.0)

    def cut_and_fail(_: str) -> None:
        ssh_host.cut()
        raise ValueError("cannot use this line")

    command = Command(("sh", "-c", "echo up; sleep 3141"))
    manners = ssh_host.ssh(silence=1.0, patience=4.0)
    with pytest.raises(StillRunningError, match="db-1 does not confirm that sh was stopped") as caught:
        reach.run(command, on=ssh_host.host(), ssh=manners, on_stdout=cut_and_fail)
    assert isinstance(caught.value.__cause__ or caught.value.__context__, Exception)
    assert ssh_host.matching("sleep\x003141") != []
    ssh_host.heal()
    ssh_host.wait_until(lambda: ssh_host.matching("sleep\x003141") == [], 15)  # as the hint says


@pytest.mark.ssh
def test_a_killed_keeper_leaves_nothing_and_the_run_in_doubt(ssh_host: SshHost) -> None:
    with pytest.raises(KeeperGoneError, match="what watched over sh on db-1 is gone without a result"):
        reach.run(
            Command(("sh", "-c", "sleep 3141 & echo up; wait")),
            on=ssh_host.host(),
            ssh=ssh_host.ssh(),
            on_stdout=lambda _: kill_keeper(ssh_host),
        )
    assert ssh_host.matching("sleep\x003141") == []


@pytest.mark.ssh
def test_a_host_that_lost_power_ends_the_run_and_it_is_not_begun_again(ssh_host: SshHost) -> None:
    def power() -> None:
        ssh_host.power_cut()
        ssh_host.boot()

    after(1.5, power)
    begun = ssh_host.where / "root/begun"
    command = Command(("sh", "-c", "echo once >> /root/begun; sleep 3141"))
    with pytest.raises(HostRestartedError, match="db-1 was restarted while sh ran on it: the run ended with it"):
        reach.run(command, on=ssh_host.host(), ssh=ssh_host.ssh())
    assert begun.read_text() == "once\n"
    begun.unlink()


@pytest.mark.ssh
def test_a_result_outlives_a_restart_of_its_host(ssh_host: SshHost) -> None:
    command = Command(("sh", "-c", "echo said; exit 5"))
    host, manners = ssh_host.host(), ssh_host.ssh()
    reach.run(command, on=host, ssh=manners, name="step-restart")
    ssh_host.power_cut()
    ssh_host.boot()
    outcome = reach.run(command, on=host, ssh=manners, name="step-restart")
    assert (outcome.exit_code, outcome.stdout) == (5, "said\n")
    reach.forget("step-restart", on=host, ssh=manners)


@pytest.mark.lab
def test_a_real_host_that_is_rebooted_or_loses_power_ends_the_run(lab_host: MakeHost) -> None:
    machine = lab_host("db")
    host = reach.Host(name="db", address=machine.address, user="root", key_file=str(machine.key))
    manners = reach.Ssh(machine.known_hosts, silence=3.0, patience=60.0)
    for restart in (machine.reboot, lambda: (machine.power_cut(), machine.power_on())):
        after(2.0, restart)  # type: ignore[arg-type]
        with pytest.raises(HostRestartedError, match="db was restarted while sh ran on it"):
            reach.run(Command(("sh", "-c", "echo x >> /root/begun; sleep 3141")), on=host, ssh=manners)
    assert machine.ssh("cat", "/root/begun").stdout == "x\nx\n"
    assert machine.ssh("pgrep", "-f", "sleep 3141", check=False).stdout == ""


# --- seeded rounds ---------------------------------------------------------------------------------------------------


def kill_keeper(host: SshHost) -> None:
    for pid in host.keepers():
        with suppress(OSError):
            if (
                Path(f"/proc/{pid}/fd/0").readlink() == Path("/dev/null")
                and (Path(f"/proc/{pid}/fd/2")).readlink().name == "log"
            ):
                os.kill(pid, signal.SIGKILL)


def kill_login(host: SshHost) -> None:
    for pid in host.keepers():
        with suppress(OSError):
            if Path(f"/proc/{pid}/fd/2").readlink().name != "log":
                os.kill(pid, signal.SIGKILL)


def kill_server(host: SshHost) -> None:
    for pid in host.matching("sshd: root"):
        with suppress(OSError):
            os.kill(pid, signal.SIGKILL)


def kill_client(host: SshHost) -> None:
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            words = (entry / "cmdline").read_bytes()
            if entry.name.isdigit() and b"/ssh\0" in words[:20] and host.address.encode() in words:
                os.kill(int(entry.name), signal.SIGKILL)


def restart(host: SshHost) -> None:
    host.power_cut()
    host.boot()


def cut_for(seconds: float) -> Callable[[SshHost], None]:
    def cut(host: SshHost) -> None:
        host.cut()
        time.sleep(seconds)
        host.heal()

    cut.__name__ = f"cut_for_{seconds:.1f}"
    return cut


def faults_of(seed: int) -> list[tuple[float, Callable[[SshHost], None]]]:
    """Return what happens in a round, and when: one to three faults, few of them deadly."""
    chosen = random.Random(seed)
    kinds = [kill_login, kill_server, kill_client, cut_for(chosen.uniform(0.1, 2.2)), cut_for(chosen.uniform(1.2, 2.2))]
    found = [(chosen.uniform(0.0, 0.8), chosen.choice(kinds)) for _ in range(chosen.randint(1, 3))]
    if seed % 5 == 3:
        found.append((chosen.uniform(0.3, 0.9), chosen.choice([kill_keeper, restart])))
    return found


@pytest.mark.ssh
@pytest.mark.parametrize("seed", range(ROUNDS))
def test_whatever_happens_the_end_is_right(seed: int, ssh_host: SshHost) -> None:
    faults = faults_of(seed)

    def misbehave() -> None:
        for pause, fault in faults:
            time.sleep(pause)
            fault(ssh_host)

    lines: list[str] = []
    trouble = threading.Thread(target=misbehave)
    trouble.start()
    ended: Outcome | Exception
    try:
        manners = ssh_host.ssh(silence=1.0, linger=8.0)
        ended = reach.run(counting(), on=ssh_host.host(), ssh=manners, on_stdout=lines.append)
    except Exception as error:
        ended = error
    trouble.join()
    deadly = {fault for _, fault in faults} & {kill_keeper, restart}
    if isinstance(ended, Outcome):
        assert ended.exit_code == 0
        assert lines == said(lines[0])
    elif isinstance(ended, UnreachableError):  # already the first connection failed
        assert (lines, ssh_host.keepers()) == ([], [])
    else:
        assert isinstance(ended, KeeperGoneError if kill_keeper in deadly else HostRestartedError), repr(ended)
        assert deadly
        assert lines == said(lines[0] if lines else "")[: len(lines)]
    ssh_host.wait_until(lambda: ssh_host.matching(COUNT[:20]) == [])
