from __future__ import annotations

from pathlib import Path

from backup.directory import digest_of


def test_a_repository_is_known_by_its_config_file(tmp_path: Path) -> None:
    assert digest_of(tmp_path / "sso") is None
    (tmp_path / "sso").mkdir()
    (tmp_path / "sso" / "config").write_bytes(b"one")
    first = digest_of(tmp_path / "sso")
    (tmp_path / "sso" / "config").write_bytes(b"another")
    assert first is not None
    assert digest_of(tmp_path / "sso") not in (None, first)
