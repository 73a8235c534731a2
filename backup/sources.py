"""From a system's `data:` to what restic is to read: staged databases, paths, and the manifest of both."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase as fnmatch
from functools import lru_cache
from pathlib import Path, PurePosixPath

from backup import databases, manifest
from backup.depot import Depot
from backup.errors import SourceError
from backup.manifest import Entry, Manifest, Source
from backup.restic import OnProgress
from backup.restic_command import literal
from inventory import reach
from inventory.clock import to_text
from inventory.system import FilesSource, PostgresqlSource, SqliteSource, System

STAGED = "holdfast-staged"
"""The last name of the folder with staged databases and the manifest; the same in every run and every snapshot."""

Signatures = dict[Path, tuple[int, ...]]


@dataclass(frozen=True)
class Prepared:
    """All that one snapshot is to hold.

    `paths` restic reads; `where` is the real path behind each manifest entry; `problems` what could not be read.
    """

    manifest: Manifest
    paths: Sequence[Path]
    staging: Path
    where: Mapping[tuple[str, str], Path]
    seen: Signatures
    problems: Sequence[str]

    @property
    def exclude(self) -> Path:
        """Return the file that names what restic must leave out."""
        return self.staging.parent / "exclude"


def prepare(depot: Depot, key: str, progress: OnProgress) -> Prepared:
    """Stage a system's databases, list and hash its files, and write the manifest into the staging folder.

    Raises:
        SourceError: something is missing, empty, or no database.
        UnreachableError: a host is not this machine.
    """
    system = depot.site.system(key)
    _refuse_what_cannot_be_copied(key, system)
    staging = depot.state / "staging" / key / STAGED
    clear(staging.parent)
    staging.mkdir(parents=True, mode=0o700)
    taken_at = to_text(depot.clock.now())
    staged = [_stage(depot, source, staging) for source in system.data if isinstance(source, SqliteSource)]
    files = list(_file_sources(depot, system))
    if not files and not staged:
        raise SourceError(f"{key} names no data", hint="write its `data:` in the inventory")
    listed = _List(_excluded(depot, system))
    for index, source in enumerate([*files, *staged]):
        progress(f"{key}: reading {source.path}", index / (len(files) + len(staged)))
        listed.add(source)
    document = Manifest(
        site=depot.site.settings.site,
        system=key,
        taken_at=taken_at,
        tool=f"holdfast, restic {depot.restic.version}",
        canary=_canary(system, staged),
        sources=[*files, *staged],
        entries=listed.entries,
    )
    paths = [*(Path(source.stored) for source in files), staging]
    (staging.parent / "exclude").write_text("".join(literal(str(path)) + "\n" for path in listed.skipped))
    prepared = Prepared(document, paths, staging, listed.where, listed.seen, listed.problems)
    write(prepared)
    return prepared


def write(prepared: Prepared) -> None:
    """Put the manifest where restic will find it."""
    file = prepared.staging / manifest.NAME
    file.write_text(manifest.write(prepared.manifest))
    file.chmod(0o600)


def changed(prepared: Prepared) -> set[tuple[str, str]]:
    """Return the entries whose files changed since they were hashed and are not marked so yet."""
    found = set()
    for entry in prepared.manifest.entries:
        real = prepared.where[entry.host, entry.path]
        if entry.type == "file" and not entry.volatile and _signature(real) != prepared.seen.get(real):
            found.add((entry.host, entry.path))
    return found


def marked(prepared: Prepared, volatile: set[tuple[str, str]]) -> Prepared:
    """Return the same with entries marked as changed while they were read."""
    entries = [
        replace(entry, volatile=entry.volatile or (entry.host, entry.path) in volatile)
        for entry in prepared.manifest.entries
    ]
    return replace(prepared, manifest=replace(prepared.manifest, entries=entries))


def clear(staging: Path) -> None:
    """Remove staged data."""
    if staging.exists():
        shutil.rmtree(staging)


class _List:
    """Entries, where they really are, what was left out, and what could not be read."""

    def __init__(self, excluded: Callable[[Source, Path, str], bool]) -> None:
        self.entries: list[Entry] = []
        self.where: dict[tuple[str, str], Path] = {}
        self.seen: Signatures = {}
        self.skipped: list[Path] = []
        self.problems: list[str] = []
        self._excluded = excluded

    def add(self, source: Source) -> None:
        """Add everything a source holds.

        Raises:
            SourceError: it holds no file, or is only a link.
        """
        before = len(self.entries)
        for real in manifest.walk(
            Path(source.stored), skip=lambda real: self._skip(source, real), refused=self._refused
        ):
            self._add_path(source, real)
        if Path(source.stored).is_symlink():
            raise SourceError(
                f"{source.host}:{source.path} is a link to {Path(source.stored).readlink()}",
                hint="a link holds no data: name what it leads to in the system's `data:`",
            )
        if not any(entry.type == "file" for entry in self.entries[before:]) and not self.problems:
            raise SourceError(
                f"{source.host}:{source.path} holds no file",
                hint="an empty copy helps nobody: mend the system's `data:`",
            )

    def _add_path(self, source: Source, real: Path) -> None:
        path = _logical(source, real)
        try:
            status = real.lstat()
            entry = manifest.describe(source.host, path, real)
        except OSError as error:
            self._refused(error)
            return
        self.entries.append(entry)
        self.where[source.host, path] = real
        self.seen[real] = manifest.signature(status)

    def _skip(self, source: Source, real: Path) -> bool:
        if self._excluded(source, real, _logical(source, real)):
            self.skipped.append(real)
            return True
        return False

    def _refused(self, error: OSError) -> None:
        self.problems.append(f"{error.filename}: {error.strerror}")


def _logical(source: Source, real: Path) -> str:
    """Return a path as its host knows it."""
    stored = Path(source.stored)
    return source.path if real == stored else str(PurePosixPath(source.path) / real.relative_to(stored))


def _file_sources(depot: Depot, system: System) -> Iterator[Source]:
    taken: set[tuple[str, str]] = set()
    wanted = [(source.host, path) for source in system.data if isinstance(source, FilesSource) for path in source.files]
    for host, path in sorted(wanted, key=lambda item: (item[0], len(PurePosixPath(item[1]).parts))):
        above = {(host, str(parent)) for parent in (PurePosixPath(path), *PurePosixPath(path).parents)}
        if above & taken:
            continue
        taken.add((host, path))
        if path == "/":
            raise SourceError("a whole host cannot be one source", hint="name the folders below / that hold data")
        yield _source(depot, host, "files", path, None)


def _stage(depot: Depot, source: SqliteSource, staging: Path) -> Source:
    staged = staging / source.host / source.sqlite.lstrip("/")
    found = _source(depot, source.host, "sqlite", source.sqlite, staged)
    databases.copy_live(Path(depot.site.host(source.host).path(source.sqlite)), staged)
    return replace(found, tables=databases.row_counts(staged))


def _source(depot: Depot, name: str, kind: str, path: str, stored: Path | None) -> Source:
    host = depot.site.host(name)
    reach.require_local(host)
    real = Path(host.path(path))
    if not real.exists():
        raise SourceError(f"{name}:{path} is missing", hint=f"look for it at {real}, or mend the system's `data:`")
    parents = []
    for parent in reversed(PurePosixPath(path).parents[:-1]):
        status = Path(host.path(str(parent))).stat()
        parents.append((str(parent), status.st_mode & 0o7777, status.st_uid, status.st_gid))
    return Source(name, kind, path, str(stored or real), tuple(parents))


def _excluded(depot: Depot, system: System) -> Callable[[Source, Path, str], bool]:
    """Return what is left out of file sources: live database files, and what no source wants that holds it.

    An `exclude:` pattern is about the paths of its own source, held against the last name and the whole path on the
    host; what one source leaves out, another may still hold.
    """
    live: set[Path] = set()
    wanted: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
    for one in system.data:
        match one:
            case SqliteSource(sqlite=database, host=host):
                real = depot.site.host(host).path(database)
                live |= {Path(real + ending) for ending in ("", *databases.COMPANIONS)}
            case FilesSource(host=host):
                wanted.setdefault(host, []).extend((named, tuple(one.exclude)) for named in one.files)

    def excluded(source: Source, real: Path, path: str) -> bool:
        if source.kind != "files":
            return False
        holding = [(named, patterns) for named, patterns in wanted[source.host] if _below(path, named)]
        way_to_another = any(named != path and _below(named, path) for named, _ in wanted[source.host])
        return real in live or (not way_to_another and all(_left_out(*one, path) for one in holding))

    return excluded


def _refuse_what_cannot_be_copied(key: str, system: System) -> None:
    """Fail before anything is copied: a snapshot without a database the inventory names would look complete."""
    for source in system.data:
        if isinstance(source, PostgresqlSource):
            raise SourceError(
                f"{key} names the PostgreSQL database {source.postgresql} of {source.host}, "
                "which this version cannot copy",
                hint=f"dump it into a file of {source.host} and name that under `files:` until it can",
            )


def _below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


@lru_cache(maxsize=4096)
def _left_out(named: str, patterns: tuple[str, ...], path: str) -> bool:
    """Tell whether a source's patterns match a path, or a folder above it up to the one the source names."""
    if any(fnmatch(name, wanted) for wanted in patterns for name in (PurePosixPath(path).name, path)):
        return True
    return path != named and _left_out(named, patterns, str(PurePosixPath(path).parent))


def _canary(system: System, staged: Sequence[Source]) -> str | None:
    if system.canary is None:
        return None
    for source in staged:
        if (source.host, source.path) == (system.canary.host, system.canary.sql):
            moment = databases.newest_record(Path(source.stored), system.canary.query)
            return None if moment is None else to_text(moment)
    return None


def _signature(real: Path) -> tuple[int, ...] | None:
    try:
        return manifest.signature(real.lstat())
    except OSError:
        return None
