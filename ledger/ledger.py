"""The ledger as the rest of Holdfast sees it: append, read, project."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from inventory.clock import Clock
from ledger import chain, owner
from ledger import projection as projections
from ledger.owner import Lease
from ledger.projection import Projection
from ledger.record import Record
from ledger.store import Store

LEDGER_FILE = "ledger.db"
_LEASE = timedelta(minutes=2)


@dataclass(frozen=True)
class Entry:
    """A record to be: kind, content, and the system it is about."""

    kind: str
    body: Mapping[str, Any]
    system: str | None = None


class Ledger:
    """What happened at one site. Every append is durable when the call returns."""

    def __init__(self, store: Store, clock: Clock, actor: str) -> None:
        self.store = store
        self.clock = clock
        self.actor = actor
        self.holder = str(owner.this_process())

    @classmethod
    def open(
        cls, directory: Path, clock: Clock, actor: str, *, url: str = "", password: Callable[[], str] | None = None
    ) -> Ledger:
        """Open (or begin) a site's ledger: the database of `url`, else the file in the state directory.

        `password` is asked at every new connection to a database, and kept nowhere.

        Raises:
            UsageError: the URL carries a password.
            LedgerError: it cannot be used, or a newer Holdfast wrote it.
        """
        return cls(Store(url or f"sqlite:///{directory / LEDGER_FILE}", password), clock, actor)

    def append(
        self, kind: str, body: Mapping[str, Any], *, system: str | None = None, guard: Lease | None = None
    ) -> Record:
        """Write one record; it is on disk when this returns.

        Raises:
            LedgerError: it was not written.
            LeaseLostError: `guard` is not ours any more.
        """
        return self.append_all([Entry(kind, body, system)], guard=guard)[0]

    def append_all(self, entries: Sequence[Entry], *, guard: Lease | None = None) -> list[Record]:
        """Write several records together, or none."""
        rows = [(entry.kind, entry.system, dict(entry.body)) for entry in entries]
        return self.store.append(self.clock.now(), self.actor, rows, guard=guard)

    def read(
        self, *, after: int = 0, kinds: Sequence[str] = (), system: str | None = None, newest: int | None = None
    ) -> Iterator[Record]:
        """Yield records in order."""
        return self.store.read(after=after, kinds=kinds, system=system, newest=newest)

    def project(self, projection: Projection, family: str | None = None) -> dict[str, Any]:
        """Return a projection's parts (of one family, or all), up to the newest record."""
        return projections.project(self.store, projection, family)

    def rebuild(self, projection: Projection) -> dict[str, Any]:
        """Return a projection's parts folded from the first record on; what `project` must equal."""
        return projections.rebuild(self.store, projection)

    def verify(self, anchors: Sequence[chain.Anchor] = ()) -> chain.Verdict:
        """Walk the whole chain and hold it against outside checkpoints."""
        from ledger import walk  # its parser is needed here alone

        return walk.verify(self.store.database, anchors)

    def own(self, name: str, *, length: timedelta = _LEASE) -> Lease:
        """Become (or stay) the owner of `name` for `length`.

        Raises:
            LeaseLostError: another process owns it and is not provably dead.
        """
        now = self.clock.now()
        return self.store.acquire(name, self.holder, now, now + length, owner.is_dead)

    def disown(self, lease: Lease) -> None:
        """Give up ownership."""
        self.store.release(lease)

    def close(self) -> None:
        """Let go of the database."""
        self.store.close()
