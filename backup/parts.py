"""The parts of a backup: what other hosts hold, and dumps of databases, in snapshots of their own."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace

from backup import canary, errors, manifest
from backup.depot import Depot, Store
from backup.manifest import Entry, Source
from backup.onhost import dumping
from backup.restic import OnProgress, Taken
from backup.restic_command import Repository
from backup.sources import Away, Prepared, Server
from inventory.ssh import plain


@dataclass(frozen=True)
class Parts:
    """What was taken: sources and entries for the manifest, problems in words, bytes that were new in the store.

    `canary` is what the system's query answered, if one of them was asked.
    """

    sources: Sequence[Source] = ()
    entries: Sequence[Entry] = ()
    problems: Sequence[str] = ()
    added: int = 0
    canary: str | None = None


def tags(key: str, part: str) -> tuple[str, ...]:
    """Return the tags of a part's snapshot."""
    return (f"system={key}", f"part={part}")


def take(depot: Depot, store: Store, key: str, prepared: Prepared, progress: OnProgress) -> Parts:
    """Take a snapshot of what each other host holds, and one of each database and of its server's roles.

    Raises:
        HoldfastError: one could not be taken; what was taken is of no use without the others and belongs to nothing.
    """
    found = [_of_host(depot, store, key, away, progress) for away in prepared.away]
    for server in prepared.servers:
        found += _of_server(depot, store, key, server, progress)
    return joined(found)


def joined(found: Sequence[Parts]) -> Parts:
    """Return several as one."""
    return Parts(
        [source for one in found for source in one.sources],
        [entry for one in found for entry in one.entries],
        [problem for one in found for problem in one.problems],
        sum(one.added for one in found),
        canary.first(one.canary for one in found),
    )


def added(prepared: Prepared, parts: Parts) -> Prepared:
    """Return a backup whose manifest names its parts too."""
    document = prepared.manifest
    whole = replace(
        document,
        sources=[*document.sources, *parts.sources],
        entries=[*document.entries, *parts.entries],
        canary=document.canary or parts.canary,
    )
    return replace(prepared, manifest=whole)


def _of_host(depot: Depot, store: Store, key: str, away: Away, progress: OnProgress) -> Parts:
    machine = away.machine
    with depot.lend(store, key, machine.host, writing=True) as repository:
        taken = machine.restic.backup(
            repository,
            away.paths,
            host=machine.name,
            tags=tags(key, f"{machine.name}/files"),
            exclude=away.exclude,
            progress=lambda text, share: progress(f"{key}: {machine.name}: {text}", share),
        )
    if not taken.summary.files:
        raise errors.SourceError(f"restic read no file on {machine.name}", hint="look at the system's `data:`")
    changed = machine.changed(away.found, away.staging)
    return Parts(
        [replace(source, snapshot=taken.summary.snapshot) for source in away.found.sources],
        manifest.marked(away.found.entries, changed),
        [f"{machine.name}: {problem}" for problem in (*away.found.problems, *taken.problems)],
        taken.summary.added,
    )


def _of_server(depot: Depot, store: Store, key: str, server: Server, progress: OnProgress) -> list[Parts]:
    here = server.host.connection == "local"
    lent: AbstractContextManager[Repository] = (
        nullcontext(depot.open(store, key)) if here else depot.lend(store, key, server.host, writing=True)
    )
    with lent as repository, ThreadPoolExecutor(1) as aside:
        roles = aside.submit(_roles, repository, key, server, progress)  # small, but a run and a restic of its own
        found = [_database(repository, key, server, name, progress) for name in server.databases]
        return [roles.result(), *found]


def _roles(repository: Repository, key: str, server: Server, progress: OnProgress) -> Parts:
    taken = _dumped(repository, key, server, "roles.sql", "roles", (), progress)
    stored = Source(server.host.name, "roles", manifest.ROLES, "/roles.sql", snapshot=taken.summary.snapshot)
    return Parts([stored], added=taken.summary.added)


def _database(repository: Repository, key: str, server: Server, name: str, progress: OnProgress) -> Parts:
    """Dump one database; what it holds is counted in the very moment that is dumped."""
    words = (name, server.queries.get(name, ""))
    taken = _dumped(repository, key, server, f"{name}.dump", f"postgresql/{name}", words, progress)
    try:
        said = dumping.told(taken.said)
    except ValueError as error:
        raise errors.AnswerError(f"it is not known what the dump of {name} of {server.host.name} holds") from error
    path = manifest.database_path(name)
    source = Source(
        host=server.host.name,
        kind="postgresql",
        path=path,
        stored=f"/{name}.dump",
        tables={str(table): int(rows) for table, rows in said["tables"].items()},
        snapshot=taken.summary.snapshot,
        about=said["about"],
    )
    entry = Entry(server.host.name, path, "database", taken.summary.bytes, 0, 0, 0, 0)
    return Parts([source], [entry], added=taken.summary.added, canary=said["newest"])


def _dumped(
    repository: Repository,
    key: str,
    server: Server,
    file: str,
    part: str,
    words: Sequence[str],
    progress: OnProgress,
) -> Taken:
    machine, name = server.machine, server.host.name
    try:
        taken = machine.restic.backup_output(
            repository,
            file,
            [*machine.program, "dump", *words],
            host=name,
            tags=tags(key, f"{name}/{part}"),
            progress=lambda text, _: progress(f"{key}: {name}: {part}: {text.partition(', ')[2]}", None),
        )
    except errors.CommandFailedError as error:
        raise errors.SourceError(
            f"{part} of {name} could not be dumped: {plain(error.message)}",
            hint=f"is PostgreSQL running on {name}, and is the database there?",
        ) from error
    if not taken.summary.bytes:
        raise errors.SourceError(f"the dump of {part} of {name} is empty", hint="look at the database's server")
    return taken
