from __future__ import annotations

from pathlib import Path

import pytest

from backup import errors, marks
from backup.directory import MARKER, Directory


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    place = tmp_path / "vault"
    place.mkdir()
    (place / MARKER).write_text('{"id": "ours"}')
    return place


@pytest.mark.parametrize("text", ["", "nothing", "[]", "{}", '{"id"'])
def test_a_marker_that_names_no_id_marks_nothing(vault: Path, text: str) -> None:
    assert marks.marker_id(Directory(vault)) == "ours"
    (vault / MARKER).write_text(text)
    assert marks.marker_id(Directory(vault)) is None


def test_a_vault_is_the_one_the_ledger_knows_or_refused_by_what_it_is(vault: Path) -> None:
    marks.require("main", Directory(vault), "ours")
    marks.require("main", Directory(vault), None)
    with pytest.raises(errors.WrongVaultError, match="another vault than main"):
        marks.require("main", Directory(vault), "theirs")
    (vault / MARKER).unlink()
    with pytest.raises(errors.VaultLostError, match="no longer holds"):
        marks.require("main", Directory(vault), "ours")
    vault.rmdir()
    with pytest.raises(errors.VaultMissingError, match="is not at"):
        marks.require("main", Directory(vault), "ours")
