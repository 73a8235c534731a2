"""Whoever holds only an old public key can follow to the new one; nobody else can lead them elsewhere."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from inventory.errors import UsageError
from ledger import checkpoint, durable, keys, rotation
from ledger.checkpoint import WrongKeyError
from ledger.ledger import Ledger
from ledger.proof import Proof, prove


@pytest.fixture
def outside(ledger: Ledger, state: Path, tmp_path: Path) -> Path:
    """A medium with an old checkpoint and the old public key."""
    (tmp_path / "medium").mkdir()
    ledger.append("test", {})
    checkpoint.write(ledger, state, "district", tmp_path / "medium" / "old.json")
    return tmp_path / "medium"


def proved(ledger: Ledger, state: Path, outside: Path, *names: str, key: str | None = "old.pub") -> Proof:
    files = [outside / name for name in names]
    return prove(ledger, state, "district", files, None if key is None else outside / key)


def write(ledger: Ledger, state: Path, file: Path) -> None:
    checkpoint.write(ledger, state, "district", file)


def test_a_checkpoint_of_the_new_key_is_proved_to_who_holds_only_the_old_one(
    ledger: Ledger, state: Path, outside: Path
) -> None:
    for name in ("second.json", "third.json"):
        rotation.rotate(ledger, state, "district", "yearly")
        write(ledger, state, outside / name)
    assert len({(outside / name).read_text() for name in ("old.pub", "second.pub", "third.pub")}) == 3
    proof = proved(ledger, state, outside, "old.json", "second.json", "third.json")
    assert (proof.faults, proof.unanchored) == ((), 0)
    assert proof.key_id == checkpoint.fingerprint(checkpoint.read_public(outside / "old.pub"))


def test_old_checkpoints_still_prove_with_the_old_key_and_with_what_lies_beside(
    ledger: Ledger, state: Path, outside: Path
) -> None:
    rotation.rotate(ledger, state, "district", "yearly")
    assert proved(ledger, state, outside, "old.json").anchored == 2
    proof = proved(ledger, state, outside, "old.json", key=None)
    assert (proof.anchored, proof.key_beside_ledger) == (2, True)


def test_the_old_private_key_is_gone(ledger: Ledger, state: Path) -> None:
    before = keys.private_key(state).private_bytes_raw()
    rotation.rotate(ledger, state, "district", "yearly")
    assert keys.private_key(state).private_bytes_raw() != before
    assert [file.name for file in (state / "keys").glob("*.ed25519")] == ["checkpoint.ed25519"]
    assert len(keys.retired(state)) == 1


def test_the_new_key_alone_does_not_vouch_for_the_old_one(ledger: Ledger, state: Path, outside: Path) -> None:
    rotation.rotate(ledger, state, "district", "yearly")
    write(ledger, state, outside / "new.json")
    with pytest.raises(WrongKeyError):
        proved(ledger, state, outside, "old.json", key="new.pub")


def forge(
    ledger: Ledger, old: Ed25519PrivateKey, signer: Ed25519PrivateKey, site: str = "district"
) -> Ed25519PrivateKey:
    """Append a rotation of `old` to a key of the thief's, signed by `signer`."""
    mine = Ed25519PrivateKey.generate()
    body = {"old": keys.fingerprint(old.public_key()), "new_public": keys.public_text(mine.public_key()), "reason": "x"}
    signature = signer.sign(rotation._signed_bytes(site, body["old"], body["new_public"], "x"))
    ledger.append(keys.ROTATED, body | {"signature": rotation.base64.b64encode(signature).decode()})
    return mine


def signed_by(ledger: Ledger, key: Ed25519PrivateKey, file: Path) -> None:
    file.write_bytes(checkpoint.to_json(checkpoint.make("district", ledger.append("x", {}), key)))


def test_a_rotation_that_the_old_key_did_not_sign_is_a_fault_and_leads_nowhere(
    ledger: Ledger, state: Path, outside: Path
) -> None:
    mine = forge(ledger, keys.private_key(state), Ed25519PrivateKey.generate())
    signed_by(ledger, mine, outside / "mine.json")
    with pytest.raises(WrongKeyError):
        proved(ledger, state, outside, "mine.json")
    proof = proved(ledger, state, outside, "old.json")
    assert "names a new signing key that the old one does not vouch for" in proof.faults[0]
    assert proof.anchored == 0


def test_a_rotation_of_another_site_leads_nowhere(ledger: Ledger, state: Path, outside: Path) -> None:
    old = keys.private_key(state)
    mine = forge(ledger, old, old, site="elsewhere")
    signed_by(ledger, mine, outside / "mine.json")
    with pytest.raises(WrongKeyError):
        proved(ledger, state, outside, "mine.json")


def test_who_stole_a_replaced_key_can_neither_rotate_it_again_nor_sign_with_it(
    ledger: Ledger, state: Path, outside: Path
) -> None:
    stolen = keys.private_key(state)
    rotation.rotate(ledger, state, "district", "stolen, perhaps")
    signed_by(ledger, stolen, outside / "later.json")
    with pytest.raises(WrongKeyError, match="that record 3 had replaced by then"):
        proved(ledger, state, outside, "later.json")
    mine = forge(ledger, stolen, stolen)
    signed_by(ledger, mine, outside / "mine.json")
    with pytest.raises(WrongKeyError):
        proved(ledger, state, outside, "mine.json")
    assert "does not vouch for" in proved(ledger, state, outside, "old.json").faults[0]


def test_a_lost_key_is_replaced_and_nothing_vouches_for_the_new_one(ledger: Ledger, state: Path, outside: Path) -> None:
    keys.private_file(state).unlink()
    rotation.replace_lost(ledger, state, "the disk died")
    write(ledger, state, outside / "new.json")
    with pytest.raises(WrongKeyError):
        proved(ledger, state, outside, "new.json")
    assert proved(ledger, state, outside, "new.json", key="new.pub").unanchored == 0
    assert proved(ledger, state, outside, "old.json").anchored == 2
    (record,) = ledger.read(kinds=[keys.REPLACED])
    assert record.body["old"] == checkpoint.fingerprint(checkpoint.read_public(outside / "old.pub"))


def test_without_a_reason_nothing_is_changed(ledger: Ledger, state: Path) -> None:
    before = keys.private_key(state).private_bytes_raw()
    for act in (
        lambda: rotation.rotate(ledger, state, "district", " "),
        lambda: rotation.replace_lost(ledger, state, ""),
    ):
        with pytest.raises(UsageError, match="needs a reason"):
            act()
    assert keys.private_key(state).private_bytes_raw() == before


def die(*_: object, **__: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


STEPS: dict[str, Callable[[], None]] = {
    "before the record": lambda: setattr(Ledger, "append", die),
    "after the record": lambda: setattr(keys, "_take_over", die),
    "while retiring": lambda: setattr(durable, "sync_directory", die),
    "before the last rename": lambda: setattr(Path, "replace", die),
}


@pytest.mark.parametrize("step", sorted(STEPS))
def test_a_rotation_killed_at_any_step_is_finished_or_forgotten(
    ledger: Ledger, state: Path, outside: Path, step: str
) -> None:
    pid = os.fork()
    if pid == 0:
        mine = Ledger.open(state, ledger.clock, "lan")
        if step in ("before the record", "after the record"):
            STEPS[step]()
        else:
            real = keys._take_over

            def take_over(*arguments: object) -> None:
                STEPS[step]()
                real(*arguments)  # type: ignore[arg-type]

            keys._take_over = take_over
        rotation.rotate(mine, state, "district", "yearly")
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == signal.SIGKILL
    write(ledger, state, outside / "after.json")
    proof = proved(ledger, state, outside, "old.json", "after.json")
    assert (proof.faults, proof.unanchored) == ((), 0)
    rotation.rotate(ledger, state, "district", "again")
    write(ledger, state, outside / "again.json")
    assert proved(ledger, state, outside, "old.json", "after.json", "again.json").unanchored == 0
    assert not keys.next_file(state).exists()
