from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from ledger import alerts
from ledger.alerts import Alert
from ledger.errors import LedgerError
from ledger.ledger import Ledger
from tests.fakes.clock import FakeClock
from tests.ledger.fixtures import Place

ALERT = Alert(
    id=alerts.alert_id("many-failures", "text-hash", "minh.tran"),
    rule="many-failures",
    title="Many failed sign-ins",
    level="high",
    source="auth.log",
    system="sso",
    first_at=FakeClock().now(),
    last_at=FakeClock().now(),
    count=300,
    events=[{"file": "auth.log", "line": 7, "id": None}],
    summary="300 failed sign-ins of minh.tran",
    tags=["attack.t1110"],
)


@pytest.fixture
def ledger(both: Ledger) -> Ledger:
    """Each of these tests runs on SQLite and on a real PostgreSQL server."""
    return both


def test_an_alert_comes_back_as_it_was_raised(ledger: Ledger, clock: FakeClock) -> None:
    (raised,) = alerts.raise_alerts(ledger, [ALERT])
    assert raised == replace(ALERT, raised_at=clock.now())
    assert alerts.listed(ledger) == [raised]


def test_the_same_alert_is_raised_once_however_often_it_is_found(ledger: Ledger) -> None:
    assert len(alerts.raise_alerts(ledger, [ALERT, ALERT])) == 1
    assert alerts.raise_alerts(ledger, [ALERT]) == []
    assert len(list(ledger.read())) == 1


def test_the_chain_holds_a_digest_of_what_was_raised(ledger: Ledger) -> None:
    alerts.raise_alerts(ledger, [ALERT, replace(ALERT, id="b" * 16, level="critical", system=None)])
    (record,) = ledger.read(kinds=["alerts.raised"])
    assert record.body["count"] == 2
    assert record.body["highest"] == "critical"
    assert record.body["systems"] == ["sso"]
    assert len(record.body["digest"]) == 64


def test_nothing_new_leaves_no_record(ledger: Ledger) -> None:
    assert alerts.raise_alerts(ledger, []) == []
    assert list(ledger.read()) == []


def test_a_change_of_state_is_recorded_with_who_and_why(ledger: Ledger) -> None:
    alerts.raise_alerts(ledger, [ALERT])
    alerts.change(ledger, [ALERT.id], alerts.CLOSED, reason="a test by the operator", incident="i-1")
    assert [alert.state for alert in alerts.listed(ledger, incident="i-1")] == ["closed"]
    assert alerts.listed(ledger, states=[alerts.OPEN]) == []
    (record,) = ledger.read(kinds=["alerts.changed"])
    assert (record.actor, record.body["reason"]) == ("minh", "a test by the operator")


def test_a_change_without_incident_keeps_the_one_it_has(ledger: Ledger) -> None:
    alerts.raise_alerts(ledger, [ALERT])
    alerts.change(ledger, [ALERT.id], alerts.ACKNOWLEDGED, incident="i-1")
    alerts.change(ledger, [ALERT.id], alerts.CLOSED)
    assert alerts.listed(ledger)[0].incident == "i-1"


def test_an_alert_that_cannot_be_recorded_is_not_raised(
    ledger: Ledger, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise LedgerError("full")

    monkeypatch.setattr(ledger.store, "append", full)
    with pytest.raises(LedgerError):
        alerts.raise_alerts(ledger, [ALERT])
    assert alerts.listed(place.open("lan")) == []


def test_a_flood_of_alerts_is_one_record(ledger: Ledger) -> None:
    flood = [replace(ALERT, id=alerts.alert_id("r", "h", str(number))) for number in range(40_000)]
    assert len(alerts.raise_alerts(ledger, flood)) == 40_000
    assert alerts.raise_alerts(ledger, flood) == []
    (record,) = ledger.read()
    assert (record.body["count"], len(record.body["ids"])) == (40_000, 100)


def test_the_id_depends_on_rule_text_and_key_and_on_nothing_else() -> None:
    assert alerts.alert_id("a", "b", "c") == alerts.alert_id("a", "b", "c")
    ids = {alerts.alert_id(*parts) for parts in [("a", "b", "c"), ("ab", "", "c"), ("a", "bc", ""), ("a", "b", "d")]}
    assert len(ids) == 4


def test_an_unknown_level_weighs_most() -> None:
    levels = ["informational", "low", "medium", "high", "critical", "apocalyptic"]
    assert sorted(levels, key=alerts.rank) == levels


def test_two_runs_that_find_the_same_at_once_raise_it_once(ledger: Ledger, place: Place) -> None:
    flood = [replace(ALERT, id=alerts.alert_id("r", "h", str(number))) for number in range(2000)]
    raised: list[Alert] = []

    def run() -> None:
        mine = place.open("lan")
        for start in range(0, 2000, 100):
            raised.extend(alerts.raise_alerts(mine, flood[start : start + 100]))

    runs = [threading.Thread(target=run) for _ in range(4)]
    for one in runs:
        one.start()
    for one in runs:
        one.join()
    assert len(raised) == 2000
    assert sum(record.body["count"] for record in ledger.read()) == 2000
    assert len(alerts.listed(ledger)) == 2000


def test_what_waits_is_told_in_short_as_all_of_it_would_tell(ledger: Ledger, clock: FakeClock) -> None:
    assert alerts.waiting(ledger) is None
    levels = ("low", "critical", "high", "critical", "unheard of", "low")
    for number, level in enumerate(levels):
        clock.advance(minutes=1)
        system = (None, "sso", "edoc")[number % 3]
        alerts.raise_alerts(ledger, [replace(ALERT, id=f"{number:016x}", level=level, system=system)])
        every = alerts.listed(ledger, states=(alerts.OPEN,))
        found = alerts.waiting(ledger)
        assert found is not None
        assert found.count == len(every)
        assert set(found.systems) == {alert.system for alert in every}
        assert found.worst == max(every, key=lambda alert: alerts.rank(alert.level))
    alerts.change(ledger, [f"{number:016x}" for number in range(len(levels))], alerts.ACKNOWLEDGED)
    assert alerts.waiting(ledger) is None
