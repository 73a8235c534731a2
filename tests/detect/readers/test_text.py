from __future__ import annotations

from datetime import UTC, datetime

import pytest

from detect.event import CorruptError, Reference
from detect.readers import text
from tests.detect.making import NOW

HERE = Reference("log", 1)


def test_a_line_of_auth_log_with_an_iso_time() -> None:
    event = text.syslog(
        "2026-11-23T03:10:00.123456+00:00 signon-1 signon[812]: Failed password for minh.tran from 10.0.0.9 port 40012",
        HERE,
        NOW,
    )
    assert event.time == datetime(2026, 11, 23, 3, 10, 0, 123456, UTC)
    assert event.fields == {
        "host.name": "signon-1",
        "host.hostname": "signon-1",
        "message": "Failed password for minh.tran from 10.0.0.9 port 40012",
        "process.name": "signon",
        "process.pid": 812,
        "event.category": ["authentication"],
        "event.type": ["start"],
        "event.action": "log-in",
        "event.outcome": "failure",
        "authentication.method": "password",
        "user.name": "minh.tran",
        "source.ip": "10.0.0.9",
        "source.port": 40012,
    }
    assert event.origin.product == "linux"
    assert event.origin.services == frozenset({"syslog", "auth", "sshd"})


@pytest.mark.parametrize(
    "line",
    [
        "Nov 23 03:10:00 web-1 sshd[42]: Accepted password for x from 10.0.0.9 port 1 ssh2",
        "<38>Nov 23 03:10:00 web-1 sshd[42]: Accepted password for x from 10.0.0.9 port 1 ssh2",
    ],
)
def test_a_line_as_older_systems_write_it(line: str) -> None:
    event = text.syslog(line, HERE, NOW)
    assert event.time == datetime(2026, 11, 23, 3, 10, tzinfo=UTC)
    assert event.fields["event.outcome"] == "success"
    assert event.raw == line


def test_a_stranger_cannot_forge_the_address_by_the_name_he_gives() -> None:
    name = "x from 10.0.0.1 port 1 ssh2"
    line = f"Nov 23 03:10:00 web-1 sshd[42]: Failed password for invalid user {name} from 9.9.9.9 port 2 ssh2"
    assert text.syslog(line, HERE, NOW).fields["source.ip"] == "9.9.9.9"


@pytest.mark.parametrize("line", ["garbage", "", "Nov 45 03:10:00 web-1 x: y", "2026-13-23T03:10:00Z host x: y"])
def test_what_is_no_syslog_line_is_corrupt(line: str) -> None:
    with pytest.raises(CorruptError):
        text.syslog(line, HERE, NOW)


def test_a_line_of_a_web_servers_access_log_has_both_kinds_of_names() -> None:
    line = '203.0.113.9 - anna [23/Nov/2026:03:10:00 +0000] "GET /a/b?c=d%20e HTTP/1.1" 404 12 "-" "curl/8 \\"x\\""'
    assert text.is_access(line)
    fields = text.access(line, HERE).fields
    assert (fields["cs-uri-stem"], fields["cs-uri-query"], fields["cs-uri"]) == ("/a/b", "c=d%20e", "/a/b?c=d%20e")
    assert (fields["sc-status"], fields["http.response.status_code"]) == (404, 404)
    assert (fields["c-ip"], fields["source.ip"], fields["user.name"]) == ("203.0.113.9", "203.0.113.9", "anna")
    assert "cs-referer" not in fields


def test_a_request_that_is_rubbish_is_still_an_event() -> None:
    line = '203.0.113.9 - - [23/Nov/2026:03:10:00 +0000] "\\x16\\x03\\x01" 400 0'
    assert text.access(line, HERE).fields["message"] == "\\x16\\x03\\x01"


def test_a_line_of_apaches_error_log() -> None:
    line = "[Sun Dec 04 04:47:44 2005] [error] [client 10.0.0.9] File does not exist: /var/www/x"
    event = text.web_error(line, HERE)
    assert event.fields["source.ip"] == "10.0.0.9"
    assert event.fields["log.level"] == "error"
    with pytest.raises(CorruptError):
        text.web_error("[1, 2, 3]", HERE)
