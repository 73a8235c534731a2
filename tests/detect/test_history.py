from __future__ import annotations

from datetime import timedelta

from detect import history
from detect.history import READ, SILENT
from detect.logs import Account
from detect.rule import RuleSet
from detect.sources import Tally
from ledger.ledger import Ledger
from tests.fakes.clock import FakeClock


def ran(ledger: Ledger, *accounts: Account) -> None:
    history.record(ledger, RuleSet(), accounts, findings=2, raised=1, seconds=0.5)


def test_before_the_first_run_nothing_is_known(ledger: Ledger) -> None:
    state = history.state_of(ledger)
    assert (state.last_run_at, state.evidence, state.systems) == (None, None, {})


def test_a_run_tells_per_system_what_was_heard_and_what_was_not(ledger: Ledger, clock: FakeClock) -> None:
    heard = clock.now() - timedelta(minutes=1)
    ran(
        ledger,
        Account("sso", "signon-1:/a", READ, tally=Tally(5, 1), last_event_at=heard),
        Account("sso", "signon-1:/b", SILENT, "not there"),
    )
    state = history.state_of(ledger)
    assert (state.last_run_at, state.evidence, state.rules) == (clock.now(), 1, 0)
    system = state.systems["sso"]
    assert (system.last_run_at, system.last_event_at, system.sources) == (clock.now(), heard, 2)
    assert system.silent == {"signon-1:/b": "not there"}
    (record,) = ledger.read()
    assert (record.body["events"], record.body["corrupt"], record.body["new_alerts"]) == (5, 1, 1)


def test_the_newest_event_stays_known_through_quiet_runs(ledger: Ledger, clock: FakeClock) -> None:
    heard = clock.now()
    ran(ledger, Account("sso", "signon-1:/a", READ, last_event_at=heard))
    clock.advance(hours=1)
    ran(ledger, Account("sso", "signon-1:/a", READ))
    system = history.state_of(ledger).systems["sso"]
    assert (system.last_event_at, system.last_run_at, system.evidence) == (heard, clock.now(), 2)


def test_the_view_folded_step_by_step_is_the_one_folded_at_once(ledger: Ledger, clock: FakeClock) -> None:
    for number in range(5):
        ran(ledger, Account(f"s{number % 2}", "log", READ if number % 3 else SILENT, last_event_at=clock.now()))
        clock.advance(minutes=1)
        stepwise = ledger.project(history.PROJECTION)
    assert stepwise == ledger.rebuild(history.PROJECTION)
