from __future__ import annotations

import re

import pytest

from detect import names
from detect.names import Names, table


def test_a_name_that_is_not_in_the_table_stays_and_loses_its_blanks() -> None:
    assert Names("windows").applied({"Threat Name": 1, "other": 2}) == {"ThreatName": 1, "other": 2}


def test_two_names_that_become_one_keep_both_values() -> None:
    assert Names("windows").applied({"winlog.event_id": 1, "EventID": 2}) == {"EventID": [1, 2]}


def test_made_up_names_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "_MOST_NAMES", 10)
    renaming = Names("windows")
    for number in range(100):
        assert renaming.applied({f"x{number}": 1}) == {f"x{number}": 1}
    assert len(renaming._known) == 10


@pytest.mark.parametrize("kind", ["windows", "journald"])
def test_every_pattern_of_a_table_is_an_expression(kind: str) -> None:
    for entry in table(kind)["rename"]:
        assert set(entry) == {"from", "to"}
        re.compile(entry["from"])
