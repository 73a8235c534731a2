from __future__ import annotations

from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from inventory import draft
from inventory.draft import Draft

APIS = Draft(
    "apis",
    {"apis-db": {"ansible_host": "192.0.2.7"}, "apis-web": {}},
    {
        "name": "Procedures: all of them # really",
        "level": 1,
        "rto": "24h",
        "depends_on": ["sso"],
        "data": [{"postgresql": "apis", "host": "apis-db"}, {"files": ["/srv/a b"], "host": "apis-web"}],
        "copies": [],
    },
    frozenset({"level", "copies"}),
)


def test_a_draft_is_an_inventory_group_with_a_comment_on_every_line_and_a_mark_on_every_guess() -> None:
    written = draft.text([APIS], ["First line.", "Second line."])
    assert written.splitlines()[:10] == [
        "# First line.",
        "# Second line.",
        "",
        "apis:",
        "  hosts:",
        "    apis-db: {ansible_host: 192.0.2.7}",
        "    apis-web: {}",
        "  vars:",
        "    system:",
        "      name: 'Procedures: all of them # really'  # what people call it",
    ]
    assert "      level: 1                              # TO FILL IN: 1..5: how much harm its loss does" in written
    assert "        - {postgresql: apis, host: apis-db}\n" in written
    assert written.count(draft.MARK) == 2
    assert APIS.open == ["level", "copies"]
    assert yaml.safe_load(written)["apis"]["vars"]["system"] == dict(APIS.system)


VALUES: Any = st.text() | st.integers(1, 5) | st.lists(st.text(), max_size=3)


@given(
    st.dictionaries(st.sampled_from(["name", "unit", "level", "serves", "depends_on", "runbook"]), VALUES, min_size=1),
    st.dictionaries(st.text(min_size=1), st.dictionaries(st.text(), st.text(), max_size=2), max_size=3),
)
def test_whatever_the_values_what_is_read_back_is_what_was_written(
    system: dict[str, Any], hosts: dict[str, dict[str, str]]
) -> None:
    read = yaml.safe_load(draft.text([Draft("a", hosts, system, frozenset(system))], []))["a"]
    assert read["vars"]["system"] == system
    assert read.get("hosts", {}) == hosts
