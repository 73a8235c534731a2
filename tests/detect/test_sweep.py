"""Rules over a site's logs, run after run: nothing lost, nothing twice, whatever happens in between."""

from __future__ import annotations

import random
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import pytest

from detect import positions, ruleset, sweep
from detect.rule import RuleSet
from detect.sweep import Outcome
from inventory.errors import ExitCode
from inventory.site import Site
from ledger import alerts
from ledger.alerts import Alert
from ledger.ledger import Ledger
from tests.detect.making import accepted, failed, site


@pytest.fixture(scope="module")
def rules() -> RuleSet:
    return ruleset.load([ruleset.SHIPPED])


class World:
    """A site with one log, and runs over it."""

    def __init__(self, root: Path, ledger: Ledger, state: Path, rules: RuleSet) -> None:
        self.site: Site = site(root, [{"host": "signon-1", "file": "/var/log/auth.log"}])
        self.log = root / "signon-1" / "var" / "log" / "auth.log"
        self.log.touch()
        self.ledger = ledger
        self.state = state
        self.rules = rules

    def write(self, *lines: str) -> None:
        with self.log.open("a") as out:
            out.writelines(lines)

    def run(self) -> Outcome:
        return sweep.run(self.site, self.ledger, self.state, self.rules)

    def alerts(self) -> list[Alert]:
        return alerts.listed(self.ledger)


@pytest.fixture
def world(tmp_path: Path, ledger: Ledger, state: Path, rules: RuleSet) -> World:
    return World(tmp_path, ledger, state, rules)


ATTACK = [*(failed("minh.tran", n) for n in range(300)), accepted("minh.tran", 301)]


def test_three_hundred_wrong_passwords_and_a_right_one_are_two_alerts(world: World) -> None:
    world.write(*ATTACK)
    outcome = world.run()
    assert {(alert.title, alert.count) for alert in outcome.raised} == {
        ("Many wrong passwords for one account", 300),
        ("A password was guessed", 2),
    }
    assert outcome.exit_code == ExitCode.FINDINGS
    first = next(alert for alert in outcome.raised if alert.count == 300)
    assert first.system == "sso"
    assert len(first.events) == 20
    assert first.events[0] == {"file": str(world.log), "line": 1, "id": None}


def test_a_second_run_raises_nothing_new(world: World) -> None:
    world.write(*ATTACK)
    world.run()
    outcome = world.run()
    assert outcome.raised == []
    assert outcome.exit_code == ExitCode.DONE


def test_a_few_mistyped_passwords_are_a_quiet_day(world: World) -> None:
    world.write(
        *(line for n in range(60) for line in (failed(f"user{n % 5}", n * 10), accepted(f"user{n % 5}", n * 10 + 1)))
    )
    assert world.run().exit_code == ExitCode.DONE


def test_an_attack_seen_in_two_runs_is_one_alert(world: World) -> None:
    world.write(*ATTACK[:12])
    assert world.run().raised == []
    world.write(*ATTACK[12:30])
    (alert,) = world.run().raised
    assert alert.first_at is not None
    assert alert.events[0]["line"] == 1
    world.write(*ATTACK[30:300])
    assert world.run().raised == []


def test_a_new_attack_after_a_quiet_hour_is_a_new_alert(world: World) -> None:
    world.write(*(failed("minh", n - 7200) for n in range(30)))
    assert len(world.run().raised) == 1
    world.write(*(failed("minh", n) for n in range(30)))
    assert len(world.run().raised) == 1


@pytest.mark.parametrize("seed", range(20))
def test_however_the_runs_are_cut_the_alerts_are_the_same(
    world: World, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lines arrive in pieces, runs die before positions are written, the log is rotated: the alerts do not change."""
    chance = random.Random(seed)
    lines = [
        *(failed("minh", n / 2) for n in range(40)),
        accepted("minh", 25),
        *(failed("hoa", 30 + n) for n in range(25)),
        *(failed(f"user{n}", 100 + n) for n in range(12)),
    ]
    expected = undisturbed(world, lines)
    world.run()
    while lines:
        taken, lines = lines[: (cut := chance.randint(1, 30))], lines[cut:]
        world.write(*taken)
        with monkeypatch.context() as patched:
            if chance.random() < 0.4:
                patched.setattr(positions, "write", _die)
            with suppress(_Killed):
                world.run()
        if chance.random() < 0.3:
            world.log.rename(world.log.with_name(f"auth.log.{len(lines)}"))
            world.log.touch()
    world.run()
    assert found(world.alerts()) == expected


def undisturbed(world: World, lines: list[str]) -> list[tuple[str, datetime | None]]:
    """Return the alerts that one run over all these lines raises, elsewhere."""
    elsewhere = world.state.parent / "elsewhere"
    (elsewhere / "state").mkdir(parents=True)
    other = World(
        elsewhere, Ledger.open(elsewhere / "state", world.ledger.clock, "minh"), elsewhere / "state", world.rules
    )
    other.write(*lines)
    return found(other.run().raised)


def found(raised: Sequence[Alert]) -> list[tuple[str, datetime | None]]:
    return sorted((alert.title, alert.first_at) for alert in raised)


class _Killed(Exception):  # noqa: N818 - not an error: what kill -9 does
    pass


def _die(*_: object) -> None:
    raise _Killed


def test_killed_before_the_alerts_are_recorded_the_next_run_raises_them(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.write(*ATTACK)
    with monkeypatch.context() as patched:
        patched.setattr(alerts, "raise_alerts", _die)
        with pytest.raises(_Killed):
            world.run()
    assert len(world.run().raised) == 2


def test_a_silent_source_is_a_finding_and_an_unreadable_one_is_unfinished(world: World) -> None:
    world.log.unlink()
    outcome = world.run()
    assert outcome.exit_code == ExitCode.FINDINGS
    assert [(account.state, account.log) for account in outcome.accounts] == [("silent", "signon-1:/var/log/auth.log")]
    world.log.mkdir()
    assert world.run().exit_code == ExitCode.UNFINISHED


def test_the_run_is_recorded_after_its_alerts(world: World) -> None:
    world.write(*ATTACK)
    world.run()
    kinds = [record.kind for record in world.ledger.read()]
    assert kinds == ["alerts.raised", "detect.ran"]


def test_the_summary_counts(world: World) -> None:
    world.write(*ATTACK, "rubbish\n")
    assert world.run().summary().startswith("301 events, 1 corrupt lines, ")


def test_systems_without_logs_are_named_and_none_with_any_is_a_finding(world: World, tmp_path: Path) -> None:
    world.site = site(tmp_path, [])
    outcome = world.run()
    assert (outcome.unwatched, outcome.exit_code) == (["sso"], ExitCode.FINDINGS)
