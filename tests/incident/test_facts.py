from __future__ import annotations

import json

from incident.facts import WORST_FIRST, Row


def test_a_row_has_the_documented_shape() -> None:
    row = Row(
        "restore", "red", "not verified since 2026-01-02", "every 91d", 12.5, (3, 4), "holdfast backup restore edoc"
    )
    assert json.loads(json.dumps(row.as_json())) == {
        "id": "restore",
        "state": "red",
        "value": "not verified since 2026-01-02",
        "target": "every 91d",
        "age_seconds": 12.5,
        "evidence": [3, 4],
        "next": "holdfast backup restore edoc",
    }


def test_unknown_is_worse_than_amber() -> None:
    assert WORST_FIRST == ("red", "unknown", "amber", "green")
