from __future__ import annotations

import gzip
import io
import json
import os
import re
import sys
from pathlib import Path

import pytest

from detect import sources
from detect.event import Event
from detect.sources import Tally
from inventory.errors import UsageError
from tests.detect.making import NOW, failed


def read(file: Path | str, tally: Tally | None = None) -> list[Event]:
    return list(sources.events(str(file), NOW, tally or Tally()))


def test_paths_globs_and_directories_stand_for_their_files_each_once(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    for name in ("a.log", "b.log", "deep/c.log"):
        (tmp_path / name).touch()
    found = sources.expand([str(tmp_path / "*.log"), str(tmp_path), "-"])
    assert [Path(file).name for file in found] == ["a.log", "b.log", "c.log", "-"]


def test_what_stands_for_nothing_is_told(tmp_path: Path) -> None:
    for pattern in (tmp_path / "*.log", tmp_path / "gone", tmp_path):
        with pytest.raises(UsageError, match=f"nothing to read at {re.escape(str(pattern))}"):
            sources.expand([str(pattern)])


def test_an_empty_directory_beside_a_log_is_told_too(tmp_path: Path) -> None:
    """It was let pass once: "0 events, 0 hits" then looked like a clean day where a path was only mistyped."""
    (tmp_path / "a.log").touch()
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="empty"):
        sources.expand([str(tmp_path / "a.log"), str(tmp_path / "empty")])
    assert sources.expand([str(tmp_path), str(tmp_path / "*.log")]) == [str(tmp_path / "a.log")]


def test_compressed_files_and_standard_input_read_like_any_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.gz").write_bytes(gzip.compress(failed("minh", 1).encode()))
    assert read(tmp_path / "a.gz")[0].fields["user.name"] == "minh"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(failed("hoa", 1).encode())))
    assert read("-")[0].fields["user.name"] == "hoa"


def test_json_over_several_lines_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps([{"a": 1}, {"a": 2}, 5], indent=2))
    tally = Tally()
    assert [(event.fields["a"], event.reference.line) for event in read(tmp_path / "a.json", tally)] == [(1, 2), (2, 5)]
    assert (tally.events, tally.corrupt) == (2, 1)


def test_a_hostile_file_is_read_to_its_end_and_every_bad_line_counted(tmp_path: Path) -> None:
    good = b'{"a": 1}'
    lines = [good, b"\x00\x01\x02", b"{" * 5000, b'{"a":' * 5000, os.urandom(300).replace(b"\n", b""), b"x" * 9_000_000]
    (tmp_path / "a.jsonl").write_bytes(b"\n".join([*lines, b"", good]) + b"\n")
    tally = Tally()
    assert len(read(tmp_path / "a.jsonl", tally)) == 2
    assert tally.corrupt == 5
    assert len(tally.examples) == 5
    assert tally.examples[-1].endswith(":6: too long a line")


def test_a_bad_byte_hides_nothing_from_the_rules(tmp_path: Path) -> None:
    (tmp_path / "auth.log").write_bytes(failed("minh", 1).encode().replace(b"minh", b"minh\xff"))
    tally = Tally()
    (event,) = read(tmp_path / "auth.log", tally)
    assert event.fields["event.outcome"] == "failure"
    assert (tally.events, tally.corrupt) == (1, 1)


def test_an_empty_file_holds_no_events(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    assert read(tmp_path / "a") == []
