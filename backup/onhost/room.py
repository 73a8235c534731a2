"""Room on the target of a restore: asked for before anything is written, and what to do when it runs out midway."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from backup import manifest
from backup.errors import StorageError
from backup.manifest import Manifest
from backup.onhost import landing
from backup.onhost.landing import Place
from inventory import size

_BLOCK = 4096
_SPARE = 1 << 20
"""Bytes left free besides what is restored, and one percent of it: folders and the file system's own lists."""
_FAULTS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO)
"""What a target answers that can take no more; such an end says nothing about the copy."""


def make_ready(waiting: Sequence[Place], document: Manifest) -> list[str]:
    """Look that everything can be written, and make the folders to read into; what a killed restore left is removed.

    What a run that can be come back to has begun stays, and needs no more room. Returns `landing.begin` of each place.

    Raises:
        StorageError: a target's disk has no room; nothing was written.
    """
    fresh = [place for place in waiting if not landing.goes_on(place)]
    landing.clear(fresh)
    require(fresh, document)
    return [landing.begin(place) for place in waiting]


def require(waiting: Sequence[Place], document: Manifest) -> None:
    """Refuse before anything is written if a target's disk has no room for what goes there.

    Raises:
        StorageError: it names the folder, the bytes needed and the bytes free.
    """
    asked: dict[int, tuple[Path, int]] = {}
    for place in waiting:
        folder = _standing(place.beside)
        device = folder.stat().st_dev
        first, wanted = asked.get(device, (folder, 0))
        asked[device] = first, wanted + needed(place, document)
    for folder, wanted in asked.values():
        free = shutil.disk_usage(folder).free
        if wanted + wanted // 100 + _SPARE > free:
            raise StorageError(
                f"the disk of {folder} has {size.show(free)} free; {size.show(wanted)} and some spare are needed",
                hint="make room there or name another target, then run the command again; nothing was written",
            )


def needed(place: Place, document: Manifest) -> int:
    """Return how many bytes of disk a source takes, in whole blocks."""
    own = (entry for entry in document.entries if manifest.holds(place.source, entry.host, entry.path, document))
    return sum(_BLOCK * (1 + (entry.size - 1) // _BLOCK) if entry.size else _BLOCK for entry in own)


def fault_of_target(problems: Sequence[str], staging: Path) -> OSError | None:
    """Return the fault of the folder that was written to, if restic's complaints name one."""
    for problem in problems:
        for number in _FAULTS:
            if str(staging) in problem and problem.lower().endswith(os.strerror(number).lower()):
                return OSError(number, os.strerror(number), str(staging))
    return None


@contextmanager
def giving_up(waiting: Sequence[Place]) -> Iterator[None]:
    """If the target can take no more during the block, remove what was read so far and say so.

    Raises:
        StorageError: that happened; the copy was not judged.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _FAULTS:
            raise
        partial = [place.staging for place in waiting if place.staging.exists()]
        landing.clear(waiting)
        left = [str(path) for path in partial if path.exists()]
        fate = f"these are still there: {', '.join(left)}" if left else "the partial data was removed"
        raise StorageError(
            f"the target cannot take the data: {error.strerror} ({error.filename}); {fate}",
            hint="make room there or name another target, then run the command again; nothing speaks against the copy",
        ) from error


def _standing(path: Path) -> Path:
    """Return the nearest folder above that is there."""
    return next(folder for folder in (path, *path.parents) if folder.exists())
