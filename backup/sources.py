"""From a system's `data:` to what restic is to read, on this machine and on other hosts, and the manifest of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from backup import canary, machines, manifest, onhost
from backup.depot import Depot
from backup.errors import SourceError
from backup.machines import Machine
from backup.manifest import Manifest
from backup.onhost import survey
from backup.onhost.survey import Found, Signatures, Wanted
from backup.restic import OnProgress
from backup.there import There
from inventory.clock import to_text
from inventory.errors import HoldfastError
from inventory.system import FilesSource, Host, PostgresqlSource, SqliteSource, System

STAGED = "holdfast-staged"
"""The last name of the folder with staged databases and the manifest; the same in every run and every snapshot."""


@dataclass(frozen=True)
class Away:
    """What another host holds of a system: listed there, `exclude` is a file there, `staging` a folder."""

    machine: There
    found: Found
    exclude: Path
    staging: Path

    @property
    def paths(self) -> list[Path]:
        """Return what restic is to read there."""
        files = [Path(source.stored) for source in self.found.sources if source.kind == "files"]
        staged = any(source.kind == "sqlite" for source in self.found.sources)
        return [*files, *([self.staging] if staged else [])]


@dataclass(frozen=True)
class Server:
    """The PostgreSQL databases of a host that belong to a system; `queries` are canaries, by database."""

    machine: Machine
    host: Host
    databases: Sequence[str]
    queries: Mapping[str, str]


@dataclass(frozen=True)
class Prepared:
    """All that one backup is to hold.

    `paths` restic reads on this machine; `where` is the real path behind each of its manifest entries, `seen` what it
    looked like; `problems` what could not be read. `away` is what other hosts hold, `servers` are asked for dumps.
    """

    manifest: Manifest
    paths: Sequence[Path]
    staging: Path
    where: Mapping[tuple[str, str], Path]
    seen: Signatures
    problems: Sequence[str]
    away: Sequence[Away] = ()
    servers: Sequence[Server] = ()

    @property
    def exclude(self) -> Path:
        """Return the file that names what restic must leave out."""
        return self.staging.parent / "exclude"


def prepare(depot: Depot, key: str, progress: OnProgress) -> Prepared:
    """Stage a system's databases, list and hash its files, and write the manifest into the staging folder.

    Raises:
        SourceError: something is missing, empty, or no database.
        HoldfastError: a host cannot be reached, or is not prepared.
    """
    system = depot.site.system(key)
    staging = depot.state / "staging" / key / STAGED
    clear(staging.parent)
    staging.mkdir(parents=True, mode=0o700)
    (staging.parent / "exclude").touch(mode=0o600)
    taken_at = to_text(depot.clock.now())
    here: list[Found] = []
    away: list[Away] = []
    try:
        for host in _hosts(depot, system):
            found = _survey(depot, key, system, host, staging, progress)
            here += [found] if isinstance(found, Found) else []
            away += [found] if isinstance(found, Away) else []
    except HoldfastError:
        _clear_away(away)
        raise
    servers = _servers(depot, system)
    if not here and not away and not servers:
        raise SourceError(f"{key} names no data", hint="write its `data:` in the inventory")
    sources = sorted((one for found in here for one in found.sources), key=lambda source: source.kind != "files")
    document = Manifest(
        site=depot.site.settings.site,
        system=key,
        taken_at=taken_at,
        tool=f"holdfast, restic {depot.restic.version}",
        canary=canary.first([*(one.canary for one in here), *(one.found.canary for one in away)]),
        sources=sources,
        entries=[entry for found in here for entry in found.entries],
    )
    prepared = Prepared(
        document,
        [*(Path(source.stored) for source in sources if source.kind == "files"), staging],
        staging,
        {name: real for found in here for name, real in found.where.items()},
        {name: signature for found in here for name, signature in found.seen.items()},
        [problem for found in here for problem in found.problems],
        away,
        servers,
    )
    write(prepared)
    return prepared


def absent(depot: Depot, key: str) -> list[str]:
    """Return what of a system's data is not there, in words, as far as looking goes; nothing is read.

    Raises:
        HoldfastError: a host cannot be reached, or is not prepared.
    """
    system = depot.site.system(key)
    found: list[str] = []
    for host in _hosts(depot, system):
        wanted = _wanted(system, host, Path())
        own = [one.postgresql for one in system.data if isinstance(one, PostgresqlSource) and one.host == host.name]
        paths = [*(path for path, _ in wanted.files), *wanted.sqlite]
        machine = machines.of(depot, host, owners=True)
        answer = machine.ask("present", host=host.name, root=host.root, paths=paths, databases=own)
        found += [str(problem) for problem in answer["problems"]]
    return found


def write(prepared: Prepared) -> None:
    """Put the manifest where restic will find it."""
    file = prepared.staging / manifest.NAME
    file.write_text(manifest.write(prepared.manifest))
    file.chmod(0o600)


def changed(prepared: Prepared) -> set[tuple[str, str]]:
    """Return the entries of this machine whose files changed since they were hashed and are not marked so yet."""
    marked = {(entry.host, entry.path) for entry in prepared.manifest.entries if entry.volatile}
    return survey.changed(prepared.where, prepared.seen) - marked


def marked(prepared: Prepared, volatile: set[tuple[str, str]]) -> Prepared:
    """Return the same with entries marked as changed while they were read."""
    entries = manifest.marked(prepared.manifest.entries, volatile)
    return replace(prepared, manifest=replace(prepared.manifest, entries=entries))


def finish(prepared: Prepared) -> None:
    """Remove what was staged, here and on the hosts; one that is gone by now removes it with its next backup."""
    clear(prepared.staging.parent)
    _clear_away(prepared.away)


def clear(staging: Path) -> None:
    """Remove staged data of this machine."""
    survey.clear(staging)


def _hosts(depot: Depot, system: System) -> Iterable[Host]:
    """Return the hosts of a system's data, each once."""
    return [depot.site.host(name) for name in dict.fromkeys(source.host for source in system.data)]


def _survey(
    depot: Depot, key: str, system: System, host: Host, staging: Path, progress: OnProgress
) -> Found | Away | None:
    machine: Machine = machines.of(depot, host, owners=True)
    place = staging if not isinstance(machine, There) else Path(onhost.STATE) / key / STAGED
    wanted = _wanted(system, host, place)
    if not wanted.files and not wanted.sqlite:
        return None
    found, exclude = machine.survey(wanted, lambda text, share: progress(f"{key}: {host.name}: {text}", share))
    return Away(machine, found, exclude, place) if isinstance(machine, There) else found


def _wanted(system: System, host: Host, staging: Path) -> Wanted:
    """Return what of a host is files and SQLite databases. Pure."""
    own = [source for source in system.data if source.host == host.name]
    databases = [source.sqlite for source in own if isinstance(source, SqliteSource)]
    asked = system.canary
    fits = asked is not None and asked.host == host.name and asked.sql in databases
    return Wanted(
        host=host.name,
        root=host.root,
        files=[(path, source.exclude) for source in own if isinstance(source, FilesSource) for path in source.files],
        sqlite=databases,
        staging=str(staging),
        canary=(asked.sql, asked.query) if asked is not None and fits else None,
    )


def _clear_away(away: Sequence[Away]) -> None:
    for one in away:
        with suppress(HoldfastError):
            one.machine.clear(one.staging)


def _servers(depot: Depot, system: System) -> list[Server]:
    """Return the databases that are to be dumped, host by host."""
    wanted: dict[str, list[str]] = {}
    for source in system.data:
        if isinstance(source, PostgresqlSource) and source.postgresql not in wanted.setdefault(source.host, []):
            wanted[source.host].append(source.postgresql)
    asked = system.canary
    found = []
    for name, databases in wanted.items():
        host = depot.site.host(name)
        queries = {asked.sql: asked.query} if asked is not None and asked.host == name else {}
        found.append(Server(machines.of(depot, host, owners=True), host, databases, queries))
    return found
