from __future__ import annotations

import time
from typing import Any

import pytest

from detect.names import table
from detect.readers.messages import understood


@pytest.mark.parametrize(
    ("program", "message", "fields"),
    [
        ("sudo", "  ops : TTY=pts/1 ; PWD=/ ; USER=root ; COMMAND=/bin/ls -l", {"process.command_line": "/bin/ls -l"}),
        (
            "sudo",
            "clerk : user NOT in sudoers ; TTY=x ; PWD=/ ; USER=root ; COMMAND=/bin/ls",
            {"sudo.problem": "user NOT in sudoers"},
        ),
        ("useradd", "new user: name=x, UID=0, GID=0, home=/root", {"user.target.id": "0", "user.target.name": "x"}),
        (
            "systemd",
            "a.service: Main process exited, code=killed, status=9/KILL",
            {"process.signal": "KILL", "process.exit_code": 9},
        ),
        ("systemd", "Stopped rsyslog.service - System Logging.", {"event.action": "service-stopped"}),
        ("signon", "session opened for user minh.tran", {"session.change": "opened", "user.name": "minh.tran"}),
        ("crontab", "(root) REPLACE (minh)", {"user.name": "root", "user.target.name": "minh"}),
    ],
)
def test_a_message_becomes_fields(program: str, message: str, fields: dict[str, Any]) -> None:
    found = understood(program, message)
    assert {name: found.get(name) for name in fields} == fields


def test_a_message_of_another_program_means_nothing() -> None:
    assert understood("cat", "new user: name=x, UID=0") == {}


@pytest.mark.parametrize(
    "program", sorted({name for entry in table("messages") for name in entry.get("program", ["x"])})
)
def test_no_message_keeps_the_reader_busy(program: str) -> None:
    started = time.perf_counter()
    for start in ("Failed password for ", "x : ", "(", "new user: name=", "add '", "authentication failure; logname= "):
        for filling in (" from ", "a ; ", "rhost= ", " port 1", "x", " user="):
            understood(program, start + filling * 5000)
    assert time.perf_counter() - started < 3
