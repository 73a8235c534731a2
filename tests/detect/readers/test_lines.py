from __future__ import annotations

import gzip
import io
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detect.readers.lines import Line, UnreadableError, lines, opened


def read(content: bytes, longest: int = 50) -> list[Line]:
    return list(lines(io.BytesIO(content), longest=longest))


def test_each_line_knows_its_number_and_its_place() -> None:
    assert read(b"one\r\n\ntwo") == [
        Line(1, 0, 5, "one"),
        Line(2, 5, 6, ""),
        Line(3, 6, 9, "two", ended=False),
    ]


def test_reading_begins_where_it_is_told() -> None:
    stream = io.BytesIO(b"one\ntwo\n")
    stream.seek(4)
    assert list(lines(stream, first=2, offset=4)) == [Line(2, 4, 8, "two")]


@given(st.lists(st.binary(max_size=120).map(lambda b: b.replace(b"\n", b" ")), max_size=8), st.integers(5, 60))
def test_no_byte_is_lost_or_counted_twice_however_long_the_lines(content: list[bytes], longest: int) -> None:
    whole = b"".join(line + b"\n" for line in content)
    found = read(whole, longest)
    assert [whole[line.offset : line.after] for line in found] == [line + b"\n" for line in content]
    for line, original in zip(found, content, strict=True):
        assert (line.text is None) == (len(original) > longest)


def test_a_line_without_end_is_bounded() -> None:
    assert read(b"x" * 1000 + b"\nnext\n") == [Line(1, 0, 1001, None), Line(2, 1001, 1006, "next")]
    assert read(b"x" * 1000) == [Line(1, 0, 1000, None, ended=False)]


def test_bytes_that_are_no_text_are_replaced_and_the_line_marked() -> None:
    (line,) = read(b"a\xffb\n")
    assert (line.text, line.damaged) == ("a\ufffdb", True)


def test_a_compressed_file_is_known_by_its_content(tmp_path: Path) -> None:
    packed = tmp_path / "auth.log.1"
    packed.write_bytes(gzip.compress(b"one\ntwo\n"))
    with opened(str(packed)) as stream:
        assert [line.text for line in lines(stream)] == ["one", "two"]


@pytest.mark.parametrize("broken", [b"\x1f\x8b\x08\x00rubbish", gzip.compress(os.urandom(5000))[:-100]])
def test_a_damaged_compressed_file_is_named(tmp_path: Path, broken: bytes) -> None:
    packed = tmp_path / "auth.log.gz"
    packed.write_bytes(broken)
    with pytest.raises(UnreadableError, match=r"auth\.log\.gz"), opened(str(packed)) as stream:
        list(lines(stream))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="No such file"), opened(str(tmp_path / "none")):
        pass
