"""What a host's data is, seen where it lies; staging and whole systems are in `test_sources`."""

from __future__ import annotations

from pathlib import Path

import pytest

from backup.errors import SourceError
from backup.onhost import survey
from backup.onhost.survey import Wanted


def wanted(root: Path, *files: str) -> Wanted:
    return Wanted("web-1", str(root / "host"), [(path, ["*.tmp"]) for path in files], [], str(root / "staged"))


def test_an_exclude_line_means_one_path_whatever_is_in_its_name() -> None:
    assert survey.literal("/srv/$HOME/a b\n*?") == "/srv/$$HOME/a?b?\\*\\?"


def test_a_whole_host_is_no_source(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="whole host"):
        survey.survey(wanted(tmp_path, "/"), lambda *_: None)


def test_names_that_are_no_text_are_listed_and_left_out_like_any_other(tmp_path: Path) -> None:
    folder = tmp_path / "host" / "srv"
    folder.mkdir(parents=True)
    (folder / b"caf\xe9.txt".decode("utf-8", "surrogateescape")).write_text("x")
    (folder / b"caf\xe9.tmp".decode("utf-8", "surrogateescape")).write_text("x")
    found = survey.survey(wanted(tmp_path, "/srv"), lambda *_: None)
    assert [entry.path for entry in found.entries] == ["/srv", "/srv/caf\udce9.txt"]
    assert survey.exclusions(found).encode("utf-8", "surrogateescape").endswith(b"caf\xe9.tmp\n")
    (folder / "caf\udce9.txt").unlink()
    assert survey.changed(found.where, found.seen) == {("web-1", "/srv/caf\udce9.txt")}
