"""Repositories held by a directory of this machine: a local vault, or a medium that is attached."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from backup import errors
from backup.holder import ID_LENGTH, Part
from backup.restic_command import Repository

MARKER = "holdfast-vault.json"
_NO_CONTENT = {"lost+found", MARKER}


@dataclass(frozen=True)
class Directory:
    """A `Holder`: one folder per system, and the marker beside them."""

    path: Path

    def __str__(self) -> str:
        return str(self.path)

    def repository(self, system: str, password: bytes) -> Repository:
        """Return a system's repository as restic is to use it."""
        return Repository(self.place(system), password)

    def place(self, system: str) -> str:
        """Return the path of a system's repository."""
        return str(self.path / system)

    def require(self, name: str, *, used: bool) -> None:
        """Prove that the directory is there.

        Raises:
            VaultMissingError: it is not.
        """
        if not self.path.is_dir():
            begin = f"mount it; for a new vault: mkdir -m 700 -p {self.path}"
            raise errors.VaultMissingError(
                f"the vault {name} is not at {self.path}", hint="mount it, then try again" if used else begin
            )

    def marker(self) -> str | None:
        """Return what its marker says, or None."""
        try:
            return (self.path / MARKER).read_text()
        except (OSError, ValueError):
            return None

    def begin(self, marker: str) -> None:
        """Write the marker."""
        (self.path / MARKER).write_text(marker)

    def strangers(self) -> list[str]:
        """Return the names of whatever lies in it besides the marker."""
        return sorted(entry.name for entry in self.path.iterdir() if entry.name not in _NO_CONTENT)

    def digest(self, system: str) -> str | None:
        """Return a repository's identity, or None."""
        return digest_of(self.path / system)

    def names(self, system: str, part: Part) -> list[str]:
        """Return the ids of a repository's snapshots or locks; a half-written one is none yet."""
        try:
            names = sorted(entry.name for entry in (self.path / system / part).iterdir())
        except OSError:
            return []
        return [name for name in names if len(name) == ID_LENGTH]

    def remove_lock(self, system: str, lock: str) -> None:
        """Remove one lock."""
        (self.path / system / "locks" / lock).unlink(missing_ok=True)

    def is_taken(self, system: str) -> bool:
        """Tell whether anything has a repository's name already."""
        return (self.path / system).exists()

    @contextmanager
    def nursery(self, system: str, spare: Path) -> Iterator[Path]:  # noqa: ARG002 - it must lie on the same disk
        """Give another name beside the right one; what a killed run left there is removed."""
        place = self.path / f".making-{system}"
        if place.exists():
            shutil.rmtree(place)
        yield place
        place.rename(self.path / system)

    def free(self) -> int | None:
        """Return the bytes that are free on its disk."""
        return shutil.disk_usage(self.path).free


def digest_of(repository: Path) -> str | None:
    """Return a repository's identity, SHA-256 of its config file (None: there is none)."""
    try:
        return hashlib.sha256((repository / "config").read_bytes()).hexdigest()
    except OSError:
        return None
