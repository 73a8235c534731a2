"""Ordinary work: people log in, read and file documents, send messages, and now and then mistype a password."""

from __future__ import annotations

import argparse
import json
import random
import time
from pathlib import Path

from cli.demo.services.base import call

_PAUSE = 0.08


class Office:
    """A few people at their desks; what does not answer is tried again, as people do.

    `careful` is the one whose account will be attacked: had they mistyped it shortly before the backup, the rules would
    count that as the first sign, and the plan would rightly use no copy from after it. How often people mistype must
    not decide how the demo ends.
    """

    def __init__(self, urls: dict[str, str], accounts: dict[str, str], seed: int, careful: str = "") -> None:
        self._urls = urls
        self._accounts = accounts
        self._chance = random.Random(seed)  # noqa: S311 -- who does what next, not a secret
        self._tokens: dict[str, str] = {}
        self._careful = careful

    def work(self) -> None:
        """Do one thing."""
        login = self._chance.choice(sorted(self._accounts))
        if login not in self._tokens or self._chance.random() < 0.05:
            self._log_in(login)
            return
        match self._chance.random():
            case share if share < 0.6:
                self._read(login)
            case share if share < 0.8:
                body = {"content": f"memo of {login} {self._chance.random()}"}
                call(f"{self._urls['edoc']}/documents", body, self._tokens[login])
            case _:
                body = {"office": self._chance.choice(("tax", "land", "police")), "body": "for your files"}
                call(f"{self._urls['lgsp']}/messages", body, self._tokens[login])

    def _log_in(self, login: str) -> None:
        password = self._accounts[login]
        if self._chance.random() < 0.08 and login != self._careful:
            call(f"{self._urls['sso']}/login", {"login": login, "password": password.upper() + "x"})
        status, answer = call(f"{self._urls['sso']}/login", {"login": login, "password": password})
        if status == 200:
            self._tokens[login] = str(answer["token"])

    def _read(self, login: str) -> None:
        status, answer = call(f"{self._urls['edoc']}/documents", token=self._tokens[login])
        if status == 200 and answer["documents"]:
            number = self._chance.choice(answer["documents"])
            call(f"{self._urls['edoc']}/documents/{number}", token=self._tokens[login])


def main() -> None:
    """Work until ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--settings", type=Path, required=True, help="JSON file: urls, accounts")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    settings = json.loads(given.settings.read_text())
    office = Office(settings["urls"], settings["accounts"], given.seed, settings.get("careful", ""))
    while True:
        office.work()
        time.sleep(_PAUSE)


if __name__ == "__main__":
    main()
