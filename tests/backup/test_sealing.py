from __future__ import annotations

import pytest

from backup import errors, media, sealing
from ledger import checkpoint
from ledger.checkpoint import public_file, read_and_check, read_public
from tests.backup.world import LABEL, SYSTEM, World

pytestmark = pytest.mark.restic


def test_a_sealed_medium_carries_a_checkpoint_that_proves_the_ledger(copied: World) -> None:
    file = sealing.seal(copied.depot, LABEL)
    proof = read_and_check(file, read_public(public_file(copied.state)), site="small-district")
    verdict = copied.ledger.verify([proof.anchor])
    assert verdict.whole
    assert verdict.anchored == proof.seq
    assert file.with_suffix(".pub").exists()
    assert copied.depot.copies().media[LABEL].sealed_at is not None


def test_the_how_to_names_every_repository_and_no_secret(copied: World) -> None:
    sealing.seal(copied.depot, LABEL)
    text = (copied.offline / sealing.HOW_TO).read_text()
    assert f"restic -r ./{SYSTEM}" in text
    assert copied.depot.restic.version in text
    keys = [file.read_text() for file in (copied.state / "keys").rglob(SYSTEM)]
    assert keys
    assert not any(key in text for key in keys)


def test_a_medium_that_is_away_cannot_be_sealed(copied: World) -> None:
    media.detach(copied.depot, LABEL)
    with pytest.raises(errors.MediumAwayError):
        sealing.seal(copied.depot, LABEL)
    assert not list(copied.ledger.read(kinds=["medium.sealed", checkpoint.RECORD_KIND]))
