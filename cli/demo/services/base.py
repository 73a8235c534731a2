"""What the three services share: an HTTP server over one SQLite database, and logs as real systems write them."""

from __future__ import annotations

import argparse
import json
import sqlite3
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cli.clock import SystemClock
from inventory import clock as clocks

JsonObject = dict[str, Any]
_BODY_LIMIT = 5_000_000


@dataclass(frozen=True)
class Request:
    """One request: path, parsed body, the caller's address and bearer token."""

    path: str
    body: JsonObject
    address: str
    port: int
    token: str


class AnswerError(Exception):
    """The answer to a request that cannot be served: HTTP status and words."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status
        self.words = words


Route = Callable[[Request], JsonObject]


class Log:
    """A log file that several threads append to, one line at a time."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._file = file
        self._lock = threading.Lock()

    def write(self, line: str) -> None:
        """Append one line."""
        with self._lock, self._file.open("a", encoding="utf-8") as out:
            out.write(line + "\n")

    def ecs(self, service: str, host: str, action: str, outcome: str, message: str, **more: Any) -> None:
        """Append one event as JSON with the field names of the Elastic Common Schema."""
        event: JsonObject = {"action": action, "outcome": outcome, "category": more.pop("category", ["web"])}
        if (reason := more.pop("reason", None)) is not None:
            event["reason"] = reason
        fields = {
            "@timestamp": now(),
            "event": event,
            "service": {"name": service},
            "host": {"name": host},
            "message": message,
            **more,
        }
        self.write(json.dumps(fields))


def now() -> str:
    """Return this moment as text."""
    return clocks.to_text(SystemClock().now())


def connect(database: Path) -> sqlite3.Connection:
    """Open a service's database; it must exist."""
    connection = sqlite3.connect(f"file:{database}?mode=rw", uri=True, timeout=5, isolation_level=None)
    connection.execute("PRAGMA busy_timeout=5000")
    return connection


def query(database: Path, statement: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Run one statement and return its rows."""
    with closing(connect(database)) as connection:
        return connection.execute(statement, values).fetchall()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port: int, routes: Mapping[str, Route], failed: Callable[[Request, Exception], None]) -> None:
        self.routes = routes
        self.failed = failed
        super().__init__(("127.0.0.1", port), _Handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        self._answer("GET")

    def do_POST(self) -> None:
        self._answer("POST")

    def log_message(self, *_: Any) -> None:
        pass

    def _answer(self, method: str) -> None:
        request = Request(self.path, self._body(), self.client_address[0], self.client_address[1], self._token())
        route = self.server.routes.get(f"{method} /{self.path.lstrip('/').split('/', 1)[0]}")
        if route is None:
            self._send(404, {"error": "no such page"})
            return
        try:
            self._send(200, route(request))
        except AnswerError as answer:
            self._send(answer.status, {"error": answer.words})
        except (sqlite3.Error, OSError, ValueError, KeyError) as error:
            self.server.failed(request, error)
            self._send(500, {"error": "the service cannot answer"})

    def _body(self) -> JsonObject:
        length = min(int(self.headers.get("Content-Length") or 0), _BODY_LIMIT)
        try:
            found = json.loads(self.rfile.read(length) or b"{}")
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    def _token(self) -> str:
        return (self.headers.get("Authorization") or "").removeprefix("Bearer ")

    def _send(self, status: int, content: JsonObject) -> None:
        data = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def serve(port: int, routes: Mapping[str, Route], failed: Callable[[Request, Exception], None]) -> None:
    """Answer requests on loopback until the process is ended; `routes` are by `METHOD /first-part`."""
    _Server(port, routes, failed).serve_forever(poll_interval=0.1)


def arguments(about: str | None, *, signon: bool) -> argparse.Namespace:
    """Read a service's command line: root, host, port, and where sign-on answers if it needs it."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    if signon:
        parser.add_argument("--signon", required=True)
    return parser.parse_args()


def call(url: str, body: JsonObject | None = None, token: str = "", limit: float = 5.0) -> tuple[int, JsonObject]:
    """Send one request and return status and JSON; status 0 when nobody answers."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    request = urllib.request.Request(url, data=data, headers=headers)  # noqa: S310 -- loopback URLs of the demo
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=limit) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, {}
    except (OSError, ValueError):
        return 0, {}
