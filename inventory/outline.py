"""The site as those see it who only judge: a few facts of each system, without the models that read and check them.

What judges says which facts it needs with the protocols here. A whole `Site` has them all; so has an `Outline`, which
can be kept and read back in a moment (`inventory.kept`), while reading a whole site takes longer the larger it is.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from inventory import vaults
from inventory.errors import UsageError
from inventory.vaults import VaultPlace

if TYPE_CHECKING:
    from inventory.site import Site

DEFAULT_TARGET = timedelta(hours=24)

CopyKind = Literal["vault", "medium"]


class CopyFacts(Protocol):
    """A copy that is asked for: in the vault, or on the media of the rotation set `place`, renewed each `every`."""

    @property
    def kind(self) -> CopyKind: ...
    @property
    def place(self) -> str: ...
    @property
    def every(self) -> timedelta: ...


class SystemFacts(Protocol):
    """What is judged of a system."""

    @property
    def level(self) -> int: ...
    @property
    def rto(self) -> timedelta: ...
    @property
    def rpo(self) -> timedelta: ...
    @property
    def depends_on(self) -> Sequence[str]: ...
    @property
    def data(self) -> Sequence[object]: ...
    @property
    def logs(self) -> Sequence[object]: ...
    @property
    def copies(self) -> Sequence[CopyFacts]: ...
    @property
    def runbook(self) -> str: ...
    @property
    def external(self) -> bool: ...


Systems = Mapping[str, SystemFacts]


class SiteFacts(Protocol):
    """What is judged of a site.

    `vault_places` say where each vault is, `disks` labels by rotation set; `in_file` says that the ledger is a file
    of the state directory, `sent` what the calendar asked for and was done.
    """

    @property
    def root(self) -> Path: ...
    @property
    def site_id(self) -> str: ...
    @property
    def state_place(self) -> Path | None: ...
    @property
    def systems(self) -> Systems: ...
    @property
    def own(self) -> Systems: ...
    @property
    def hosts(self) -> Mapping[str, object]: ...
    @property
    def members(self) -> Mapping[str, tuple[str, ...]]: ...
    @property
    def timezone(self) -> str: ...
    @property
    def in_file(self) -> bool: ...
    @property
    def sent(self) -> Collection[tuple[str, date]]: ...
    @property
    def policies(self) -> Sequence[str]: ...
    @property
    def vault_places(self) -> Mapping[str, VaultPlace]: ...
    @property
    def disks(self) -> Mapping[str, Sequence[str]]: ...
    @property
    def fetch_medium(self) -> timedelta | None: ...
    def system(self, key: str) -> SystemFacts: ...
    def waived(self, today: date) -> Mapping[str, Collection[str]]: ...


@dataclass(frozen=True, slots=True)
class CopyOutline:
    """A copy that is asked for."""

    kind: CopyKind
    place: str
    every: timedelta


@dataclass(frozen=True, slots=True)
class SystemOutline:
    """One system; of data and logs no more than which hosts they are on."""

    level: int
    rto: timedelta
    rpo: timedelta
    depends_on: tuple[str, ...]
    data: tuple[str, ...]
    logs: tuple[str, ...]
    copies: tuple[CopyOutline, ...]
    runbook: str
    external: bool


@dataclass(frozen=True, slots=True)
class WaiverOutline:
    """A control that need not pass on a system, from a day to the end of another."""

    system: str
    control: str
    since: date
    until: date


@dataclass(frozen=True)
class Outline:
    """A site in outline."""

    root: Path
    site_id: str
    state_place: Path | None
    systems: Mapping[str, SystemOutline]
    hosts: Mapping[str, None]
    members: Mapping[str, tuple[str, ...]]
    policies: tuple[str, ...]
    vault_places: Mapping[str, VaultPlace]
    disks: Mapping[str, tuple[str, ...]]
    fetch_medium: timedelta | None
    timezone: str = "UTC"
    in_file: bool = True
    sent: tuple[tuple[str, date], ...] = ()
    waivers: tuple[WaiverOutline, ...] = ()

    @property
    def own(self) -> Mapping[str, SystemOutline]:
        """Return the systems that are ours (not external)."""
        return {key: system for key, system in self.systems.items() if not system.external}

    def system(self, key: str) -> SystemOutline:
        """Return one system.

        Raises:
            UsageError: no such key; near ones are named.
        """
        if key in self.systems:
            return self.systems[key]
        from inventory.lines import near

        raise UsageError(f"no system {key!r} in this site", hint=near(key, self.systems, "systems"))

    def waived(self, today: date) -> Mapping[str, Collection[str]]:
        """Return, by system, the controls that are waived on a day."""
        found: dict[str, list[str]] = {}
        for each in self.waivers:
            if each.since <= today <= each.until:
                found.setdefault(each.system, []).append(each.control)
        return found

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON that `from_json` reads back."""
        return {
            "root": str(self.root),
            "site_id": self.site_id,
            "state_place": None if self.state_place is None else str(self.state_place),
            "systems": {key: _plain(system) for key, system in self.systems.items()},
            "hosts": list(self.hosts),
            "members": {key: list(hosts) for key, hosts in self.members.items()},
            "policies": list(self.policies),
            "vault_places": {name: place.as_json() for name, place in self.vault_places.items()},
            "disks": {name: list(labels) for name, labels in self.disks.items()},
            "fetch_medium": None if self.fetch_medium is None else self.fetch_medium.total_seconds(),
            "timezone": self.timezone,
            "in_file": self.in_file,
            "sent": [[item, day.isoformat()] for item, day in self.sent],
            "waivers": [
                [one.system, one.control, *map(date.isoformat, (one.since, one.until))] for one in self.waivers
            ],
        }


def of(site: Site) -> Outline:
    """Return a site in outline."""
    return Outline(
        root=site.root,
        site_id=site.site_id,
        state_place=site.state_place,
        systems={key: _system(system) for key, system in site.systems.items()},
        hosts=dict.fromkeys(site.hosts),
        members=dict(site.members),
        policies=tuple(site.policies),
        vault_places=dict(site.vault_places),
        disks={name: tuple(labels) for name, labels in site.disks.items()},
        fetch_medium=site.fetch_medium,
        timezone=site.timezone,
        in_file=site.in_file,
        sent=tuple(site.sent),
        waivers=tuple(WaiverOutline(one.system, one.control, one.since, one.until) for one in site.waivers.all),
    )


def from_json(content: Mapping[str, Any]) -> Outline:
    """Read what `as_json` wrote.

    Raises:
        KeyError, TypeError, ValueError: it is something else.
    """
    state, fetch = content["state_place"], content["fetch_medium"]
    return Outline(
        root=Path(content["root"]),
        site_id=content["site_id"],
        state_place=None if state is None else Path(state),
        systems={key: _read(fields) for key, fields in content["systems"].items()},
        hosts=dict.fromkeys(content["hosts"]),
        members={key: tuple(hosts) for key, hosts in content["members"].items()},
        policies=tuple(content["policies"]),
        vault_places={name: vaults.from_json(place) for name, place in content["vault_places"].items()},
        disks={name: tuple(labels) for name, labels in content["disks"].items()},
        fetch_medium=None if fetch is None else timedelta(seconds=fetch),
        timezone=content["timezone"],
        in_file=content["in_file"],
        sent=tuple((item, date.fromisoformat(day)) for item, day in content["sent"]),
        waivers=tuple(
            WaiverOutline(system, control, date.fromisoformat(since), date.fromisoformat(until))
            for system, control, since, until in content["waivers"]
        ),
    )


def _system(system: SystemFacts) -> SystemOutline:
    return SystemOutline(
        level=system.level,
        rto=system.rto,
        rpo=system.rpo,
        depends_on=tuple(system.depends_on),
        data=tuple(_host(source) for source in system.data),
        logs=tuple(_host(source) for source in system.logs),
        copies=tuple(CopyOutline(copy.kind, copy.place, copy.every) for copy in system.copies),
        runbook=system.runbook,
        external=system.external,
    )


def _host(source: object) -> str:
    return source if isinstance(source, str) else str(getattr(source, "host", ""))


def _plain(system: SystemOutline) -> list[Any]:
    copies = [[copy.kind, copy.place, copy.every.total_seconds()] for copy in system.copies]
    times = [system.rto.total_seconds(), system.rpo.total_seconds()]
    lists = [list(system.depends_on), list(system.data), list(system.logs), copies]
    return [system.level, *times, *lists, system.runbook, system.external]


def _read(fields: Sequence[Any]) -> SystemOutline:
    level, rto, rpo, needs, data, logs, copies, runbook, external = fields
    return SystemOutline(
        level=level,
        rto=timedelta(seconds=rto),
        rpo=timedelta(seconds=rpo),
        depends_on=tuple(needs),
        data=tuple(data),
        logs=tuple(logs),
        copies=tuple(CopyOutline(kind, place, timedelta(seconds=every)) for kind, place, every in copies),
        runbook=runbook,
        external=external,
    )
