from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ledger import checkpoint
from ledger.checkpoint import CheckpointError, WrongKeyError
from ledger.ledger import LEDGER_FILE, Ledger
from ledger.objects import Objects
from ledger.proof import prove
from tests.fakes.clock import FakeClock


@pytest.fixture
def medium(ledger: Ledger, state: Path, tmp_path: Path) -> Path:
    """A medium with a checkpoint of three records, away from the state directory."""
    file = tmp_path / "medium" / "checkpoint.json"
    file.parent.mkdir()
    ledger.append("test", {"n": 1})
    ledger.append("test", {"n": 2})
    checkpoint.write(ledger, state, "district", file)
    return file


def test_with_key_and_checkpoint_from_outside_the_ledger_is_verified(ledger: Ledger, state: Path, medium: Path) -> None:
    proof = prove(ledger, state, "district", [medium], medium.with_suffix(".pub"))
    assert proof.to_json() == {
        "records": 3,
        "head": next(ledger.read(newest=1)).hash,
        "whole": True,
        "anchored": 3,
        "verified": True,
        "faults": [],
        "erased": [],
        "key": {"fingerprint": proof.key_id, "from": str(medium.with_suffix(".pub")), "beside_ledger": False},
    }


def test_a_key_taken_from_beside_the_ledger_is_said_to_be(ledger: Ledger, state: Path, medium: Path) -> None:
    assert prove(ledger, state, "district", [medium], None).key_beside_ledger
    assert prove(ledger, state, "district", [medium], checkpoint.public_file(state)).key_beside_ledger


def test_records_after_the_checkpoint_are_counted_as_unanchored(ledger: Ledger, state: Path, medium: Path) -> None:
    ledger.append("test", {"n": 4})
    proof = prove(ledger, state, "district", [medium], None)
    assert (proof.verdict.anchored, proof.unanchored, proof.verdict.verified) == (3, 1, False)


def test_without_a_checkpoint_nothing_is_verified(ledger: Ledger, state: Path, medium: Path) -> None:
    proof = prove(ledger, state, "district", [], None)
    assert (proof.verdict.whole, proof.verdict.verified, proof.to_json()["key"]) == (True, False, None)


def test_a_ledger_written_anew_by_whoever_holds_the_state_is_found(state: Path, medium: Path, tmp_path: Path) -> None:
    """The holder has the database and the signing key, but not the medium."""
    for file in state.glob(f"{LEDGER_FILE}*"):
        file.unlink()
    forged = Ledger.open(state, FakeClock(), "minh")
    for number in (1, 99):
        forged.append("test", {"n": number})
    checkpoint.write(forged, state, "district", tmp_path / "forged.json")
    assert prove(forged, state, "district", [tmp_path / "forged.json"], None).verdict.verified
    proof = prove(forged, state, "district", [medium], medium.with_suffix(".pub"))
    assert proof.verdict.faults == ("record 3 is not the one the checkpoint was made of",)


def test_a_ledger_rolled_back_to_an_old_copy_is_found(
    ledger: Ledger, state: Path, medium: Path, tmp_path: Path
) -> None:
    ledger.close()
    shutil.copytree(state, tmp_path / "old")
    current = Ledger.open(state, FakeClock(), "minh")
    current.append("test", {"embarrassing": True})
    checkpoint.write(current, state, "district", medium.with_name("newer.json"))
    rolled_back = Ledger.open(tmp_path / "old", FakeClock(), "minh")
    proof = prove(rolled_back, tmp_path / "old", "district", [medium, medium.with_name("newer.json")], None)
    assert proof.verdict.faults == ("the checkpoint names record 5, which is missing: the tail was cut",)


def test_a_new_signing_key_does_not_pass_for_the_old_one(ledger: Ledger, state: Path, medium: Path) -> None:
    shutil.rmtree(state / "keys")
    with pytest.raises(CheckpointError, match="no public key"):
        prove(ledger, state, "district", [medium], None)
    checkpoint.private_key(state)
    with pytest.raises(WrongKeyError):
        prove(ledger, state, "district", [medium], None)
    assert prove(ledger, state, "district", [medium], medium.with_suffix(".pub")).verdict.verified


def test_what_is_wrong_beside_the_chain_leaves_nothing_verified(ledger: Ledger, state: Path, medium: Path) -> None:
    name = Objects(state).put(b"evidence")
    ledger.append("scan.finished", {"object": name})
    Objects(state).path(name).write_bytes(b"forged")
    proof = prove(ledger, state, "district", [medium], None)
    assert proof.faults == (f"object {name[:16]} of record 4 was changed",)
    assert (proof.whole, proof.anchored, proof.to_json()["verified"]) == (False, 0, False)
