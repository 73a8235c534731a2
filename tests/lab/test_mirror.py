"""Where the lab's images come from: this machine's own apt sources, whatever form they have."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lab import mirror
from tests.lab.mirror import Mirror
from tests.lab.running import LabError

DEB822 = """\
Types: deb deb-src
# an older address
URIs: http://mirror.example/debian http://second.example/debian
Suites: trixie trixie-updates
Components: main
Signed-By: /usr/share/keyrings/some.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: trixie-security
Components: main
"""


def apt(directory: Path, **files: str) -> Path:
    (directory / "sources.list.d").mkdir()
    for name, text in files.items():
        (directory / "sources.list.d" / name.replace("_", ".")).write_text(text)
    return directory


def test_the_mirror_is_the_source_that_carries_the_machines_own_release(tmp_path: Path) -> None:
    other = "deb [arch=amd64 signed-by=/k.gpg] http://other.example/tools tools-trixie main\n"
    found = mirror.find_mirror(apt(tmp_path, a_list=other, debian_sources=DEB822), "trixie")
    assert found == Mirror("http://mirror.example/debian", "/usr/share/keyrings/some.gpg")


def test_one_line_sources_are_read_too(tmp_path: Path) -> None:
    lines = "# deb http://old.example trixie main\n"
    lines += "deb [signed-by=/k.gpg arch=amd64] http://here.example/debian trixie main\n"
    assert mirror.find_mirror(apt(tmp_path, debian_list=lines), "trixie") == Mirror(
        "http://here.example/debian", "/k.gpg"
    )
    (tmp_path / "sources.list.d" / "debian.list").unlink()
    (tmp_path / "sources.list").write_text("deb http://plain.example/debian trixie main contrib\n")
    assert mirror.find_mirror(tmp_path, "trixie") == Mirror("http://plain.example/debian")


def test_a_machine_without_such_a_source_is_told(tmp_path: Path) -> None:
    off = DEB822.replace("Types: deb deb-src", "Enabled: no\nTypes: deb")
    with pytest.raises(LabError, match="no apt source for trixie"):
        mirror.find_mirror(apt(tmp_path, debian_sources=off), "trixie")
