from __future__ import annotations

import pytest

from detect import logsource
from detect.event import UNKNOWN_ORIGIN, Origin
from detect.names import table
from detect.rule import LogSource

SYSMON = "Microsoft-Windows-Sysmon/Operational"


@pytest.mark.parametrize(
    ("source", "origin", "expected"),
    [
        (LogSource(product="windows"), logsource.windows("Security", "4624"), True),
        (LogSource(product="linux"), logsource.windows("Security", "4624"), False),
        (LogSource(product="windows", service="security"), logsource.windows("SECURITY", "4624"), True),
        (LogSource(product="windows", service="system"), logsource.windows("Security", "4624"), False),
        (LogSource(product="windows", service="security"), logsource.windows("", "4624"), True),
        (LogSource("process_creation", "windows"), logsource.windows(SYSMON, "1"), True),
        (LogSource("process_creation", "windows"), logsource.windows(SYSMON, "3"), False),
        (LogSource("registry_event", "windows"), logsource.windows(SYSMON, "13"), True),
        (LogSource("process_creation", "windows"), logsource.windows("", "1"), True),
        (LogSource(product="windows", service="sysmon"), logsource.windows("Windows PowerShell", "27"), False),
        (LogSource(product="windows", service="not-in-our-table"), logsource.windows("Security", "1"), True),
        (LogSource(product="linux", service="auth"), logsource.linux("sshd"), True),
        (LogSource(product="linux", service="cron"), logsource.linux("sshd"), False),
        (LogSource(product="linux", service="syslog"), logsource.linux("anything"), True),
        (LogSource("process_creation", "linux"), logsource.linux("sshd"), False),
        (LogSource(product="linux", service="journald"), logsource.linux("x", journal=True), True),
        (LogSource("application"), logsource.application(None, "documents"), True),
        (LogSource("application", None, "documents"), logsource.application(None, "documents"), True),
        (LogSource("application", None, "other"), logsource.application(None, "documents"), False),
        (LogSource("webserver"), logsource.WEB, True),
        (LogSource("anything", "at", "all"), UNKNOWN_ORIGIN, True),
        (LogSource("x", "windows"), Origin("windows"), True),
    ],
)
def test_a_rule_looks_at_what_its_log_source_names_and_at_what_cannot_be_told(
    source: LogSource, origin: Origin, expected: bool
) -> None:
    assert logsource.applies(source, origin) is expected


def test_every_category_belongs_to_a_service_we_know() -> None:
    for entry in table("windows")["categories"]:
        assert entry["service"] in table("windows")["services"]
