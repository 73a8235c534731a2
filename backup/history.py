"""What the ledger knows of copies, as typed values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from backup.projection import COPIES
from inventory import clock
from ledger.ledger import Ledger


@dataclass(frozen=True)
class Kept:
    """One good snapshot in one store.

    `snapshot` is its full id there, `original` the id it was first taken under; `at` when the data was taken,
    `stored_at` when it reached this store, `data_time` the newest record really in it (canary); bytes and seconds.
    `parts` are the snapshots that belong to it, by the ids they were first taken under.
    """

    system: str
    kind: str
    store: str
    snapshot: str
    original: str
    at: datetime
    stored_at: datetime
    data_time: datetime | None
    files: int
    bytes: int
    seconds: float
    status: str
    seq: int
    parts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Failure:
    """The last run into a store that did not end well, if nothing good came after it."""

    system: str
    kind: str
    store: str
    at: datetime
    status: str
    problems: Sequence[str]
    seq: int


@dataclass(frozen=True)
class Checked:
    """The last check of one repository that ran to its end."""

    system: str
    kind: str
    store: str
    at: datetime
    whole: bool
    read_data: bool
    problems: Sequence[str]
    seconds: float
    seq: int


@dataclass(frozen=True)
class Measured:
    """A restore that was really done: bytes, seconds, and whether everything matched its manifest."""

    system: str
    kind: str
    store: str
    snapshot: str
    at: datetime
    files: int
    bytes: int
    seconds: float
    verified: bool
    seq: int


@dataclass(frozen=True)
class Medium:
    """An offline medium: `state` is prepared, attached or detached; `reached` what the last probe found (None: no
    probe since it was last attached or detached)."""

    label: str
    id: str
    state: str
    since: datetime
    sealed_at: datetime | None
    reached: bool | None
    probed_at: datetime | None
    seq: int

    @property
    def proved_offline(self) -> bool:
        """Tell whether it is put away and a probe failed to reach it since."""
        return self.state == "detached" and self.reached is False

    def as_json(self) -> dict[str, Any]:
        """Return the documented shape."""
        return {
            "label": self.label,
            "state": self.state,
            "since": clock.to_text(self.since),
            "sealed_at": None if self.sealed_at is None else clock.to_text(self.sealed_at),
            "probed_at": None if self.probed_at is None else clock.to_text(self.probed_at),
            "reached": self.reached,
            "proved_offline": self.proved_offline,
            "evidence": self.seq,
        }


@dataclass(frozen=True)
class Known:
    """A repository the ledger knows: identity and the record that says so."""

    digest: str
    seq: int


@dataclass(frozen=True)
class Copies:
    """Every copy, check, medium and restore the ledger knows of; nothing in the vaults of `without` counts.

    `state` is the newest of everything, `read` fetches one system's long lists when they are asked for.
    """

    state: Mapping[str, Any]
    read: Callable[[str], Mapping[str, Any]]
    without: frozenset[str] = frozenset()
    _seen: dict[int, Kept] = field(default_factory=dict, compare=False, repr=False)

    def leaving_out(self, vaults: Iterable[str]) -> Copies:
        """Return the same without what lies in some vaults, for instance because they are lost."""
        return replace(self, without=self.without | frozenset(vaults))

    def snapshots(self, system: str) -> list[Kept]:
        """Return a system's good snapshots in all stores, oldest first."""
        found = [_kept(system, item) for item in self.read(f"kept/{system}").values()]
        return [kept for kept in found if not self._lost(kept.kind, kept.store)]

    def stores(self, system: str) -> set[tuple[str, str]]:
        """Return the stores (kind, name) that hold a snapshot of a system."""
        pairs = [where.split("/", 1) for where in self._of(system).get("stores", ())]
        return {(kind, store) for kind, store in pairs if not self._lost(kind, store)}

    def newest(self, system: str, kind: str = "", store: str = "", *, whole: bool = False) -> Kept | None:
        """Return the newest complete snapshot of a system, in any store or in one kind or one store.

        With `whole` no snapshot of a repository counts in which the last check found damage.
        """
        fitting = [
            self._newest(system, item)
            for item in self._newest_in(system, kind, store)
            if item is not None
            and kind in ("", item["kind"])
            and store in ("", item["store"])
            and not self._lost(item["kind"], item["store"])
            and not (whole and self.damaged(system, item["kind"], item["store"]))
        ]
        return max(fitting, key=lambda kept: (kept.at, kept.stored_at, -kept.seq), default=None)

    def last_at(self, system: str, kind: str, store: str, now: datetime) -> datetime | None:
        """Return when the newest copy in one store was taken; None: there is none, or only some dated in the future.

        A copy from the future was taken while the clock was ahead: its age is not known. Those recorded after it count.
        """
        newest = self.newest(system, kind, store)
        if newest is None or newest.at <= now:
            return None if newest is None else newest.at
        since = [
            kept.at
            for kept in self.snapshots(system)
            if (kept.kind, kept.store) == (kind, store) and kept.seq > newest.seq and kept.at <= now
        ]
        return max(since, default=None)

    def failures(self, system: str) -> list[Failure]:
        """Return, for each store, the last run if it did not end well."""
        found = self._of(system).get("failures", {}).values()
        return [Failure(system=system, **(item | {"at": clock.from_text(item["at"])})) for item in found]

    def check(self, system: str, kind: str, store: str) -> Checked | None:
        """Return the last check of a system's repository in a store."""
        item = self._of(system).get("checks", {}).get(f"{kind}/{store}")
        return None if item is None else Checked(system=system, **(item | {"at": clock.from_text(item["at"])}))

    def damaged(self, system: str, kind: str, store: str) -> bool:
        """Tell whether the last check of a system's repository in a store found damage."""
        item = self._of(system).get("checks", {}).get(f"{kind}/{store}")
        return item is not None and not item["whole"]

    def restores(self, system: str) -> list[Measured]:
        """Return measured restores of a system, oldest first."""
        return [_measured(system, item) for item in self.read(f"restored/{system}").get(f"restored/{system}/all", [])]

    def last_restore(self, system: str) -> Measured | None:
        """Return the newest measured restore of a system."""
        item = self._of(system).get("restore")
        return None if item is None else _measured(system, item)

    def repository(self, kind: str, store: str, system: str) -> Known | None:
        """Return what is known of one repository, or None if it was never made."""
        item = self._of(system).get("repositories", {}).get(f"{kind}/{store}")
        return None if item is None else Known(**item)

    def repositories(self, kind: str, store: str) -> dict[str, Known]:
        """Return every known repository of a store, by system."""
        systems = [part.removeprefix("now/") for part in self.state if not part.startswith("now/:")]
        found = ((system, self.repository(kind, store, system)) for system in systems)
        return {system: known for system, known in found if known is not None}

    def vault_id(self, name: str) -> str | None:
        """Return the id of a vault's marker, or None if the vault was never used."""
        found: str | None = self.state.get("now/:vaults", {}).get(name)
        return found

    @property
    def media(self) -> dict[str, Medium]:
        """Return every medium ever prepared, by label."""
        return {label: _medium(label, item) for label, item in self.state.get("now/:media", {}).items()}

    def whose_turn(self, labels: Sequence[str]) -> str:
        """Return the medium whose turn it is: one never used, else the one sealed longest ago."""
        known = {label: self.media.get(label) for label in labels}

        def sealed(medium: Medium | None) -> str:
            return "" if medium is None or medium.sealed_at is None else medium.sealed_at.isoformat()

        return min(labels, key=lambda label: (known[label] is not None, sealed(known[label])))

    def _newest_in(self, system: str, kind: str, store: str) -> Iterable[Mapping[str, Any] | None]:
        """Return the newest item of one store, or of all."""
        newest = self._of(system).get("newest", {})
        return (newest.get(f"{kind}/{store}"),) if kind and store else newest.values()

    def _newest(self, system: str, item: Mapping[str, Any]) -> Kept:
        """Return an item of the summary as a value; many questions are about the same ones."""
        if id(item) not in self._seen:
            self._seen[id(item)] = _kept(system, item)
        return self._seen[id(item)]

    def _lost(self, kind: str, store: str) -> bool:
        return kind == "vault" and store in self.without

    def _of(self, system: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.state.get(f"now/{system}", {})
        return found


def state_of(ledger: Ledger) -> Copies:
    """Return what the ledger knows of copies, up to its newest record."""
    return Copies(ledger.project(COPIES, "now"), lambda family: ledger.project(COPIES, family))


def _measured(system: str, item: Mapping[str, Any]) -> Measured:
    return Measured(system=system, **{**item, "at": clock.from_text(item["at"])})


def _kept(system: str, item: Mapping[str, Any]) -> Kept:
    times = {
        "at": clock.from_text(item["at"]),
        "stored_at": clock.from_text(item["stored_at"]),
        "data_time": None if item["data_time"] is None else clock.from_text(item["data_time"]),
    }
    return Kept(system=system, **{**item, **times, "parts": tuple(item.get("parts", ()))})


def _medium(label: str, item: Mapping[str, Any]) -> Medium:
    times = {
        name: None if item[name] is None else clock.from_text(item[name])
        for name in ("since", "sealed_at", "probed_at")
    }
    return Medium(label=label, **{**item, **times})
