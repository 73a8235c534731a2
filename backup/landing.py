"""Put restored data in place: read beside it, compare, rename. Nothing that is there is ever lost."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from backup import databases, manifest
from backup.errors import SourceError, TargetInUseError
from backup.manifest import Comparison, Entry, Manifest, Source
from inventory import reach
from inventory.errors import UsageError
from inventory.system import Host


@dataclass(frozen=True)
class Place:
    """Where one source of a snapshot goes.

    It is read into a folder `beside` its place first, on the same file system; `mark` (the snapshot's short id) is part
    of that folder's name, so that a repeated run finds what a killed one left.
    """

    source: Source
    host: Host
    path: Path
    beside: Path
    mark: str

    @property
    def staging(self) -> Path:
        """Return the folder it is read into."""
        own = hashlib.sha256(f"{self.source.host}:{self.source.path}".encode("utf-8", "surrogateescape")).hexdigest()
        return self.beside / f".holdfast-restore-{self.mark}-{own[:8]}"

    @property
    def arrived(self) -> Path:
        """Return where it lies once it was read, before it is put in place."""
        return self.staging / Path(self.source.stored).name


def places(document: Manifest, targets: Mapping[str, Host], mark: str) -> list[Place]:
    """Return where each source goes: files first, so that a database inside them lands in folders that are there.

    Raises:
        UsageError: a host of the snapshot has no target.
    """
    found: list[Place] = []
    for source in sorted(document.sources, key=lambda source: (source.kind != "files", source.path)):
        if source.host not in targets:
            raise UsageError(
                f"the snapshot holds data of {source.host}, which has no target", hint="name a target for each host"
            )
        host = targets[source.host]
        reach.require_local(host)
        path = Path(host.path(source.path))
        above = [other.path for other in found if other.path in path.parents]
        found.append(Place(source, host, path, (above[0] if above else path).parent, mark))
    return found


def already_there(place: Place, document: Manifest, *, owners: bool) -> bool:
    """Tell whether exactly this is in place already, so that a restore that broke off can go on."""
    if not place.path.exists():
        return False
    return not compare(place, document, place.path, owners=owners).differences


def require_free(places: Sequence[Place], *, overwrite: bool) -> None:
    """Refuse before anything is written if something would be overwritten.

    Raises:
        TargetInUseError: it names what is there.
    """
    taken = [place for place in places if _in_use(place.path)]
    if taken and not overwrite:
        names = ", ".join(f"{place.host.name}:{place.source.path}" for place in taken)
        raise TargetInUseError(
            f"there is data already at {names}",
            hint="restore to an empty place, or move what is there away; it is never overwritten",
        )


def clear(places: Sequence[Place]) -> None:
    """Remove what a restore that broke off left beside the places, as far as the disk lets us."""
    for place in places:
        shutil.rmtree(place.staging, ignore_errors=True)


def begin(place: Place) -> None:
    """Make an empty folder to read into; what a killed restore left there is removed."""
    if place.staging.exists():
        shutil.rmtree(place.staging)
    _make_parents(place, place.staging)
    place.staging.mkdir(mode=0o700)


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
    expected = [entry for entry in document.entries if manifest.holds(source, entry.host, entry.path, document)]
    found: dict[tuple[str, str], Entry] = {}
    faults: list[str] = []
    others = {
        str(PurePosixPath(other.path).relative_to(source.path))
        for other in document.sources
        if other is not source and other.host == source.host and manifest.below(other.path, source.path)
    }
    for real in manifest.walk(
        there,
        skip=lambda real: str(real.relative_to(there)) in others,
        refused=lambda error: faults.append(f"{error.filename}: {error.strerror}"),
    ):
        path = source.path if real == there else str(PurePosixPath(source.path) / real.relative_to(there))
        try:
            found[source.host, path] = manifest.describe(source.host, path, real)
        except OSError as error:
            faults.append(f"{source.host}:{path}: {error.strerror}")
    result = manifest.compare(expected, found, owners=owners)
    if source.kind == "sqlite" and not result.differences:
        faults += _database_faults(source, there)
    return Comparison(result.compared, (*result.differences, *faults), result.notes)


def _database_faults(source: Source, database: Path) -> list[str]:
    name = f"{source.host}:{source.path}"
    if faults := databases.faults_of(database):
        return [f"{name}: {fault}" for fault in faults]
    try:
        rows = databases.row_counts(database)
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
        real = Path(place.host.path(path))
        if real in wanted.parents and not real.exists():
            real.parent.mkdir(parents=True, exist_ok=True)
            real.mkdir()
            real.chmod(mode)
            if os.geteuid() == 0:
                os.chown(real, uid, gid)
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
