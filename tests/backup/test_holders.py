from __future__ import annotations

from pathlib import Path

from backup import holders
from backup.directory import Directory
from backup.rest import Server
from inventory.vaults import VaultPlace


def test_a_vault_is_held_by_what_the_settings_name_and_nothing_is_asked_yet(tmp_path: Path) -> None:
    assert holders.of("main", VaultPlace(path=tmp_path / "nowhere")) == Directory(tmp_path / "nowhere")
    far = VaultPlace(rest="https://vault.example:8000/", user="holdfast", password_file=tmp_path / "nowhere")
    assert holders.of("main", far) == Server("main", far)
