from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.demo import district, supervisor
from cli.demo.district import District
from cli.demo.services.base import call
from cli.demo.supervisor import Supervisor
from inventory.errors import HoldfastError, RefusedError


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[District]:
    monkeypatch.setattr(district, "DOCUMENTS", 3)
    monkeypatch.setattr(district, "MESSAGES", 3)
    world = district.build(district.claim(tmp_path / "demo"))
    monkeypatch.setenv("HOLDFAST_DEMO_RUN", str(world.home))
    keeper = Supervisor(world)
    keeper.start()
    yield world
    keeper.stop()


def wait_until(answers: int, url: str) -> bool:
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        if call(url)[0] == answers:
            return True
        time.sleep(0.05)
    return False


def journal(world: District, host: str) -> list[str]:
    lines = (world.hosts / host / "var" / "log" / "journal.jsonl").read_text().splitlines()
    return [json.loads(line)["MESSAGE"] for line in lines]


def test_a_service_starts_answers_and_stops_on_request(world: District) -> None:
    assert supervisor.ask(world.home, "start", "sso", "signon-1") == "started sso on signon-1"
    assert wait_until(200, f"{world.url('sso')}/health")
    assert "already runs" in supervisor.ask(world.home, "start", "sso", "signon-1")
    assert supervisor.ask(world.home, "stop", "sso", "signon-1") == "stopped sso"
    assert call(f"{world.url('sso')}/health")[0] == 0
    assert journal(world, "signon-1")[-1] == "sso.service: Deactivated successfully."


def test_a_service_that_runs_elsewhere_is_not_called_started(world: District) -> None:
    supervisor.ask(world.home, "start", "sso", "signon-1")
    with pytest.raises(HoldfastError, match="cannot start sso on exchange-1: it runs on signon-1"):
        supervisor.ask(world.home, "start", "sso", "exchange-1")
    assert "already runs" in supervisor.ask(world.home, "start", "sso", "signon-1")


def test_a_killed_service_is_written_to_its_hosts_journal_as_systemd_would(world: District) -> None:
    supervisor.ask(world.home, "start", "sso", "signon-1")
    assert wait_until(200, f"{world.url('sso')}/health")
    [pid] = [
        int(entry.name)
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and str(world.ports["sso"]).encode() in _words(entry) and b"--port" in _words(entry)
    ]
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    wanted = "sso.service: Main process exited, code=killed, status=9/KILL"
    while wanted not in journal(world, "signon-1") and time.monotonic() < deadline:
        time.sleep(0.05)
    assert wanted in journal(world, "signon-1")


def test_without_a_running_demo_a_start_is_refused_with_the_way_to_start_one(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    with pytest.raises(HoldfastError, match="no demo is running") as caught:
        supervisor.ask(tmp_path, "start", "sso", "signon-1")
    assert "holdfast demo" in caught.value.hint


def test_a_second_demo_in_the_same_directory_is_refused_and_another_directory_is_free(tmp_path: Path) -> None:
    with supervisor.alone(tmp_path / "a"):
        with pytest.raises(RefusedError, match="a demo is running"), supervisor.alone(tmp_path / "a"):
            pass
        with supervisor.alone(tmp_path / "b"):
            pass
    with supervisor.alone(tmp_path / "a"):
        pass


def test_reaping_ends_only_processes_with_this_demos_mark(tmp_path: Path) -> None:
    ours = subprocess.Popen(["sleep", "60"], env={**os.environ, "HOLDFAST_DEMO_RUN": str(tmp_path)})
    other = subprocess.Popen(["sleep", "60"], env={**os.environ, "HOLDFAST_DEMO_RUN": f"{tmp_path}-other"})
    try:
        time.sleep(0.1)
        assert supervisor.reap(tmp_path) >= 1
        assert ours.wait(5) == -signal.SIGKILL
        assert other.poll() is None
    finally:
        for process in (ours, other):
            process.kill()
            process.wait()


def _words(entry: Path) -> list[bytes]:
    try:
        return (entry / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return []
