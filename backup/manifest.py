"""The list of everything a snapshot must hold, kept inside the snapshot, and its comparison with what is there."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

from backup.errors import ManifestError
from inventory.errors import UsageError

NAME = "holdfast-manifest.json"
FORMAT = 1
ROLES = "postgresql roles"
"""The path of the source that is a server's roles."""
_DATABASE = "postgresql:"
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Entry:
    """One file, folder or link of a host, by its path on that host.

    `mode` are permission bits, `sha256` of a file's content, `link` where a link points;
    `volatile`: it changed while it was read, so its content is not compared.
    """

    host: str
    path: str
    type: str
    size: int
    mode: int
    uid: int
    gid: int
    mtime_ns: int
    sha256: str = ""
    link: str = ""
    volatile: bool = False


@dataclass(frozen=True)
class Source:
    """One thing a snapshot holds: `path` on its host, `stored` its path in the snapshot; `parents` the folders above,
    outermost first: path, mode, uid, gid. Databases have the row count of each table.

    `kind` is files, sqlite, postgresql (`database_path`) or roles (of a PostgreSQL server, `ROLES`). `snapshot` is
    the part it lies in, empty: the manifest's own. `about` is what a database is besides its content.
    """

    host: str
    kind: str
    path: str
    stored: str
    parents: Sequence[tuple[str, int, int, int]] = ()
    tables: Mapping[str, int] = field(default_factory=dict)
    snapshot: str = ""
    about: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return it without what only parts of a set have, if it is in none: older versions read that."""
        found = asdict(self)
        return {name: value for name, value in found.items() if value or name not in ("snapshot", "about")}


@dataclass(frozen=True)
class Manifest:
    """What one snapshot holds. `taken_at` and `canary` (the newest record's time) are RFC 3339."""

    site: str
    system: str
    taken_at: str
    tool: str
    canary: str | None
    sources: Sequence[Source]
    entries: Sequence[Entry]

    @property
    def files(self) -> int:
        """Return how many files (not folders or links) it names."""
        return sum(entry.type == "file" for entry in self.entries)

    @property
    def bytes(self) -> int:
        """Return the size of all files and databases."""
        return sum(entry.size for entry in self.entries if entry.type in ("file", "database"))

    @property
    def parts(self) -> tuple[str, ...]:
        """Return the snapshots that belong to this one, in the order they were taken."""
        return tuple(dict.fromkeys(source.snapshot for source in self.sources if source.snapshot))


def write(manifest: Manifest) -> str:
    """Return a manifest as JSON, one entry a line, plain ASCII whatever the file names are."""
    head = {"holdfast": "manifest", "format": FORMAT, **asdict(replace(manifest, sources=(), entries=()))}
    head["sources"] = [source.as_json() for source in manifest.sources]
    lines = [json.dumps(asdict(entry), separators=(",", ":")) for entry in manifest.entries]
    del head["entries"]
    return json.dumps(head)[:-1] + ', "entries": [\n' + ",\n".join(lines) + "\n]}\n"


def read(text: str) -> Manifest:
    """Read what `write` wrote.

    Raises:
        ManifestError: it is none, or one of a newer Holdfast.
    """
    try:
        content: dict[str, Any] = json.loads(text)
        if content.pop("holdfast") != "manifest" or content.pop("format") != FORMAT:
            raise ManifestError("the manifest was written by a newer Holdfast", hint="use that Holdfast to restore")
        entries = [Entry(**entry) for entry in content.pop("entries")]
        sources = [
            Source(**{**source, "parents": [tuple(parent) for parent in source["parents"]]})
            for source in content.pop("sources")
        ]
        return Manifest(entries=entries, sources=sources, **content)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ManifestError(f"the manifest cannot be read: {error!r}", hint="choose another snapshot") from error


def narrowed(manifest: Manifest, paths: Sequence[str]) -> Manifest:
    """Return what a manifest says of some paths only (none: all of it).

    Raises:
        UsageError: a path is not in it.
    """
    if not paths:
        return manifest
    sources: list[Source] = []
    entries: list[Entry] = []
    for path in dict.fromkeys(str(PurePosixPath(path)) for path in paths):
        found = [entry for entry in manifest.entries if entry.path == path]
        if not found:
            raise UsageError(f"{path} is not in this snapshot", hint="write the path as its host knows it, from / on")
        for entry in found:
            source = next(source for source in manifest.sources if holds(source, entry.host, path, manifest))
            sources.append(_part(manifest, source, path))
        entries += [entry for entry in manifest.entries if entry.path == path or below(entry.path, path)]
        sources += [source for source in manifest.sources if source.kind == "sqlite" and below(source.path, path)]
    unique = {(source.host, source.path): source for source in sources}
    own = {(entry.host, entry.path): entry for entry in entries}
    return replace(manifest, sources=tuple(unique.values()), entries=tuple(own.values()))


def database_path(name: str) -> str:
    """Return what stands for a PostgreSQL database where a manifest has a path: no path of a host is like it."""
    return _DATABASE + name


def database_name(path: str) -> str:
    """Return the name of the database that a path of a manifest stands for."""
    return path[len(_DATABASE) :]


def relocated(manifest: Manifest, here: Mapping[str, str]) -> Manifest:
    """Return a manifest whose parts have the ids they have in another repository."""
    sources = [replace(source, snapshot=here.get(source.snapshot, "")) for source in manifest.sources]
    return replace(manifest, sources=sources)


def dumps_as_files(manifest: Manifest) -> Manifest:
    """Return what a manifest says, with dumps of databases and roles as files of the folder /postgresql."""
    sources = [
        replace(source, kind="dump", path=f"/postgresql{source.stored}")
        if source.kind in ("postgresql", "roles")
        else source
        for source in manifest.sources
    ]
    return replace(manifest, sources=sources, entries=[one for one in manifest.entries if one.type != "database"])


def marked(entries: Sequence[Entry], volatile: set[tuple[str, str]]) -> list[Entry]:
    """Return entries, some of them marked as changed while they were read."""
    return [replace(entry, volatile=entry.volatile or (entry.host, entry.path) in volatile) for entry in entries]


def holds(source: Source, host: str, path: str, manifest: Manifest) -> bool:
    """Tell whether a path of a host came from this source; a database inside a folder is a source of its own."""
    if source.host != host:
        return False
    if source.kind == "sqlite" or source.path == path:
        return source.path == path
    databases = {(other.host, other.path) for other in manifest.sources if other.kind == "sqlite"}
    return below(path, source.path) and (host, path) not in databases


def below(path: str, folder: str) -> bool:
    """Tell whether a path lies below a folder."""
    return path.startswith(folder.rstrip("/") + "/")


def _part(manifest: Manifest, source: Source, path: str) -> Source:
    if source.path == path:
        return source
    between = [
        (entry.path, entry.mode, entry.uid, entry.gid)
        for entry in manifest.entries
        if entry.host == source.host and below(path, entry.path)
    ]
    stored = source.stored + path.removeprefix(source.path)
    return replace(source, path=path, stored=stored, parents=(*source.parents, *between))


def walk(root: Path, *, skip: Callable[[Path], bool], refused: Callable[[OSError], None]) -> Iterator[Path]:
    """Yield a path and everything below it, folders before their content; links are not followed.

    `skip` leaves a path and all below it out; `refused` is told of folders that cannot be listed.
    """
    waiting = [root]
    while waiting:
        path = waiting.pop()
        if skip(path):
            continue
        yield path
        if path.is_dir() and not path.is_symlink():
            try:
                waiting += [*sorted(path.iterdir(), reverse=True)]
            except OSError as error:
                refused(error)


def describe(host: str, path: str, real: Path) -> Entry:
    """Look at one path, and hash it if it is a file.

    Raises:
        OSError: it cannot be read.
    """
    before = real.lstat()
    kind = _type(before.st_mode)
    digest, volatile = "", False
    if kind == "file":
        digest = _digest(real)
        volatile = signature(real.lstat()) != signature(before)
    return Entry(
        host=host,
        path=path,
        type=kind,
        size=before.st_size if kind == "file" else 0,
        mode=stat.S_IMODE(before.st_mode),
        uid=before.st_uid,
        gid=before.st_gid,
        mtime_ns=before.st_mtime_ns,
        sha256=digest,
        link=str(real.readlink()) if kind == "link" else "",
        volatile=volatile,
    )


def signature(status: os.stat_result) -> tuple[int, ...]:
    """Return what changes whenever a file's content does."""
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def _digest(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as content:
        while block := content.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _type(mode: int) -> str:
    for test, name in ((stat.S_ISREG, "file"), (stat.S_ISDIR, "folder"), (stat.S_ISLNK, "link")):
        if test(mode):
            return name
    return "other"
