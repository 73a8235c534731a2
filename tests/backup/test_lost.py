from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from backup import lost, marks
from backup.directory import MARKER, Directory, digest_of
from backup.history import state_of
from inventory.outline import CopyOutline, Outline, SystemOutline
from inventory.vaults import VaultPlace
from ledger.ledger import Entry, Ledger

DAY = timedelta(days=1)
SYSTEM = SystemOutline(3, DAY, DAY, (), ("h",), (), (CopyOutline("vault", "main", DAY),), "generic", external=False)


@pytest.fixture
def site(tmp_path: Path) -> Outline:
    """Two systems with copies in one vault, and one nobody copied yet."""
    (tmp_path / "vault").mkdir()
    (tmp_path / "vault" / MARKER).write_text('{"id": "ours"}')
    for key in ("sso", "edoc"):
        (tmp_path / "vault" / key).mkdir()
        (tmp_path / "vault" / key / "config").write_text(key)
    systems = dict.fromkeys(("sso", "edoc", "new"), SYSTEM)
    places = {"main": VaultPlace(path=tmp_path / "vault")}
    return Outline(tmp_path, "district", None, systems, {}, {}, ("baseline",), places, {}, None)


@pytest.fixture
def copied(ledger: Ledger, site: Outline) -> Ledger:
    entries = [Entry("vault.made", {"store": "main", "id": "ours", "path": "/vault"})]
    for key in ("sso", "edoc"):
        digest = digest_of(site.root / "vault" / key)
        body: dict[str, Any] = {"kind": "vault", "store": "main", "digest": digest}
        entries.append(Entry("repository.made", body, key))
        taken = body | {"status": "complete", "snapshot": key, "at": "2026-11-23T12:00:00.000000Z", "data_time": None}
        entries.append(Entry("backup.finished", taken | {"files": 1, "bytes": 1, "seconds": 1.0}, key))
    ledger.append_all(entries)
    return ledger


def test_what_can_be_read_is_not_lost(copied: Ledger, site: Outline) -> None:
    assert lost.of_systems(site, state_of(copied)) == {"sso": {}, "edoc": {}, "new": {}}


def test_one_repository_that_is_gone_is_lost_alone(copied: Ledger, site: Outline) -> None:
    (site.root / "vault" / "sso" / "config").unlink()
    found = lost.of_systems(site, state_of(copied))
    assert found == {"sso": {"main": "the repository of sso is gone, or not the one recorded"}, "edoc": {}, "new": {}}
    assert lost.ruined("main", Directory(site.root / "vault"), state_of(copied)) == ["sso"]


def test_a_vault_that_is_away_takes_every_copy_with_it(copied: Ledger, site: Outline) -> None:
    away = replace(site, vault_places={"main": VaultPlace(path=site.root / "elsewhere")})
    found = lost.of_systems(away, state_of(copied))
    assert found["sso"] == found["edoc"] == {"main": f"the vault main is not at {site.root / 'elsewhere'}"}
    assert found["new"] == {}, "it never had a copy there to lose"


def test_each_vault_is_looked_at_once_however_many_systems_there_are(
    copied: Ledger, site: Outline, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []
    monkeypatch.setattr(marks, "require", lambda name, *_: looked.append(name))
    lost.of_systems(site, state_of(copied))
    assert looked == ["main"]
