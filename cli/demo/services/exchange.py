"""Exchange: takes messages between offices and hands documents on; depends on sign-on."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

from cli.demo.services import base
from cli.demo.services.base import AnswerError, JsonObject, Log, Request

SERVICE = "exchange"


def create(root: Path, offices: list[str], messages: int) -> None:
    """Make the database and the routes of a new exchange below a host's root."""
    home = root / "srv" / "lgsp"
    (home / "files").mkdir(parents=True)
    (home / "files" / "routes.json").write_text(
        json.dumps({office: f"office:{office}" for office in offices}, indent=2)
    )
    with sqlite3.connect(home / "lgsp.db") as database:
        database.executescript(
            "CREATE TABLE message (id INTEGER PRIMARY KEY, office TEXT NOT NULL, body TEXT NOT NULL, at TEXT NOT NULL);"
            "CREATE INDEX message_at ON message (at);"
        )
        for number in range(messages):
            values = (offices[number % len(offices)], f"archived message {number} " * 20, base.now())
            database.execute("INSERT INTO message (office, body, at) VALUES (?, ?, ?)", values)
    database.close()


class Exchange:
    """The service below one host's root."""

    def __init__(self, root: Path, host: str, signon: str) -> None:
        self._database = root / "srv" / "lgsp" / "lgsp.db"
        self._routes = root / "srv" / "lgsp" / "files" / "routes.json"
        self._host = host
        self._signon = signon
        self._log = Log(root / "var" / "log" / "exchange.jsonl")

    def send(self, request: Request) -> JsonObject:
        """Take one message for one office."""
        status, answer = base.call(f"{self._signon}/whoami", token=request.token)
        if status == 0:
            self._say("upstream-unreachable", "failure", "sign-on does not answer", request, "")
            raise AnswerError(503, "sign-on does not answer")
        if status != 200:
            raise AnswerError(401, "log in first")
        office = str(request.body.get("office"))
        if office not in json.loads(self._routes.read_text()):
            raise AnswerError(404, "no such office")
        values = (office, str(request.body.get("body", "")), base.now())
        base.query(self._database, "INSERT INTO message (office, body, at) VALUES (?, ?, ?)", values)
        self._say("message-forward", "success", f"message for {office}", request, str(answer["login"]))
        return {"forwarded": office}

    def health(self, _: Request) -> JsonObject:
        """Say whether messages can be taken."""
        count = base.query(self._database, "SELECT count(*) FROM message")[0][0]
        return {"status": "ok", "messages": count, "routes": len(json.loads(self._routes.read_text()))}

    def failed(self, request: Request, error: Exception) -> None:
        """Log a request that could not be served."""
        action = "database-error" if isinstance(error, sqlite3.Error) else "message-forward"
        self._say(action, "failure", f"{request.path}: {error}", request, "")

    def _say(self, action: str, outcome: str, message: str, request: Request, login: str) -> None:
        more: JsonObject = {"source": {"ip": request.address}} | ({"user": {"name": login}} if login else {})
        self._log.ecs(SERVICE, self._host, action, outcome, message, **more)


def main() -> None:
    """Serve until ended."""
    given = base.arguments(__doc__, signon=True)
    service = Exchange(given.root, given.host, given.signon)
    base.serve(given.port, {"POST /messages": service.send, "GET /health": service.health}, service.failed)


if __name__ == "__main__":
    main()
