"""Messages reach somebody: once if nothing fails, at least once if a sender dies, and never in silence not at all."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from inventory.errors import UsageError
from ledger import outbox
from ledger.errors import LeaseLostError
from ledger.ledger import Ledger
from tests.fakes.clock import FakeClock
from tests.ledger.fixtures import Place


@pytest.fixture
def ledger(both: Ledger) -> Ledger:
    """Each of these tests runs on SQLite and on a real PostgreSQL server."""
    return both


CONTENT = {"subject": "Sự cố", "lines": ["một", "hai"]}


def put(ledger: Ledger, key: str = "i-1 opened") -> bool:
    return outbox.put(ledger, key, "mail", CONTENT)


def claimed(ledger: Ledger, **how: timedelta) -> outbox.Message:
    (message, *_) = outbox.due(ledger)
    mine = outbox.claim(ledger, message, **how)
    assert mine is not None
    return mine


def test_a_message_is_due_claimed_sent_and_on_record(ledger: Ledger, clock: FakeClock) -> None:
    assert put(ledger)
    (message,) = outbox.due(ledger)
    assert (message.key, message.channel, message.content) == ("i-1 opened", "mail", CONTENT)
    assert (message.state, message.attempts, message.due) == ("waiting", 0, clock.now())
    outbox.sent(ledger, claimed(ledger))
    assert outbox.due(ledger) == []
    assert [(record.kind, record.body) for record in ledger.read()] == [
        ("message.put", {"key": "i-1 opened", "channel": "mail"}),
        ("message.sent", {"key": "i-1 opened", "channel": "mail", "attempts": 1}),
    ]
    assert [each.state for each in outbox.listed(ledger)] == ["sent"]


def test_the_same_key_is_the_same_message_also_after_it_was_sent(ledger: Ledger) -> None:
    assert put(ledger)
    assert not put(ledger)
    outbox.sent(ledger, claimed(ledger))
    assert not put(ledger)
    assert len(list(ledger.read(kinds=[outbox.PUT]))) == 1


def test_many_who_put_the_same_message_at_once_put_it_once(place: Place) -> None:
    place.open().close()
    answers: list[bool] = []

    def run() -> None:
        mine = place.open()
        answers.append(put(mine))
        mine.close()

    threads = [threading.Thread(target=run) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ledger = place.open()
    assert sorted(answers) == [False] * 5 + [True]
    assert len(list(ledger.read())) == len(outbox.listed(ledger)) == 1
    ledger.close()


def test_senders_at_work_at_once_send_each_message_once(place: Place) -> None:
    ledger = place.open()
    for number in range(12):
        put(ledger, f"message {number:02}")
    sent: list[str] = []

    def run() -> None:
        mine = place.open()
        for message in outbox.due(mine):
            if (taken := outbox.claim(mine, message)) is not None:
                sent.append(taken.key)
                outbox.sent(mine, taken)
        mine.close()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(sent) == [f"message {number:02}" for number in range(12)]
    assert len(list(ledger.read(kinds=[outbox.SENT]))) == 12
    ledger.close()


def test_a_message_waits_until_it_is_due(ledger: Ledger, clock: FakeClock) -> None:
    outbox.put(ledger, "later", "mail", {}, due=clock.now() + timedelta(hours=1))
    assert outbox.due(ledger) == []
    assert outbox.claim(ledger, outbox.listed(ledger)[0]) is None
    clock.advance(hours=1)
    assert [message.key for message in outbox.due(ledger)] == ["later"]


def test_after_the_clock_was_set_back_nothing_waits_until_it_has_caught_up(ledger: Ledger, clock: FakeClock) -> None:
    true = clock.now()
    clock.set(true + timedelta(days=400))
    put(ledger, "new")
    put(ledger, "failed")
    put(ledger, "held")
    for message in outbox.due(ledger):
        mine = outbox.claim(ledger, message)
        assert mine is not None
        if message.key == "failed":
            outbox.failed(ledger, mine, "no")
        elif message.key == "new":
            outbox.sent(ledger, mine)
    put(ledger, "newer")
    clock.set(true)
    assert {message.key for message in outbox.due(ledger)} == {"failed", "held", "newer"}
    for message in outbox.due(ledger):
        mine = outbox.claim(ledger, message)
        assert mine is not None
        outbox.failed(ledger, mine, "no")
    assert outbox.due(ledger) == [], "each rests as it would have"
    clock.advance(hours=1)
    assert len(outbox.due(ledger)) == 3


def test_a_failed_message_waits_longer_each_time_and_is_given_up_in_the_open(ledger: Ledger, clock: FakeClock) -> None:
    put(ledger)
    waits = []
    for _ in range(outbox.MOST_ATTEMPTS):
        message = outbox.failed(ledger, claimed(ledger), "the server said no")
        waits.append(message.due - clock.now())
        clock.advance(seconds=waits[-1].total_seconds())
    assert [wait.total_seconds() / 60 for wait in waits] == [1, 2, 4, 8, 16, 32, 60, 60, 60, 60]
    assert (message.state, message.attempts, message.problem) == ("dead", 10, "the server said no")
    assert outbox.due(ledger) == []
    (record,) = ledger.read(kinds=[outbox.DEAD])
    assert record.body["problem"] == "the server said no"


def test_what_was_given_up_can_be_sent_anew_and_nothing_else(ledger: Ledger, clock: FakeClock) -> None:
    put(ledger)
    with pytest.raises(UsageError, match="is waiting, not dead"):
        outbox.again(ledger, "i-1 opened")
    with pytest.raises(UsageError, match="there is no message 'none'"):
        outbox.again(ledger, "none")
    for _ in range(outbox.MOST_ATTEMPTS):
        outbox.failed(ledger, claimed(ledger), "no")
        clock.advance(hours=1)
    assert outbox.again(ledger, "i-1 opened").attempts == 0
    outbox.sent(ledger, claimed(ledger))
    assert [record.kind for record in ledger.read()] == ["message.put", "message.dead", "message.again", "message.sent"]


def test_a_sender_that_died_loses_its_claim_and_cannot_settle_it_any_more(place: Place) -> None:
    first_clock, second_clock = FakeClock(), FakeClock()
    first, second = place.open("first", first_clock), place.open("second", second_clock)
    put(first)
    stale = claimed(first, length=timedelta(minutes=5))
    second_clock.advance(minutes=5)
    assert outbox.due(second) == []
    assert outbox.claim(second, stale) is None
    second_clock.advance(seconds=1)
    fresh = claimed(second)
    for settle in (lambda: outbox.sent(first, stale), lambda: outbox.failed(first, stale, "x")):
        with pytest.raises(LeaseLostError, match="is with another sender now"):
            settle()
    outbox.sent(second, fresh)
    assert len(list(second.read(kinds=[outbox.SENT]))) == 1
    first.close()
    second.close()


def test_messages_are_listed_by_state(ledger: Ledger) -> None:
    for key in ("a", "b"):
        put(ledger, key)
    outbox.sent(ledger, claimed(ledger))
    assert [message.key for message in outbox.listed(ledger, ["waiting"])] == ["b"]
    assert [message.key for message in outbox.listed(ledger, ["sent", "dead"])] == ["a"]
    assert outbox.listed(ledger)[0].to_json()["content"] == CONTENT


def test_the_wait_never_grows_beyond_an_hour() -> None:
    assert outbox.wait_after(10_000) == timedelta(hours=1)
