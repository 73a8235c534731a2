"""Is a system normal? Ask it: an HTTP request, a query, a connection, a command.

A probe that fails is an answer, not an error: nothing here raises because a system is down.
"""

from __future__ import annotations

import http.client
import socket
import sqlite3
import ssl
import threading
import time
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from inventory import clock as clocks
from inventory import databases, reach
from inventory.clock import Clock
from inventory.errors import HoldfastError
from inventory.ssh import Ssh
from inventory.system import Canary, CommandCheck, Host, HttpCheck, NormalCheck, PortCheck, SqlCheck

HTTP_SECONDS = 5.0
SQL_SECONDS = 10.0
PORT_SECONDS = 5.0
COMMAND_SECONDS = 30.0
_BODY_BYTES = 1_000_000
_SHOWN = 200

Hosts = Mapping[str, Host]


@dataclass(frozen=True)
class ProbeResult:
    """What a check found: `found` and `expected` are short texts for people, `seconds` how long it took."""

    passed: bool
    found: str
    expected: str
    seconds: float


def probe(check: NormalCheck, hosts: Hosts, clock: Clock, ssh: Ssh | None = None) -> ProbeResult:
    """Run one check.

    Args:
        check: what to ask.
        hosts: hosts by the name the check uses; recovery gives the hosts that take their place.
        clock: measures `seconds`; the time limits are real time.
        ssh: how hosts are reached (`Site.ssh`); without it commands and queries on other hosts fail.
    """
    started = clock.monotonic()
    try:
        passed, found = _ask(check, hosts, ssh)
    except _FAILURES as error:
        passed, found = False, _reason(error)
    return ProbeResult(passed, found[:_SHOWN], expected(check), clock.monotonic() - started)


def expected(check: NormalCheck) -> str:
    """Say what a check wants to see."""
    match check:
        case HttpCheck():
            holding = f" holding {check.contains!r}" if check.contains else ""
            return f"{check.http} answers {check.status}{holding}"
        case SqlCheck():
            return f"{check.query} on {check.sql} gives at least {check.at_least:g}"
        case PortCheck():
            return f"port {check.port} of {check.host} accepts connections"
        case CommandCheck():
            return f"{' '.join(check.command)} ends with 0"


def canary(check: Canary, hosts: Hosts, ssh: Ssh | None = None) -> datetime | None:
    """Return the time of the newest record really in the data (UTC), or None if it cannot be told."""
    try:
        value = _value(check, hosts, ssh)
        return clocks.from_text(str(value))
    except _FAILURES:
        return None


class _ProbeError(Exception):
    """The question could not be put; the text says why."""


_FAILURES = (_ProbeError, HoldfastError, OSError, ValueError, sqlite3.Error, http.client.HTTPException)


def _ask(check: NormalCheck, hosts: Hosts, ssh: Ssh | None) -> tuple[bool, str]:
    match check:
        case HttpCheck():
            return _http(check, hosts)
        case SqlCheck():
            return _sql(check, hosts, ssh)
        case PortCheck():
            with socket.create_connection((_address(_host(hosts, check.host)), check.port), PORT_SECONDS):
                return True, "connected"
        case CommandCheck():
            return _command(check, hosts, ssh)


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__


def _host(hosts: Hosts, name: str) -> Host:
    if name not in hosts:
        raise _ProbeError(f"no host {name}")
    return hosts[name]


def _address(host: Host) -> str:
    named = host.address or host.name
    return "127.0.0.1" if host.connection == "local" and named == host.name else named


def _http(check: HttpCheck, hosts: Hosts) -> tuple[bool, str]:
    """Ask once: no proxy, no redirect followed, one limit over the whole conversation."""
    url = urlsplit(check.http)
    name = url.hostname or ""
    address = _address(hosts[name]) if name in hosts else name
    secure = url.scheme == "https"
    deadline = time.monotonic() + HTTP_SECONDS
    port = url.port or (443 if secure else 80)
    try:
        with closing(socket.create_connection((address, port), HTTP_SECONDS)) as plain:
            status, body = _converse(_secured(plain, name) if secure else plain, url, deadline)
    except (OSError, ValueError, http.client.HTTPException) as error:
        if time.monotonic() >= deadline:
            raise TimeoutError from error
        raise
    if time.monotonic() >= deadline:  # an answer that was cut short can still look like one
        raise TimeoutError
    return _judge_http(check, status, body)


def _secured(plain: socket.socket, name: str) -> ssl.SSLSocket:
    context = ssl.create_default_context()
    return context.wrap_socket(plain, server_hostname=name, do_handshake_on_connect=False)


def _converse(connected: socket.socket, url: SplitResult, deadline: float) -> tuple[int, bytes]:
    """Send one request; at the deadline the connection is cut, however busy the other side keeps it."""
    with closing(connected):
        watchdog = threading.Timer(max(0.0, deadline - time.monotonic()), _cut, [connected])
        watchdog.daemon = True
        watchdog.start()
        try:
            if isinstance(connected, ssl.SSLSocket):
                connected.do_handshake()
            connection = http.client.HTTPConnection(url.netloc)
            connection.sock = connected
            target = (url.path or "/") + (f"?{url.query}" if url.query else "")
            connection.request("GET", target, headers={"User-Agent": "holdfast", "Connection": "close"})
            response = connection.getresponse()
            return response.status, response.read(_BODY_BYTES)
        finally:
            watchdog.cancel()


def _cut(connected: socket.socket) -> None:
    with suppress(OSError):
        socket.socket.shutdown(connected, socket.SHUT_RDWR)


def _judge_http(check: HttpCheck, status: int, body: bytes) -> tuple[bool, str]:
    if status != check.status:
        return False, f"answers {status}"
    if check.contains and check.contains.encode() not in body:
        return False, f"answers {status} without {check.contains!r}"
    return True, f"answers {status}"


def _sql(check: SqlCheck, hosts: Hosts, ssh: Ssh | None) -> tuple[bool, str]:
    value = _value(check, hosts, ssh)
    if value is None:
        return False, "no value"
    return float(value) >= check.at_least, str(value)


def _value(check: SqlCheck | Canary, hosts: Hosts, ssh: Ssh | None) -> Any:
    ask = databases.sqlite if check.sql.startswith("/") else databases.postgresql
    return ask(check.sql, check.query, _host(hosts, check.host), ssh, SQL_SECONDS)


def _command(check: CommandCheck, hosts: Hosts, ssh: Ssh | None) -> tuple[bool, str]:
    host = _host(hosts, check.host)
    outcome = reach.run(
        reach.Command(
            tuple(check.command),
            env={"HOLDFAST_ROOT": host.root},
            cwd=Path(host.root),
            limit=COMMAND_SECONDS,
        ),
        on=host,
        ssh=None if ssh is None else ssh.hurried(COMMAND_SECONDS),
    )
    said = (outcome.stderr.strip() or outcome.stdout.strip()).splitlines()
    return outcome.exit_code == 0, f"ended with {outcome.exit_code}" + (f": {said[-1]}" if said else "")
