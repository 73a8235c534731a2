"""The parts of a backup: what other hosts hold goes into snapshots of their own, taken there, before the manifest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from backup import errors, manifest
from backup.depot import Depot, Store
from backup.manifest import Entry, Source
from backup.restic import OnProgress
from backup.sources import Away, Prepared


@dataclass(frozen=True)
class Parts:
    """What was taken: sources and entries for the manifest, problems in words, bytes that were new in the store."""

    sources: Sequence[Source] = ()
    entries: Sequence[Entry] = ()
    problems: Sequence[str] = ()
    added: int = 0


def tags(key: str, part: str) -> tuple[str, ...]:
    """Return the tags of a part's snapshot."""
    return (f"system={key}", f"part={part}")


def take(depot: Depot, store: Store, key: str, prepared: Prepared, progress: OnProgress) -> Parts:
    """Take a snapshot of what each other host holds.

    Raises:
        HoldfastError: one could not be taken; what was taken is of no use without the others and belongs to nothing.
    """
    return joined([_of_host(depot, store, key, away, progress) for away in prepared.away])


def joined(found: Sequence[Parts]) -> Parts:
    """Return several as one."""
    return Parts(
        [source for one in found for source in one.sources],
        [entry for one in found for entry in one.entries],
        [problem for one in found for problem in one.problems],
        sum(one.added for one in found),
    )


def added(prepared: Prepared, parts: Parts) -> Prepared:
    """Return a backup whose manifest names its parts too."""
    document = prepared.manifest
    whole = replace(document, sources=[*document.sources, *parts.sources], entries=[*document.entries, *parts.entries])
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
