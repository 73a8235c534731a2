"""Documents: files with a register beside them; every read is held against the register's checksum."""

from __future__ import annotations

import base64
import hashlib
import os
import random
import sqlite3
from pathlib import Path

from cli.demo.services import base
from cli.demo.services.base import AnswerError, JsonObject, Log, Request

SERVICE = "documents"


def create(root: Path, count: int, mean_bytes: int, seed: int) -> None:
    """Make the database and `count` files of about `mean_bytes` of a new document service below a host's root."""
    home = root / "srv" / "edoc"
    files = home / "files"
    chance = random.Random(seed)  # noqa: S311 -- the same documents every time, not secrets
    with sqlite3.connect(_made(files).parent / "edoc.db") as database:
        database.executescript(
            "CREATE TABLE document (id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, sha256 TEXT NOT NULL,"
            " author TEXT NOT NULL, at TEXT NOT NULL); CREATE INDEX document_at ON document (at);"
        )
        for number in range(1, count + 1):
            path = f"{chance.choice(('2024', '2025', '2026'))}/dossier-{number:04d}.odt"
            content = chance.randbytes(int(mean_bytes * chance.uniform(0.5, 1.5)))
            (files / path).parent.mkdir(parents=True, exist_ok=True)
            (files / path).write_bytes(content)
            values = (path, hashlib.sha256(content).hexdigest(), "registry", base.now())
            database.execute("INSERT INTO document (path, sha256, author, at) VALUES (?, ?, ?, ?)", values)
    database.close()


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


class Documents:
    """The service below one host's root; it asks sign-on whose token a caller holds."""

    def __init__(self, root: Path, host: str, signon: str) -> None:
        self._files = root / "srv" / "edoc" / "files"
        self._database = root / "srv" / "edoc" / "edoc.db"
        self._host = host
        self._signon = signon
        self._log = Log(root / "var" / "log" / "documents.jsonl")

    def read(self, request: Request) -> JsonObject:
        """List documents, or return one whose content still matches the register."""
        login = self._login(request)
        _, _, wanted = request.path.lstrip("/").partition("/")
        if not wanted:
            rows = base.query(self._database, "SELECT id FROM document ORDER BY id")
            return {"documents": [row[0] for row in rows]}
        found = base.query(self._database, "SELECT path, sha256 FROM document WHERE id = ?", (int(wanted),))
        if not found:
            raise AnswerError(404, "no such document")
        path, checksum = found[0]
        content = (self._files / path).read_bytes()
        if hashlib.sha256(content).hexdigest() != checksum:
            self._say(
                "document-read", "failure", f"{path} is not what was filed", request, login, path, "integrity-mismatch"
            )
            raise AnswerError(500, "the document is damaged")
        self._say("document-read", "success", f"read {path}", request, login, path)
        return {"path": path, "content": base64.b64encode(content[:1000]).decode(), "bytes": len(content)}

    def write(self, request: Request) -> JsonObject:
        """File a new document."""
        login = self._login(request)
        content = str(request.body.get("content", "")).encode()
        path = f"inbox/{hashlib.sha256(content + os.urandom(8)).hexdigest()[:16]}.txt"
        (self._files / path).parent.mkdir(parents=True, exist_ok=True)
        (self._files / path).write_bytes(content)
        values = (path, hashlib.sha256(content).hexdigest(), login, base.now())
        base.query(self._database, "INSERT INTO document (path, sha256, author, at) VALUES (?, ?, ?, ?)", values)
        self._say("document-write", "success", f"filed {path}", request, login, path)
        return {"path": path}

    def health(self, _: Request) -> JsonObject:
        """Say whether documents can be served."""
        count = base.query(self._database, "SELECT count(*) FROM document")[0][0]
        if not count or not self._files.is_dir():
            raise AnswerError(503, "no documents")
        return {"status": "ok", "documents": count}

    def failed(self, request: Request, error: Exception) -> None:
        """Log a request that could not be served."""
        action = "database-error" if isinstance(error, sqlite3.Error) else "document-read"
        self._say(action, "failure", f"{request.path}: {error}", request, "", "", type(error).__name__)

    def _login(self, request: Request) -> str:
        status, answer = base.call(f"{self._signon}/whoami", token=request.token)
        if status == 0:
            self._say("upstream-unreachable", "failure", "sign-on does not answer", request, "", "")
            raise AnswerError(503, "sign-on does not answer")
        if status != 200:
            raise AnswerError(401, "log in first")
        return str(answer["login"])

    def _say(
        self,
        action: str,
        outcome: str,
        message: str,
        request: Request,
        login: str,
        path: str,
        reason: str | None = None,
    ) -> None:
        more: JsonObject = {"source": {"ip": request.address}, "category": ["file"], "reason": reason}
        if login:
            more["user"] = {"name": login}
        if path:
            more["file"] = {"path": path}
        self._log.ecs(SERVICE, self._host, action, outcome, message, **more)


def main() -> None:
    """Serve until ended."""
    given = base.arguments(__doc__, signon=True)
    service = Documents(given.root, given.host, given.signon)
    routes = {"GET /documents": service.read, "POST /documents": service.write, "GET /health": service.health}
    base.serve(given.port, routes, service.failed)


if __name__ == "__main__":
    main()
