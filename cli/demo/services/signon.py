"""Sign-on: accounts, passwords, tokens. Logs as sshd and friends do, to /var/log/auth.log."""

from __future__ import annotations

import hashlib
import hmac
import os
import sqlite3
from pathlib import Path

from cli.demo.services import base
from cli.demo.services.base import AnswerError, JsonObject, Log, Request

ROUNDS = 5_000
"""PBKDF2 rounds: few, so that the demo's hundreds of log-ins fit in seconds; a real service uses far more."""


def hash_password(password: str, salt: bytes) -> str:
    """Return the stored form of a password."""
    return hashlib.pbkdf2_hmac("sha256", password.encode(), salt, ROUNDS).hex()


def create(root: Path, accounts: dict[str, str]) -> None:
    """Make the database and the signing key of a new sign-on service below a host's root."""
    home = root / "srv" / "sso"
    (home / "files").mkdir(parents=True)
    (home / "files" / "signing.key").write_bytes(os.urandom(32))
    (home / "files" / "signing.key").chmod(0o600)
    with sqlite3.connect(home / "sso.db") as database:
        database.executescript(
            "CREATE TABLE account (login TEXT PRIMARY KEY, salt BLOB NOT NULL, password TEXT NOT NULL);"
            "CREATE TABLE session (id INTEGER PRIMARY KEY, login TEXT NOT NULL, at TEXT NOT NULL);"
            "CREATE INDEX session_at ON session (at);"
        )
        for login, password in accounts.items():
            salt = os.urandom(16)
            database.execute("INSERT INTO account VALUES (?, ?, ?)", (login, salt, hash_password(password, salt)))
        database.execute("INSERT INTO session (login, at) VALUES ('installation', ?)", (base.now(),))
    database.close()


class SignOn:
    """The service below one host's root."""

    def __init__(self, root: Path, host: str) -> None:
        self._database = root / "srv" / "sso" / "sso.db"
        self._key = root / "srv" / "sso" / "files" / "signing.key"
        self._host = host
        self._log = Log(root / "var" / "log" / "auth.log")

    def login(self, request: Request) -> JsonObject:
        """Check a password and hand out a token."""
        login, password = str(request.body.get("login")), str(request.body.get("password"))
        rows = base.query(self._database, "SELECT salt, password FROM account WHERE login = ?", (login,))
        wanted = rows[0][1] if rows else ""
        given = hash_password(password, rows[0][0] if rows else b"\0" * 16)
        if not hmac.compare_digest(wanted, given):
            self._say(f"Failed password for {login} from {request.address} port {request.port}")
            raise AnswerError(401, "wrong login or password")
        base.query(self._database, "INSERT INTO session (login, at) VALUES (?, ?)", (login, base.now()))
        self._say(f"Accepted password for {login} from {request.address} port {request.port}")
        return {"token": f"{login}.{self._sign(login)}"}

    def whoami(self, request: Request) -> JsonObject:
        """Say whose token this is."""
        login, _, signature = request.token.rpartition(".")
        if not login or not hmac.compare_digest(signature, self._sign(login)):
            raise AnswerError(401, "not a valid token")
        return {"login": login}

    def health(self, _: Request) -> JsonObject:
        """Say whether log-ins can be served."""
        accounts = base.query(self._database, "SELECT count(*) FROM account")[0][0]
        if not accounts:
            raise AnswerError(503, "no accounts")
        return {"status": "ok", "accounts": accounts}

    def failed(self, request: Request, error: Exception) -> None:
        """Log a request that could not be served."""
        self._say(f"error: {request.path} from {request.address}: {error}")

    def _sign(self, login: str) -> str:
        return hmac.new(self._key.read_bytes(), login.encode(), "sha256").hexdigest()

    def _say(self, message: str) -> None:
        self._log.write(f"{base.now().replace('Z', '+00:00')} {self._host} signon[{os.getpid()}]: {message}")


def main() -> None:
    """Serve until ended."""
    given = base.arguments(__doc__, signon=False)
    service = SignOn(given.root, given.host)
    routes = {"POST /login": service.login, "GET /whoami": service.whoami, "GET /health": service.health}
    base.serve(given.port, routes, service.failed)


if __name__ == "__main__":
    main()
