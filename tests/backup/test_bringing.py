from __future__ import annotations

from pathlib import Path

import pytest

from backup import bringing
from backup.manifest import Manifest, Source
from inventory.errors import UsageError
from inventory.system import Host


def host(tmp_path: Path) -> Host:
    return Host(name="spare-1", connection="local", root=str(tmp_path / "root"))


def test_a_database_inside_a_folder_is_read_beside_the_folder(tmp_path: Path) -> None:
    sources = [
        Source("documents-1", "sqlite", "/srv/edoc/data/edoc.db", "/staged/edoc.db"),
        Source("documents-1", "files", "/srv/edoc", "/backed/up/srv/edoc"),
        Source("documents-1", "files", "/etc/edoc", "/backed/up/etc/edoc"),
    ]
    document = Manifest("district", "edoc", "", "", None, sources, [])
    found = bringing.places(document, {"documents-1": host(tmp_path)}, "abcd1234")
    assert [(one.source.path, one.beside.name) for one in found] == [
        ("/etc/edoc", "etc"),
        ("/srv/edoc", "srv"),
        ("/srv/edoc/data/edoc.db", "srv"),
    ]
    assert len({one.staging for one in found}) == 3


def test_a_host_without_a_target_is_a_usage_error(tmp_path: Path) -> None:
    document = Manifest("district", "edoc", "", "", None, [Source("exchange-1", "files", "/srv", "/srv")], [])
    with pytest.raises(UsageError, match="exchange-1"):
        bringing.places(document, {"documents-1": host(tmp_path)}, "abcd1234")
