"""Put restored data in place: read beside it, compare, rename. Nothing that is there is ever lost."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from backup import comparison, manifest
from backup.comparison import Comparison
from backup.errors import SourceError, TargetInUseError
from backup.manifest import Entry, Manifest, Source
from backup.onhost import sqlite

_RUN = ".holdfast-run"


@dataclass(frozen=True)
class Place:
    """Where one source of a snapshot goes on its target `host`, whose file system begins at `root`.

    It is read into a folder `beside` its place first, on the same file system; `mark` (the snapshot's short id) is part
    of that folder's name, so that a repeated run finds what a killed one left. `run` names the process that reads it,
    if it can be come back to.
    """

    source: Source
    host: str
    root: str
    beside: Path
    mark: str
    run: str = ""

    @property
    def path(self) -> Path:
        """Return where it belongs."""
        return real(self.root, self.source.path)

    @property
    def staging(self) -> Path:
        """Return the folder it is read into."""
        own = hashlib.sha256(f"{self.source.host}:{self.source.path}".encode("utf-8", "surrogateescape")).hexdigest()
        return self.beside / f".holdfast-restore-{self.mark}-{own[:8]}"

    @property
    def arrived(self) -> Path:
        """Return where it lies once it was read, before it is put in place."""
        return self.staging / Path(self.source.stored).name


def real(root: str, path: str) -> Path:
    """Return where a path of a host lies when its file system begins at `root`."""
    return Path(path) if root == "/" else Path(root) / path.lstrip("/")


def already_there(place: Place, document: Manifest, *, owners: bool) -> bool:
    """Tell whether exactly this is in place already, so that a restore that broke off can go on."""
    if not place.path.exists():
        return False
    return not compare(place, document, place.path, owners=owners).differences


def look(places: Sequence[Place], document: Manifest, *, owners: bool, overwrite: bool) -> list[int]:
    """Return which places, by their number, have not exactly what the manifest says.

    Raises:
        TargetInUseError: something else is in one of these, and `overwrite` is False.
    """
    waiting = [at for at, place in enumerate(places) if not already_there(place, document, owners=owners)]
    require_free([places[at] for at in waiting], overwrite=overwrite)
    return waiting


def require_free(places: Sequence[Place], *, overwrite: bool) -> None:
    """Refuse before anything is written if something would be overwritten.

    Raises:
        TargetInUseError: it names what is there.
    """
    taken = [place for place in places if _in_use(place.path)]
    if taken and not overwrite:
        names = ", ".join(f"{place.host}:{place.source.path}" for place in taken)
        raise TargetInUseError(
            f"there is data already at {names}",
            hint="restore to an empty place, or move what is there away; it is never overwritten",
        )


def clear(places: Sequence[Place]) -> None:
    """Remove what a restore that broke off left beside the places, as far as the disk lets us."""
    for place in places:
        shutil.rmtree(place.staging, ignore_errors=True)


def goes_on(place: Place) -> bool:
    """Tell whether what lies beside a place was begun by the very run that is to read it."""
    return _going_on(place) != ""


def begin(place: Place, *, anew: bool = False) -> str:
    """Make an empty folder to read into; what a killed restore left there is removed.

    Returns the whole name of the run that is to read it: if the place's own run has begun already, its name, and
    nothing is touched; with `anew` that is removed too. No two runs have one name: a host takes each only once.
    """
    if (name := _going_on(place)) and not anew:
        return name
    if place.staging.exists():
        shutil.rmtree(place.staging)
    _make_parents(place, place.staging)
    place.staging.mkdir(mode=0o700)
    name = f"{place.run}-{secrets.token_hex(4)}" if place.run else ""
    if name:
        (place.staging / _RUN).write_text(name)
    return name


def judge(place: Place, document: Manifest, *, owners: bool) -> Comparison:
    """Hold what was read against the manifest; what differs stays to be looked at, and no run goes on with it."""
    found = compare(place, document, place.arrived, owners=owners)
    if found.differences and place.run:
        (place.staging / _RUN).unlink(missing_ok=True)
    return found


def put_all_in_place(places: Sequence[Place]) -> None:
    """Rename everything to where it belongs, and see it onto the disk."""
    for place in places:
        put_in_place(place)
    os.sync()


def put_in_place(place: Place) -> None:
    """Rename what was read to where it belongs; what is there already is renamed aside."""
    _make_parents(place, place.path)
    if _in_use(place.path):
        place.path.rename(_aside(place))
    elif place.path.is_dir():
        place.path.rmdir()
    place.arrived.rename(place.path)
    shutil.rmtree(place.staging)


def compare(place: Place, document: Manifest, there: Path, *, owners: bool) -> Comparison:
    """Hold what lies at `there` against the manifest: every entry, and for a database its own check and its rows."""
    source = place.source
    if source.kind == "dump":  # restic has checked each of its bytes; nothing else is known of it
        there_at_all = there.is_file() and there.stat().st_size > 0
        return Comparison(1, () if there_at_all else (f"{source.host}:{source.path}: missing or empty",), ())
    expected = [entry for entry in document.entries if manifest.holds(source, entry.host, entry.path, document)]
    found: dict[tuple[str, str], Entry] = {}
    faults: list[str] = []
    others = {
        str(PurePosixPath(other.path).relative_to(source.path))
        for other in document.sources
        if other is not source and other.host == source.host and manifest.below(other.path, source.path)
    }
    for found_at in manifest.walk(
        there,
        skip=lambda path: str(path.relative_to(there)) in others,
        refused=lambda error: faults.append(f"{error.filename}: {error.strerror}"),
    ):
        path = source.path if found_at == there else str(PurePosixPath(source.path) / found_at.relative_to(there))
        try:
            found[source.host, path] = manifest.describe(source.host, path, found_at)
        except OSError as error:
            faults.append(f"{source.host}:{path}: {error.strerror}")
    result = comparison.compare(expected, found, owners=owners)
    if source.kind == "sqlite" and not result.differences:
        faults += _database_faults(source, there)
    return Comparison(result.compared, (*result.differences, *faults), result.notes)


def _going_on(place: Place) -> str:
    try:
        name = (place.staging / _RUN).read_text()
    except OSError:
        return ""
    return name if place.run and name.rpartition("-")[0] == place.run else ""


def _database_faults(source: Source, database: Path) -> list[str]:
    name = f"{source.host}:{source.path}"
    if faults := sqlite.faults_of(database):
        return [f"{name}: {fault}" for fault in faults]
    try:
        rows = sqlite.row_counts(database)
    except SourceError as error:
        return [f"{name}: {error.message}"]
    tables = sorted(rows.keys() | source.tables.keys())
    return [
        f"{name}: table {table} has {rows.get(table, 'no')} rows, expected {source.tables.get(table, 'no')}"
        for table in tables
        if rows.get(table) != source.tables.get(table)
    ]


def _make_parents(place: Place, wanted: Path) -> None:
    """Make the folders above `wanted` that are missing, with the mode and owner they had."""
    for path, mode, uid, gid in place.source.parents:
        folder = real(place.root, path)
        if folder in wanted.parents and not folder.exists():
            folder.parent.mkdir(parents=True, exist_ok=True)
            folder.mkdir()
            folder.chmod(mode)
            if os.geteuid() == 0:
                os.chown(folder, uid, gid)
    wanted.parent.mkdir(parents=True, exist_ok=True)


def _in_use(path: Path) -> bool:
    if path.is_dir() and not path.is_symlink():
        return any(path.iterdir())
    return os.path.lexists(path)


def _aside(place: Place) -> Path:
    """Return a free name beside a place."""
    name = f"{place.path.name}.holdfast-replaced-{place.mark}"
    number = 1
    while os.path.lexists(place.path.with_name(f"{name}-{number}")):
        number += 1
    return place.path.with_name(f"{name}-{number}")
