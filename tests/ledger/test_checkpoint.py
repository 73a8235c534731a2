from __future__ import annotations

import json
import shutil
import subprocess
import threading
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from inventory.errors import ExitCode
from ledger import checkpoint
from ledger.checkpoint import (
    Checkpoint,
    CheckpointError,
    OtherSiteError,
    TamperedCheckpointError,
    WrongKeyError,
)
from ledger.errors import LedgerError
from ledger.ledger import Ledger


@pytest.fixture
def made(ledger: Ledger, state: Path, tmp_path: Path) -> tuple[Checkpoint, Path]:
    ledger.append("test", {"n": 1})
    file = tmp_path / "medium" / "checkpoint.json"
    file.parent.mkdir()
    return checkpoint.write(ledger, state, "district", file), file


def test_a_checkpoint_of_the_newest_record_proves_the_whole_ledger(
    made: tuple[Checkpoint, Path], ledger: Ledger
) -> None:
    written, file = made
    read = checkpoint.read_and_check(file, checkpoint.read_public(file.with_suffix(".pub")), site="district")
    assert read == written
    verdict = ledger.verify([read.anchor])
    assert (verdict.records, verdict.verified) == (2, True)


def test_the_checkpoint_is_on_record_with_what_came_before_it(made: tuple[Checkpoint, Path], ledger: Ledger) -> None:
    first, record = ledger.read()
    assert record.kind == "ledger.checkpoint"
    assert record.body == {"seq": first.seq, "hash": first.hash, "to": str(made[1])}
    assert (made[0].seq, made[0].hash) == (record.seq, record.hash)


def test_an_empty_ledger_can_be_checkpointed(ledger: Ledger, state: Path, tmp_path: Path) -> None:
    written = checkpoint.write(ledger, state, "district", tmp_path / "c.json")
    assert ledger.verify([written.anchor]).verified


@pytest.mark.parametrize(
    ("name", "value"),
    [("seq", 1), ("hash", "f" * 64), ("at", "2020-01-01T00:00:00Z"), ("site", "other"), ("signature", "AAAA")],
)
def test_a_changed_checkpoint_is_refused(made: tuple[Checkpoint, Path], state: Path, name: str, value: object) -> None:
    file = made[1]
    file.write_text(json.dumps(json.loads(file.read_text()) | {name: value}))
    with pytest.raises(TamperedCheckpointError, match="was changed after it was signed") as caught:
        checkpoint.read_and_check(file, checkpoint.read_public(checkpoint.public_file(state)))
    assert caught.value.exit_code == ExitCode.REFUSED


def test_a_signature_by_another_key_is_refused(made: tuple[Checkpoint, Path]) -> None:
    with pytest.raises(WrongKeyError, match="was signed with key SHA256:"):
        checkpoint.read_and_check(made[1], Ed25519PrivateKey.generate().public_key())


def test_a_forger_who_also_swaps_the_key_id_is_refused(made: tuple[Checkpoint, Path]) -> None:
    stranger = Ed25519PrivateKey.generate().public_key()
    content = json.loads(made[1].read_text()) | {"key_id": checkpoint.fingerprint(stranger)}
    made[1].write_text(json.dumps(content))
    with pytest.raises(TamperedCheckpointError):
        checkpoint.read_and_check(made[1], stranger)


def test_a_checkpoint_of_another_site_is_refused(made: tuple[Checkpoint, Path], state: Path) -> None:
    key = checkpoint.read_public(checkpoint.public_file(state))
    with pytest.raises(OtherSiteError, match="'district'; this is 'province'"):
        checkpoint.read_and_check(made[1], key, site="province")


@pytest.mark.parametrize(
    "text",
    ["", "[]", "null", "{}", '"x"', '{"holdfast_checkpoint": 2}', '{"holdfast_checkpoint": 1, "seq": 1}', "\x00\xff"],
)
def test_a_file_that_is_no_checkpoint_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "c.json"
    file.write_text(text)
    with pytest.raises(CheckpointError, match="is not a checkpoint"):
        checkpoint.read_and_check(file, Ed25519PrivateKey.generate().public_key())


@pytest.mark.parametrize("change", [{"seq": "1"}, {"seq": True}, {"more": 1}, {"hash": None}])
def test_fields_of_another_kind_are_refused(
    made: tuple[Checkpoint, Path], state: Path, change: dict[str, object]
) -> None:
    made[1].write_text(json.dumps(json.loads(made[1].read_text()) | change))
    with pytest.raises(CheckpointError, match="is not a checkpoint"):
        checkpoint.read_and_check(made[1], checkpoint.read_public(checkpoint.public_file(state)))


def test_a_missing_checkpoint_or_key_is_named(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match=r"gone.json cannot be read"):
        checkpoint.read_and_check(tmp_path / "gone.json", Ed25519PrivateKey.generate().public_key())
    with pytest.raises(LedgerError, match=r"gone.pub cannot be read"):
        checkpoint.read_public(tmp_path / "gone.pub")


@pytest.mark.parametrize("text", ["", "ssh-ed25519 AAAA", "ssh-rsa AAAA x", "hello"])
def test_a_file_that_is_no_public_key_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "x.pub"
    file.write_text(text)
    with pytest.raises(CheckpointError):
        checkpoint.read_public(file)


def test_the_signing_key_is_private_and_stays_the_same(ledger: Ledger, state: Path) -> None:
    key = checkpoint.private_key(state)
    assert (state / "keys" / "checkpoint.ed25519").stat().st_mode & 0o777 == 0o600
    assert (state / "keys").stat().st_mode & 0o777 == 0o700
    again = checkpoint.private_key(state)
    assert again.private_bytes_raw() == key.private_bytes_raw()


def test_many_who_ask_at_once_get_one_key(state: Path) -> None:
    found: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: found.append(checkpoint.private_key(state).private_bytes_raw()))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1
    assert sorted(file.name for file in (state / "keys").iterdir()) == ["checkpoint.ed25519", "checkpoint.pub"]


def test_a_key_that_others_may_read_or_that_is_damaged_is_refused(state: Path) -> None:
    checkpoint.private_key(state)
    file = state / "keys" / "checkpoint.ed25519"
    file.chmod(0o640)
    with pytest.raises(CheckpointError, match="others may read") as caught:
        checkpoint.private_key(state)
    assert caught.value.hint == f"chmod 600 {file}"
    file.chmod(0o600)
    file.write_text("rubbish")
    with pytest.raises(CheckpointError, match="is damaged"):
        checkpoint.private_key(state)


def test_the_fingerprint_is_the_one_ssh_keygen_prints(state: Path) -> None:
    program = shutil.which("ssh-keygen")
    if program is None:
        pytest.skip("ssh-keygen is not installed")
    key = checkpoint.private_key(state).public_key()
    said = subprocess.run(
        [program, "-lf", str(checkpoint.public_file(state))], capture_output=True, text=True, check=True
    ).stdout
    assert checkpoint.fingerprint(key) in said


def test_a_checkpoint_that_cannot_be_written_says_so_here_and_in_the_ledger(
    ledger: Ledger, state: Path, tmp_path: Path
) -> None:
    with pytest.raises(LedgerError, match="could not be written: No such file"):
        checkpoint.write(ledger, state, "district", tmp_path / "gone" / "c.json")
    assert [record.kind for record in ledger.read()] == ["ledger.checkpoint", "ledger.checkpoint.failed"]
