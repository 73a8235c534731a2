from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detect.event import CorruptError, Event, as_text, flatten
from tests.detect.making import event


@pytest.mark.parametrize(
    ("data", "flat"),
    [
        ({"a": {"b": 1}}, {"a.b": 1}),
        ({"a": {"b": 1}, "a.b": 2}, {"a.b": [1, 2]}),
        ({"a": [1, {"b": 2}, {"b": 3}]}, {"a": [1], "a.b": [2, 3]}),
        ({"a": [[1], [2]]}, {"a": [1, 2]}),
        ({"a": {}}, {"a": []}),
        ({"a": None}, {"a": None}),
    ],
)
def test_nested_objects_become_dotted_names(data: dict[str, Any], flat: dict[str, Any]) -> None:
    assert flatten(data) == flat


@pytest.mark.parametrize("step", [lambda inner: {"a": inner}, lambda inner: [inner]])
def test_what_is_nested_too_deeply_is_corrupt(step: Any) -> None:
    inner: Any = 1
    for _ in range(200):
        inner = step(inner)
    with pytest.raises(CorruptError):
        flatten({"a": inner})


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_every_scalar_survives_flattening(data: Any) -> None:
    def scalars(value: Any) -> list[str]:
        if isinstance(value, dict):
            return [text for each in value.values() for text in scalars(each)]
        if isinstance(value, list):
            return [text for each in value for text in scalars(each)]
        return [] if value is None else [as_text(value)]

    try:
        flat = flatten({"root": data})
    except CorruptError:
        return
    assert sorted(Event(flat).everything()) == sorted(scalars(data))


def test_values_are_those_that_are_not_null() -> None:
    assert event({"a": [None, "x", 2]}).values("a") == ("x", 2)
    assert event({}).values("a") == ()


def test_true_is_written_as_rules_write_it() -> None:
    assert event({"a": [True, 5, 1.5, "X"]}).texts("a") == ("true", "5", "1.5", "X")
