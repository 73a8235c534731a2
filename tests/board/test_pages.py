from __future__ import annotations

from pathlib import Path

import pytest

from board import pages, render
from inventory.errors import ExitCode, HoldfastError
from tests.board import reports


def test_a_page_is_written_whole_over_an_older_one(tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    target.write_text("older")
    pages.write_incident(reports.report(), target)
    assert target.read_text() == render.incident_page(reports.report())
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("name", ["none/report.html", "folder"])
def test_a_file_that_cannot_be_written_is_named_with_the_option_that_helps(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(HoldfastError) as caught:
        pages.write_incident(reports.report(), tmp_path / name)
    assert str(tmp_path / name) in caught.value.message
    assert "--to" in caught.value.hint
    assert caught.value.exit_code == ExitCode.UNFINISHED
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]
