"""Large things kept beside the ledger under the hash of their content, so that nobody can swap them unseen."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from ledger import durable
from ledger.errors import LedgerError

_NAME = re.compile(r"[0-9a-f]{64}")


class ObjectDamagedError(LedgerError):
    """An object's content is not what its name says (exit 3)."""


class Objects:
    """The objects of one state directory: `objects/ab/cdef…`, each file mode 0600."""

    def __init__(self, state_directory: Path) -> None:
        self._root = state_directory / "objects"

    def put(self, content: bytes) -> str:
        """Keep content and return its SHA-256 in hex; it is on disk when this returns.

        Raises:
            LedgerError: it could not be written.
        """
        name = hashlib.sha256(content).hexdigest()
        file = self.path(name)
        try:
            if file.exists() and hashlib.sha256(file.read_bytes()).hexdigest() == name:
                return name
            self._make_folder(file.parent)
            durable.write(file, content, mode=0o600)
        except OSError as error:
            raise LedgerError(
                f"object {name[:12]} could not be written: {error.strerror}",
                hint="make room on the disk of the state directory, then run the command again",
            ) from error
        return name

    def get(self, name: str) -> bytes:
        """Return an object's content, held against its name.

        Raises:
            ObjectDamagedError: the content was changed.
            LedgerError: there is no such object, or it cannot be read.
        """
        try:
            content = self.path(name).read_bytes()
        except FileNotFoundError as error:
            raise LedgerError(f"there is no object {name}", hint="bring it back from the ledger's own copy") from error
        except OSError as error:
            raise LedgerError(f"object {name} cannot be read: {error.strerror}") from error
        if hashlib.sha256(content).hexdigest() != name:
            raise ObjectDamagedError(
                f"object {name} was changed", hint="keep the file as it is, and bring back the ledger's own copy"
            )
        return content

    def path(self, name: str) -> Path:
        """Return where an object lies.

        Raises:
            LedgerError: the name is no SHA-256 in hex.
        """
        if not _NAME.fullmatch(name):
            raise LedgerError(f"{name[:80]!r} is not the name of an object", hint="objects are named by 64 hex digits")
        return self._root / name[:2] / name[2:]

    def _make_folder(self, folder: Path) -> None:
        """Make `objects/ab`, each new directory entry synced in its parent."""
        for directory in (self._root, folder):
            if not directory.exists():
                directory.mkdir(parents=True, exist_ok=True, mode=0o700)
                durable.sync_directory(directory.parent)
