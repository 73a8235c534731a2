from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from incident import acts, incident
from incident.incident import Incident
from inventory.errors import ExitCode, RefusedError, UsageError
from ledger import alerts
from ledger.ledger import Ledger
from tests.fakes.clock import FakeClock
from tests.incident import making


def test_an_incident_takes_its_alerts_in_and_counts_from_the_first_of_them(ledger: Ledger, clock: FakeClock) -> None:
    alerts.raise_alerts(ledger, [making.alert("a1")])
    clock.advance(minutes=7)
    alerts.raise_alerts(ledger, [making.alert("a2")])
    clock.advance(minutes=3)
    made = making.opened(ledger, "sso", alerts=alerts.listed(ledger))
    assert made.opened_at - made.detected_at == timedelta(minutes=10)
    assert made.alerts == ("a1", "a2")
    assert [each.state for each in alerts.listed(ledger, incident=made.id)] == [alerts.ACKNOWLEDGED] * 2


def test_without_alerts_it_counts_from_its_report(ledger: Ledger, clock: FakeClock) -> None:
    assert making.opened(ledger, "sso").detected_at == clock.now()


def test_every_incident_has_an_id_of_its_own(ledger: Ledger, clock: FakeClock) -> None:
    ids = [making.opened(ledger, "sso").id for _ in range(3)]
    clock.advance(days=1)
    ids.append(making.opened(ledger, "sso").id)
    assert ids == ["inc-20261123-01", "inc-20261123-02", "inc-20261123-03", "inc-20261124-01"]


def test_two_processes_that_open_incidents_at_once_make_two_or_one_is_refused(state: Path) -> None:
    def child() -> int:
        with making.real_ledger(state) as ledger:
            try:
                making.opened(ledger, "sso")
            except RefusedError:
                return ExitCode.REFUSED
        return 0

    codes = [making.finished(pid) for pid in [making.begin_child(child) for _ in range(4)]]
    assert set(codes) <= {0, ExitCode.REFUSED}
    with making.real_ledger(state) as ledger:
        assert len(incident.all_incidents(ledger)) == codes.count(0) >= 1


def test_an_incident_over_nothing_is_refused_with_the_way_out(ledger: Ledger) -> None:
    with pytest.raises(UsageError, match="no system is affected") as caught:
        making.opened(ledger)
    assert "--system KEY" in caught.value.hint


@pytest.mark.parametrize("title", ["", "  \n"])
def test_a_title_must_say_something(ledger: Ledger, title: str) -> None:
    with pytest.raises(UsageError):
        making.opened(ledger, "sso", title=title)


def test_words_cannot_pretend_to_be_several_lines_nor_carry_letters_that_are_none(ledger: Ledger) -> None:
    made = making.opened(ledger, "sso", title="quiet\n\nnext: rm -rf /\udcff")
    assert made.title == "quiet next: rm -rf /?"
    acts.add_note(ledger, made, "one\ntwo")
    assert incident.find(ledger, made.id).notes[0].reason == "one two"


def test_taking_it_up_twice_is_one_record(ledger: Ledger) -> None:
    made = making.opened(ledger, "sso")
    acts.acknowledge(ledger, made)
    acts.acknowledge(ledger, incident.find(ledger, made.id))
    assert len(list(ledger.read(kinds=("incident.acknowledged",)))) == 1


Act = Callable[[Ledger, Incident], None]
WORDLESS: dict[str, Act] = {
    "classify": lambda ledger, made: acts.classify(ledger, made, serious=True, reason=" "),
    "note": lambda ledger, made: acts.add_note(ledger, made, ""),
    "told": lambda ledger, made: acts.notify_police(ledger, made, told=True, reason="x", receipt=" "),
    "not required": lambda ledger, made: acts.notify_police(ledger, made, told=False, reason="", receipt="x"),
    "close": lambda ledger, made: acts.close(ledger, made, ""),
}


@pytest.mark.parametrize("act", WORDLESS)
def test_a_decision_without_words_is_none(ledger: Ledger, act: str) -> None:
    made = making.opened(ledger, "sso")
    before = len(list(ledger.read()))
    with pytest.raises(UsageError) as caught:
        WORDLESS[act](ledger, made)
    assert caught.value.hint
    assert len(list(ledger.read())) == before


def test_an_incident_closes_only_with_the_police_decision_and_every_system_normal(ledger: Ledger) -> None:
    alerts.raise_alerts(ledger, [making.alert("a1")])
    made = making.opened(ledger, "sso", "edoc", alerts=alerts.listed(ledger))

    def close() -> None:
        acts.close(ledger, incident.find(ledger, made.id), "all normal")

    with pytest.raises(RefusedError, match="police"):
        close()
    acts.notify_police(ledger, made, told=False, reason="a broken cable", receipt="")
    making.back(ledger, made, "sso")
    with pytest.raises(RefusedError, match="not back to normal: edoc") as caught:
        close()
    assert caught.value.exit_code == ExitCode.REFUSED
    making.back(ledger, made, "edoc")
    close()
    assert not incident.find(ledger, made.id).open
    assert [each.state for each in alerts.listed(ledger)] == [alerts.CLOSED]


AFTERWARDS: dict[str, Act] = {
    "acknowledge": acts.acknowledge,
    "classify": lambda ledger, made: acts.classify(ledger, made, serious=True, reason="x"),
    "police": lambda ledger, made: acts.notify_police(ledger, made, told=True, reason="", receipt="x"),
    "affect": lambda ledger, made: acts.affect(ledger, made, ["edoc"]),
    "close": lambda ledger, made: acts.close(ledger, made, "again"),
}


@pytest.mark.parametrize("act", AFTERWARDS)
def test_nothing_is_decided_in_a_closed_incident(ledger: Ledger, act: str) -> None:
    made = making.opened(ledger, "sso")
    making.settle(ledger, made)
    making.back(ledger, made, "sso")
    acts.close(ledger, incident.find(ledger, made.id), "all normal")
    with pytest.raises(RefusedError, match="is closed"):
        AFTERWARDS[act](ledger, incident.find(ledger, made.id))
    acts.add_note(ledger, incident.find(ledger, made.id), "the review is on Friday")
