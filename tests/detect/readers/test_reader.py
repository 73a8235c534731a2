from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detect.event import CorruptError
from detect.readers import reader
from detect.readers.lines import Line
from detect.readers.reader import Format
from tests.detect.making import NOW, read


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ('{"a": 1}', "a"),
        ('\ufeff  {"a": 1}', "a"),
        ("Nov 23 03:10:00 web-1 cron: x", "message"),
        ('1.1.1.1 - - [23/Nov/2026:03:10:00 +0000] "GET / HTTP/1.1" 200 5', "c-ip"),
        ("[Sun Dec 04 04:47:44 2005] [error] x", "log.level"),
    ],
)
def test_the_format_is_found_by_looking(line: str, field: str) -> None:
    assert field in read(line).fields


def test_a_blank_line_is_no_event_and_not_corrupt() -> None:
    assert reader.read(Line(1, 0, 1, "  "), "log", "auto", NOW) is None


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("words", "jsonl"),
        ("words", "journald"),
        ('{"a": 1}', "syslog"),
        (None, "auto"),
        ("words", "auto"),
        ("[words", "auto"),
    ],
)
def test_what_is_no_event_in_the_format_named_is_corrupt(line: str | None, kind: Format) -> None:
    with pytest.raises(CorruptError):
        reader.read(Line(1, 0, 1, line), "log", kind, NOW)


@given(st.text(), st.sampled_from(["auto", "jsonl", "journald", "syslog"]))
def test_no_line_makes_the_reader_fail(line: str, kind: Format) -> None:
    try:
        event = reader.read(Line(3, 0, 1, line), "log", kind, NOW)
    except CorruptError:
        return
    assert event is None or event.reference.line == 3
