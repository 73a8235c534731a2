"""A step's command on another host, while Holdfast is killed, the cable cut, the host restarted: nothing runs twice."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from incident.effects import Answers
from tests.incident import far, making
from tests.incident.far import Far
from tests.incident.making import NORMAL
from tests.inventory.sshd import SshHost

SLOW = "echo $$ >>/root/begun; sleep SECONDS; echo $$ >>/root/ended; echo ended by $$"


def slow(seconds: float = 1.5, **more: object) -> dict[str, object]:
    return {"id": "slow", "command": ["sh", "-c", SLOW.replace("SECONDS", str(seconds))], **more}


@pytest.fixture
def world(ssh_host: SshHost, tmp_path: Path) -> Iterator[Far]:
    yield far.make(tmp_path / "far", ssh_host.host(), ssh_host.ssh(silence=1.0))
    for name in ("begun", "ended"):
        (ssh_host.where / "root" / name).unlink(missing_ok=True)


def ran(host: SshHost, name: str = "begun") -> list[str]:
    return list(far.lines(host.where / "root" / name))


def nothing_is_left(host: SshHost) -> None:
    host.wait_until(lambda: host.keepers() == [], 5)
    assert host.runs() == []


@pytest.mark.ssh
def test_after_a_kill_the_same_process_is_followed_and_nobody_is_asked(ssh_host: SshHost, world: Far) -> None:
    run_id = world.begin(slow(effect="once"), NORMAL)
    pid = world.begin_work(run_id)
    far.wait_for(ssh_host.where / "root/begun")
    far.kill(pid)
    assert world.run(run_id).state("web/slow").in_doubt
    run = world.work(run_id)
    assert run.complete, run.verdict
    assert run.state("web/slow").found == f"ended by {ran(ssh_host)[0]}"
    assert len(ran(ssh_host)) == 1
    nothing_is_left(ssh_host)


@pytest.mark.ssh
def test_what_ended_while_nobody_was_there_keeps_its_result(ssh_host: SshHost, world: Far) -> None:
    run_id = world.begin(slow(0.3, effect="once"), NORMAL)
    pid = world.begin_work(run_id)
    far.wait_for(ssh_host.where / "root/begun")
    far.kill(pid)
    ssh_host.wait_until(lambda: ssh_host.keepers() == [])
    assert world.work(run_id).complete
    assert len(ran(ssh_host)) == 1
    nothing_is_left(ssh_host)


@pytest.mark.ssh
def test_a_cut_link_that_heals_brings_the_same_process(ssh_host: SshHost, world: Far) -> None:
    run_id = world.begin(slow(3, effect="once"), NORMAL)

    def cut_and_heal() -> None:
        far.wait_for(ssh_host.where / "root/begun")
        ssh_host.cut()
        time.sleep(2.5)
        ssh_host.heal()

    breaking = threading.Thread(target=cut_and_heal)
    breaking.start()
    run = world.work(run_id)
    breaking.join()
    assert run.complete, run.verdict
    assert run.state("web/slow").found == f"ended by {ran(ssh_host)[0]}"
    assert len(ran(ssh_host)) == 1


@pytest.mark.ssh
def test_killed_while_the_link_is_down_a_run_waits_for_the_link_and_not_for_an_opinion(
    ssh_host: SshHost, world: Far
) -> None:
    run_id = world.begin(slow(1.0, effect="once"), NORMAL)
    pid = world.begin_work(run_id)
    far.wait_for(ssh_host.where / "root/begun")
    ssh_host.cut()
    far.kill(pid)
    run = world.work(run_id, Answers(again=frozenset({"slow"})))
    assert [step.key for step in run.waiting] == ["web/slow"]
    assert run.state("web/slow").look_again
    ssh_host.heal()
    ssh_host.wait_until(ssh_host.answers)
    run = world.work(run_id)
    assert run.complete, run.state("web/slow")
    assert len(ran(ssh_host)) == 1, "it was told to run again while it ran"


@pytest.mark.ssh
@pytest.mark.parametrize(("effect", "begun"), [("once", 1), ("idempotent", 2)])
def test_a_host_that_loses_power_leaves_a_once_step_in_doubt_and_others_failed(
    ssh_host: SshHost, world: Far, effect: str, begun: int
) -> None:
    run_id = world.begin(slow(1.0, effect=effect), NORMAL)

    def power_cut() -> None:
        far.wait_for(ssh_host.where / "root/begun")
        ssh_host.power_cut()
        ssh_host.boot()

    breaking = threading.Thread(target=power_cut)
    breaking.start()
    run = world.work(run_id)
    breaking.join()
    state = run.state("web/slow")
    assert "db-1 was restarted while sh ran on it" in (state.ask or state.found)
    assert (state.status, state.in_doubt) == (("waiting", True) if effect == "once" else ("failed", False))
    run = world.work(run_id)
    if effect == "once":
        assert "did it have its effect?" in run.state("web/slow").ask
        run = world.work(run_id, Answers(done=frozenset({"slow"})))
    assert run.complete, run.verdict
    assert len(ran(ssh_host)) == begun


@pytest.mark.ssh
def test_a_host_that_is_not_there_began_nothing_so_nobody_is_asked_about_it(ssh_host: SshHost, world: Far) -> None:
    run_id = world.begin(slow(0.1, effect="once"), NORMAL)
    ssh_host.cut()
    run = world.work(run_id)
    assert [step.key for step in run.failed] == ["web/slow"]
    ssh_host.heal()
    ssh_host.wait_until(ssh_host.answers)
    assert world.work(run_id).complete
    assert len(ran(ssh_host)) == 1


def one_round(ssh_host: SshHost, world: Far, seed: int) -> None:
    """Kill Holdfast at random moments of a step that must not run twice, until it is done."""
    chance = random.Random(seed)
    run_id = world.begin(slow(0.6, effect="once"), NORMAL)
    answers = Answers()
    for _ in range(20):
        pid = world.begin_work(run_id)
        time.sleep(chance.uniform(0.05, 1.4))
        far.kill(pid)
        run = world.run(run_id)
        if run.complete:
            break
        doubtful = frozenset(step.key for step in run.waiting)
        ssh_host.wait_until(lambda: len(ran(ssh_host)) == len(ran(ssh_host, "ended")))
        happened = bool(ran(ssh_host))
        answers = Answers(done=doubtful) if happened else Answers(again=doubtful)
        if doubtful:
            run = world.work(run_id, answers)
            break
    run = world.work(run_id, answers)
    assert run.complete, run.verdict
    assert len(ran(ssh_host)) == len(ran(ssh_host, "ended")) == 1
    with making.real_ledger(world.state) as ledger:
        finished = [record for record in ledger.read(kinds=("step.finished",)) if record.body["step"] == "web/slow"]
        assert len(finished) == 1
        assert ledger.verify().whole
    ssh_host.wait_until(lambda: ssh_host.keepers() == [], 5)
    assert len(ssh_host.runs()) <= 1, "killed after its result was recorded, the host keeps it for a week"


@pytest.mark.ssh
@pytest.mark.parametrize("seed", range(6))
def test_killed_at_any_moment_a_step_on_a_host_happens_once(ssh_host: SshHost, world: Far, seed: int) -> None:
    one_round(ssh_host, world, seed)


@pytest.mark.slow
@pytest.mark.ssh
@pytest.mark.parametrize("seed", range(6, 46))
def test_killed_at_any_moment_a_step_on_a_host_happens_once_many_times(
    ssh_host: SshHost, world: Far, seed: int
) -> None:
    one_round(ssh_host, world, seed)
