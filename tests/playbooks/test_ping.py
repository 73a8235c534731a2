from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from cli.clock import SystemClock
from inventory import site as sites
from playbooks.ansible import Play, TaskResult
from playbooks.ping import ping
from tests.fakes.clock import FakeClock

_INVENTORY = """
edoc:
  hosts:
    here: {ansible_connection: local}
    away: {ansible_connection: ssh, ansible_host: 127.0.0.1, ansible_port: 1}
  vars: {system: {name: Documents}}
"""


@pytest.fixture
def site(tmp_path: Path) -> sites.Site:
    (tmp_path / "inventory").mkdir()
    (tmp_path / "holdfast.yml").write_text("site: small\n")
    (tmp_path / "inventory" / "edoc.yml").write_text(_INVENTORY)
    return sites.load(tmp_path)


@pytest.mark.ansible
def test_a_host_that_answers_tells_its_time_and_one_that_does_not_the_reason(site: sites.Site) -> None:
    here, away = ping(site, ["here", "away"], SystemClock(), limit=60)
    assert (here.problem, here.ahead is not None and abs(here.ahead) < 30) == ("", True)
    assert "Connection refused" in away.problem
    assert away.ahead is None


def answering(said: str) -> Callable[[Play, Callable[[TaskResult], None]], Sequence[TaskResult]]:
    def run(play: Play, on_result: Callable[[TaskResult], None]) -> Sequence[TaskResult]:
        results = [TaskResult(host, "", "", "ok", False, {"stdout": said}) for host in play.hosts]
        for result in results:
            on_result(result)
        return results

    return run


def test_a_clock_that_is_wrong_is_measured(site: sites.Site, clock: FakeClock) -> None:
    later = str(int(clock.now().timestamp()) + 3600)
    assert ping(site, ["away"], clock, limit=1, runner=answering(later + "\r\n"))[0].ahead == pytest.approx(3600)


@pytest.mark.parametrize("said", ["", "no such program", "9" * 400, "12:30"])
def test_a_host_that_talks_nonsense_has_told_no_time(site: sites.Site, clock: FakeClock, said: str) -> None:
    assert ping(site, ["away"], clock, limit=1, runner=answering(said))[0].ahead is None


def test_a_host_that_ansible_leaves_out_has_not_answered(site: sites.Site, clock: FakeClock) -> None:
    assert ping(site, ["away"], clock, limit=1, runner=lambda *_: [])[0].problem
    assert ping(site, [], clock, limit=1) == []
