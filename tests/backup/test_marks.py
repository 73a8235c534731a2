from __future__ import annotations

from pathlib import Path

import pytest

from backup import errors, marks


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    place = tmp_path / "vault"
    place.mkdir()
    (place / marks.MARKER).write_text('{"id": "ours"}')
    return place


def test_a_repository_is_known_by_its_config_file(tmp_path: Path) -> None:
    assert marks.digest_of(tmp_path / "sso") is None
    (tmp_path / "sso").mkdir()
    (tmp_path / "sso" / "config").write_bytes(b"one")
    first = marks.digest_of(tmp_path / "sso")
    (tmp_path / "sso" / "config").write_bytes(b"another")
    assert first is not None
    assert marks.digest_of(tmp_path / "sso") not in (None, first)


@pytest.mark.parametrize("text", ["", "nothing", "[]", "{}", '{"id"'])
def test_a_marker_that_names_no_id_marks_nothing(vault: Path, text: str) -> None:
    assert marks.marker_id(vault) == "ours"
    (vault / marks.MARKER).write_text(text)
    assert marks.marker_id(vault) is None


def test_a_vault_is_the_one_the_ledger_knows_or_refused_by_what_it_is(vault: Path) -> None:
    marks.require("main", vault, "ours")
    marks.require("main", vault, None)
    with pytest.raises(errors.WrongVaultError, match="another vault than main"):
        marks.require("main", vault, "theirs")
    (vault / marks.MARKER).unlink()
    with pytest.raises(errors.VaultLostError, match="no longer holds"):
        marks.require("main", vault, "ours")
    vault.rmdir()
    with pytest.raises(errors.VaultMissingError, match="is not at"):
        marks.require("main", vault, "ours")
