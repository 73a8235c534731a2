from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backup import messages
from backup.errors import AnswerError

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
known_types = st.sampled_from(["status", "error", "summary", "initialized", "exit_error"])
keys = st.sampled_from(
    ["percent_done", "error", "item", "code", "message", "id", "total_files_processed", "total_files"]
)


@given(st.text())
def test_no_line_breaks_the_reader(line: str) -> None:
    with suppress(AnswerError):
        messages.parse(line)


@given(known_types, st.dictionaries(keys, anything))
def test_a_known_type_with_any_content_is_a_message_or_a_named_error(kind: str, content: dict[str, object]) -> None:
    line = json.dumps({**content, "message_type": kind})
    with suppress(AnswerError):
        assert isinstance(messages.parse(line), messages.Message)


@given(st.text().filter(lambda kind: kind not in {"status", "verbose_status", "error", "initialized", "exit_error"}))
def test_an_unknown_type_is_a_failure_not_a_guess(kind: str) -> None:
    with pytest.raises(AnswerError):
        messages.parse(json.dumps({"message_type": kind}))


def test_a_line_cut_short_is_only_text() -> None:
    assert messages.parse('{"message_type":"summ') == messages.Text('{"message_type":"summ')


def test_the_end_of_a_backup_names_its_snapshot() -> None:
    line = {
        "message_type": "summary",
        "total_files_processed": 3,
        "total_bytes_processed": 70,
        "data_added_packed": 9,
        "total_duration": 1.5,
        "snapshot_id": "ab" * 32,
    }
    assert messages.parse(json.dumps(line)) == messages.BackupSummary("ab" * 32, 3, 70, 9, 1.5)


@pytest.mark.parametrize(
    "error", [{"message": "no entry"}, {"Op": "open", "Path": "/x", "Err": "no entry"}, "no entry"]
)
def test_a_file_that_could_not_be_read_is_named_in_every_form_restic_has_used(error: object) -> None:
    found = messages.parse(json.dumps({"message_type": "error", "item": "/srv/x", "error": error}))
    assert found == messages.ItemProblem("/srv/x", "no entry")


def test_snapshots_come_oldest_first_with_where_they_came_from() -> None:
    listed = [
        {"id": "b", "time": "2026-11-23T03:00:00Z", "original": "a", "tags": ["system=edoc"], "paths": ["/srv"]},
        {"id": "c", "time": "2026-11-22T03:00:00Z"},
    ]
    older, newer = messages.snapshots(json.dumps(listed))
    assert (older.id, older.original, older.system) == ("c", "c", "")
    assert (newer.id, newer.original, newer.system) == ("b", "a", "edoc")
    assert messages.snapshots("null") == []


@given(anything)
def test_any_answer_to_a_list_is_a_list_or_a_named_error(answer: object) -> None:
    with suppress(AnswerError):
        assert isinstance(messages.snapshots(json.dumps(answer)), list)


def test_a_lock_that_is_none_is_a_named_error() -> None:
    with pytest.raises(AnswerError):
        messages.lock("abc", '{"pid": "x"}')
