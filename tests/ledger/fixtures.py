"""Ledgers on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from inventory import secret
from inventory.clock import Clock
from ledger.ledger import Ledger
from tests.fakes.clock import FakeClock
from tests.ledger import postgres
from tests.ledger.postgres import Server

BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]


@dataclass(frozen=True)
class Place:
    """Where one ledger is: its state directory, and the database's URL if it is not the file there."""

    state: Path
    url: str = ""
    password_file: Path | None = None

    def open(self, actor: str = "lan", clock: Clock | None = None) -> Ledger:
        """Open the ledger as another process would."""
        file = self.password_file
        password = None if file is None else partial(secret.read, "the password of the ledger", file=file)
        return Ledger.open(self.state, clock or FakeClock(), actor, url=self.url, password=password)


@pytest.fixture(scope="session")
def pg_server() -> Iterator[Server]:
    """One server for many tests, each with a database of its own; it does not wait for the disk."""
    with postgres.server(durable=False) as running:
        yield running


@pytest.fixture(scope="session")
def durable_pg_server() -> Iterator[Server]:
    """A server whose commits are on disk, for tests that kill it."""
    with postgres.server(durable=True) as running:
        yield running


def place_on(kind: str, state: Path, request: pytest.FixtureRequest, server: str = "pg_server") -> Place:
    """Return a new place for a ledger on one kind of database."""
    if kind == "sqlite":
        return Place(state)
    running: Server = request.getfixturevalue(server)
    return Place(state, running.new_database(), running.password_file)


@pytest.fixture(params=BOTH)
def place(request: pytest.FixtureRequest, state: Path) -> Place:
    """An empty ledger's place, on each database in turn."""
    return place_on(request.param, state, request)


@pytest.fixture
def both(place: Place, clock: FakeClock) -> Iterator[Ledger]:
    """A new ledger on each database in turn, written by minh."""
    opened = place.open("minh", clock)
    yield opened
    opened.close()
