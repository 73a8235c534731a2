from __future__ import annotations

import json

import pytest

from detect.readers import document


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("{", True),
        ("[", True),
        ('[{"a": 1}]', True),
        ('{"a": 1}', False),
        ("{broken", False),
        ("[notice] x", False),
        ("", False),
    ],
)
def test_a_document_begins_without_an_end(line: str, expected: bool) -> None:
    assert document.is_document(line + "\n") is expected


def test_objects_and_arrays_over_many_lines_are_found_with_their_lines() -> None:
    text = json.dumps({"a": 1}, indent=2) + "\n" + json.dumps([{"b": 2}, {"c": 3}], indent=2)
    assert list(document.objects(text)) == [(1, {"a": 1}), (5, {"b": 2}), (8, {"c": 3})]


def test_where_it_breaks_reading_ends_with_the_error() -> None:
    first, (line, error) = document.objects('{"a": 1}\n{"b": \n')
    assert first == (1, {"a": 1})
    assert line == 2
    assert isinstance(error, ValueError)
