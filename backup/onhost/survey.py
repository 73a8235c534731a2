"""What of one host is to be copied: databases staged, files listed and hashed, what is left out of both."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase as fnmatch
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Optional

from backup import manifest
from backup.errors import SourceError
from backup.manifest import Entry, Source
from backup.onhost import sqlite
from backup.onhost.landing import real

Tell = Callable[[str, Optional[float]], None]  # noqa: UP045  (hosts may have Python 3.9)
"""Told what is being done, and which share of it is done (0..1, None: unknown)."""

_GLOB = str.maketrans({char: "\\" + char for char in "*?[]\\"})

Signatures = dict[tuple[str, str], tuple[int, ...]]


@dataclass(frozen=True)
class Wanted:
    """What of one host is to be copied.

    `files` are paths with the patterns each leaves out, `sqlite` database files; `canary` is one of these and a query.
    Paths are the host's own, its file system begins at `root`. Copies of databases go below `staging`.
    """

    host: str
    root: str
    files: Sequence[tuple[str, Sequence[str]]]
    sqlite: Sequence[str]
    staging: str
    canary: tuple[str, str] | None = None


@dataclass(frozen=True)
class Found:
    """What there is: entries in the order of `sources`, where each really lies, and what it looked like then.

    `skipped` is left out on purpose, `problems` could not be read; `canary` is what its query answered.
    """

    sources: Sequence[Source]
    entries: Sequence[Entry]
    where: Mapping[tuple[str, str], Path]
    seen: Signatures
    skipped: Sequence[Path]
    problems: Sequence[str]
    canary: str | None


def survey(wanted: Wanted, tell: Tell) -> Found:
    """Stage the databases, then list and hash everything.

    Raises:
        SourceError: something is missing, empty, or no database.
    """
    staged = [_stage(wanted, path) for path in wanted.sqlite]
    sources = [_source(wanted, "files", path, None) for path in _outermost(wanted)] + staged
    listed = _List(wanted)
    for index, source in enumerate(sources):
        tell(f"reading {source.path}", index / len(sources))
        listed.add(source)
    canary = None
    if wanted.canary is not None:
        stored = {source.path: Path(source.stored) for source in staged}
        canary = sqlite.newest(stored[wanted.canary[0]], wanted.canary[1])
    return Found(sources, listed.entries, listed.where, listed.seen, listed.skipped, listed.problems, canary)


def changed(where: Mapping[tuple[str, str], Path], seen: Signatures) -> set[tuple[str, str]]:
    """Return the files that are not what they were when they were hashed."""
    return {name for name, before in seen.items() if _signature(where[name]) != before}


def exclusions(found: Found) -> str:
    """Return the text of the file that tells restic what to leave out."""
    return "".join(literal(str(path)) + "\n" for path in found.skipped)


def literal(path: str) -> str:
    """Return a pattern of restic that means this path; white space is matched by `?`, as restic trims lines."""
    return re.sub(r"\s", "?", path.translate(_GLOB)).replace("$", "$$")


def clear(folder: Path) -> None:
    """Remove staged data."""
    if folder.exists():
        shutil.rmtree(folder)


def _outermost(wanted: Wanted) -> list[str]:
    """Return the paths to be read, without those that lie below others.

    Raises:
        SourceError: one of them is the whole host.
    """
    found: list[str] = []
    for path in sorted({path for path, _ in wanted.files}, key=lambda path: len(PurePosixPath(path).parts)):
        if path == "/":
            raise SourceError("a whole host cannot be one source", hint="name the folders below / that hold data")
        if not any(_below(path, above) for above in found):
            found.append(path)
    return found


def _stage(wanted: Wanted, path: str) -> Source:
    staged = Path(wanted.staging) / wanted.host / path.lstrip("/")
    found = _source(wanted, "sqlite", path, staged)
    sqlite.copy_live(real(wanted.root, path), staged)
    return replace(found, tables=sqlite.row_counts(staged))


def _source(wanted: Wanted, kind: str, path: str, stored: Path | None) -> Source:
    there = real(wanted.root, path)
    if not there.exists():
        raise SourceError(
            f"{wanted.host}:{path} is missing", hint=f"look for it at {there}, or mend the system's `data:`"
        )
    parents = []
    for parent in reversed(PurePosixPath(path).parents):
        if parent.name:
            status = real(wanted.root, str(parent)).stat()
            parents.append((str(parent), status.st_mode & 0o7777, status.st_uid, status.st_gid))
    return Source(wanted.host, kind, path, str(stored or there), tuple(parents))


@dataclass
class _List:
    """Entries, where they really are, what was left out, and what could not be read."""

    wanted: Wanted
    entries: list[Entry] = field(default_factory=list)
    where: dict[tuple[str, str], Path] = field(default_factory=dict)
    seen: Signatures = field(default_factory=dict)
    skipped: list[Path] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._live = {
            real(self.wanted.root, database + ending)
            for database in self.wanted.sqlite
            for ending in ("", *sqlite.COMPANIONS)
        }

    def add(self, source: Source) -> None:
        """Add everything a source holds.

        Raises:
            SourceError: it holds no file, or is only a link.
        """
        before, stored = len(self.entries), Path(source.stored)
        for path in manifest.walk(stored, skip=lambda path: self._skip(source, path), refused=self._refused):
            self._add_path(source, path)
        if stored.is_symlink():
            raise SourceError(
                f"{source.host}:{source.path} is a link to {stored.readlink()}",
                hint="a link holds no data: name what it leads to in the system's `data:`",
            )
        if not any(entry.type == "file" for entry in self.entries[before:]) and not self.problems:
            raise SourceError(
                f"{source.host}:{source.path} holds no file",
                hint="an empty copy helps nobody: mend the system's `data:`",
            )

    def _add_path(self, source: Source, there: Path) -> None:
        path = _logical(source, there)
        try:
            status = there.lstat()
            entry = manifest.describe(source.host, path, there)
        except OSError as error:
            self._refused(error)
            return
        self.entries.append(entry)
        self.where[source.host, path] = there
        if entry.type == "file":
            self.seen[source.host, path] = manifest.signature(status)

    def _skip(self, source: Source, there: Path) -> bool:
        if source.kind == "files" and self._excluded(there, _logical(source, there)):
            self.skipped.append(there)
            return True
        return False

    def _excluded(self, there: Path, path: str) -> bool:
        """Tell what is left out of files: live database files, and what no source wants that holds it.

        A pattern is about the paths of its own source, held against the last name and the whole path on the host;
        what one source leaves out, another may still hold.
        """
        holding = [(named, tuple(patterns)) for named, patterns in self.wanted.files if _below(path, named)]
        way_to_another = any(named != path and _below(named, path) for named, _ in self.wanted.files)
        return there in self._live or (not way_to_another and all(_left_out(*one, path) for one in holding))

    def _refused(self, error: OSError) -> None:
        self.problems.append(f"{error.filename}: {error.strerror}")


def _logical(source: Source, there: Path) -> str:
    """Return a path as its host knows it."""
    stored = Path(source.stored)
    return source.path if there == stored else str(PurePosixPath(source.path) / there.relative_to(stored))


def _below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


@lru_cache(maxsize=4096)
def _left_out(named: str, patterns: tuple[str, ...], path: str) -> bool:
    """Tell whether a source's patterns match a path, or a folder above it up to the one the source names."""
    if any(fnmatch(name, wanted) for wanted in patterns for name in (PurePosixPath(path).name, path)):
        return True
    return path != named and _left_out(named, patterns, str(PurePosixPath(path).parent))


def _signature(there: Path) -> tuple[int, ...] | None:
    try:
        return manifest.signature(there.lstat())
    except OSError:
        return None
