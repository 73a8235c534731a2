from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detect.event import CorruptError, Event, Reference
from detect.readers import structured

HERE = Reference("log", 7)


def read(data: Any) -> Event:
    return structured.read(json.dumps(data), HERE)


EVTX = {
    "Event": {
        "System": {
            "Provider": {"#attributes": {"Name": "Microsoft-Windows-Sysmon"}},
            "EventID": {"#text": "1", "#attributes": {"Qualifiers": ""}},
            "TimeCreated": {"#attributes": {"SystemTime": "2020-06-10T02:50:56.5391234Z"}},
            "EventRecordID": 86918,
            "Channel": "microsoft-windows-sysmon/operational",
            "Computer": "W6",
        },
        "EventData": {"Image": "C:\\x.exe", "Threat Name": "bad"},
    }
}


def test_a_windows_event_has_the_names_rules_use() -> None:
    event = read(EVTX)
    fields = event.fields
    assert (fields["EventID"], fields["Image"], fields["ThreatName"]) == ("1", "C:\\x.exe", "bad")
    assert (fields["Provider_Name"], fields["Computer"]) == ("Microsoft-Windows-Sysmon", "W6")
    assert event.reference == Reference("log", 7, 86918)
    assert event.time == datetime(2020, 6, 10, 2, 50, 56, 539123, UTC)
    assert event.origin.services == frozenset({"sysmon"})
    assert event.origin.categories == frozenset({"process_creation"})


def test_user_data_and_bare_data_are_found_too() -> None:
    event = read({"Event": {"System": {"EventID": 1}, "UserData": {"LogFileCleared": {"SubjectUserName": "x"}}}})
    assert event.fields["SubjectUserName"] == "x"
    event = read({"Event": {"System": {"EventID": 1}, "EventData": {"Data": {"#text": ["a", "b"]}}}})
    assert event.values("Data") == ("a", "b")


def test_without_a_channel_no_windows_rule_is_ruled_out() -> None:
    origin = read({"Event": {"System": {"EventID": 1}}}).origin
    assert (origin.product, origin.services, origin.categories) == ("windows", None, None)


@pytest.mark.parametrize(
    "data",
    [
        {"winlog": {"channel": "Security", "record_id": 5, "event_id": 4624, "event_data": {"LogonType": "3"}}},
        {"Channel": "Security", "EventID": 4624, "RecordNumber": 5, "LogonType": "3"},
    ],
)
def test_what_shippers_make_of_windows_events_reads_alike(data: dict[str, Any]) -> None:
    event = read(data)
    assert event.fields["LogonType"] == "3"
    assert str(event.fields["EventID"]) == "4624"
    assert event.reference.id == 5
    assert event.origin.services == frozenset({"security"})


def test_an_ecs_event_of_an_application() -> None:
    event = read({"@timestamp": "2026-11-23T03:10:00Z", "service": {"name": "documents"}, "event": {"action": "x"}})
    assert event.fields["event.action"] == "x"
    assert event.origin.categories == frozenset({"application"})
    assert event.origin.services == frozenset({"documents"})
    assert event.reference.id is None


def test_a_search_hit_keeps_its_id_and_is_its_source() -> None:
    event = read({"_id": "abc", "_source": {"@timestamp": "2026-11-23T03:10:00Z", "a": 1}})
    assert (event.reference.id, event.fields["a"]) == ("abc", 1)


def test_a_journal_entry_has_ecs_names() -> None:
    event = read(
        {
            "__REALTIME_TIMESTAMP": "1795403400000000",
            "_HOSTNAME": "documents-1",
            "_SYSTEMD_UNIT": "init.scope",
            "UNIT": "documents.service",
            "SYSLOG_IDENTIFIER": "systemd",
            "PRIORITY": "5",
            "MESSAGE": list(b"documents.service: Main process exited, code=killed, status=9/KILL \xff"),
        }
    )
    fields = event.fields
    assert fields["message"].startswith("documents.service: Main process exited")
    assert (fields["systemd.unit"], fields["log.level"]) == ("documents.service", "notice")
    assert (fields["host.name"], fields["process.name"]) == ("documents-1", "systemd")
    assert (fields["event.action"], fields["process.signal"]) == ("service-exited", "KILL")
    assert event.time == datetime.fromtimestamp(1795403400, UTC)
    assert event.origin.services == frozenset({"syslog", "systemd", "journald"})


def test_a_large_number_stays_exact() -> None:
    assert read({"a": 18446744073709551615}).fields["a"] == 18446744073709551615


@pytest.mark.parametrize(
    "line", ["[" * 100_000, '{"a":' * 100_000, "{", "[]", "5", "null", '{"a": ' + "9" * 5000 + "}"]
)
def test_a_hostile_line_is_corrupt_and_does_no_harm(line: str) -> None:
    with pytest.raises(CorruptError):
        structured.read(line, HERE)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
NAMES = st.sampled_from(
    [
        "Event",
        "System",
        "EventID",
        "Channel",
        "@timestamp",
        "MESSAGE",
        "__REALTIME_TIMESTAMP",
        "PRIORITY",
        "_id",
        "_source",
        "winlog",
        "channel",
        "host",
        "os",
        "type",
        "service",
        "name",
        "timestamp",
    ]
)


@given(st.dictionaries(NAMES, st.dictionaries(NAMES, JSON) | JSON))
def test_no_object_makes_the_reader_fail(data: dict[str, Any]) -> None:
    try:
        event = read(data)
    except CorruptError:
        return
    assert event.reference.line == 7
    assert event.time is None or event.time.tzinfo is not None
