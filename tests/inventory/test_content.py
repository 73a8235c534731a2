from __future__ import annotations

import os
from pathlib import Path

import pytest

from inventory import content


def test_a_regular_file_is_read_up_to_its_largest_size(tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.write_bytes(b"1234")
    assert content.read(file, 4) == b"1234"
    with pytest.raises(content.UnfitFileError, match="it is 4 B, and at most 3 B are read") as caught:
        content.read(file, 3)
    assert caught.value.hint


def test_a_sparse_giant_is_refused_with_its_size(tmp_path: Path) -> None:
    file = tmp_path / "x"
    with file.open("wb") as stream:
        stream.truncate(300_000_000)
    with pytest.raises(content.UnfitFileError, match=r"it is 300\.0 MB, and at most 16\.0 MB are read"):
        content.read(file)


@pytest.mark.timeout(20)
def test_pipes_devices_and_directories_are_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    cases = {tmp_path / "pipe": "a named pipe", Path("/dev/zero"): "a device", tmp_path: "a directory"}
    for file, kind in cases.items():
        with pytest.raises(content.UnfitFileError, match=f"it is no regular file but {kind}"):
            content.read(file)


def test_what_is_not_there_is_an_ordinary_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        content.read(tmp_path / "none")
