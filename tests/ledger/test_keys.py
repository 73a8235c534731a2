"""`test_checkpoint.py` says what a key must be; here is who may meddle with one that is about to take over."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger import keys
from ledger.errors import CheckpointError, LedgerError
from ledger.ledger import Ledger


def test_a_key_that_waits_for_its_record_is_left_alone_by_who_only_signs(ledger: Ledger, state: Path) -> None:
    keys.private_key(state)
    keys.make_key(keys.next_file(state))
    keys.settle(ledger, state)
    assert keys.next_file(state).exists()
    keys.settle(ledger, state, forget=True)
    assert not keys.next_file(state).exists()


def test_a_key_on_record_takes_over_once(ledger: Ledger, state: Path) -> None:
    old = keys.public_text(keys.private_key(state).public_key())
    keys.make_key(keys.next_file(state))
    new = keys.public_text(keys.load(keys.next_file(state)).public_key())
    ledger.append(keys.REPLACED, {"old": None, "new_public": new})
    for _ in range(2):
        keys.settle(ledger, state)
        assert keys.public_text(keys.private_key(state).public_key()) == new
    assert [file.read_text() for file in keys.retired(state)] == [old]


def test_a_damaged_key_is_told_with_the_way_out(state: Path) -> None:
    keys.private_key(state)
    keys.private_file(state).write_bytes(b"rubbish")
    with pytest.raises(CheckpointError, match="is damaged") as caught:
        keys.private_key(state)
    assert "key rotate --lost" in caught.value.hint


def test_what_the_file_system_says_of_keys_is_told(state: Path) -> None:
    with pytest.raises(LedgerError, match="cannot be changed: No space left"), keys.told(state):
        raise OSError(28, "No space left on device")
