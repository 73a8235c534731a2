"""Large things kept beside the ledger under the hash of their content, so that nobody can swap them unseen.

A record refers to an object by its name in a field `object`, or in a list `objects`, anywhere in its body. An object
can be erased by law: its content goes, a tombstone with its hash stays, and a record says who, why and by whose leave.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ledger import durable
from ledger.errors import LedgerError

_NAME = re.compile(r"[0-9a-f]{64}")
_TOMBSTONE = ".erased"
_AT_ONCE = 1 << 20


class ObjectDamagedError(LedgerError):
    """An object's content is not what its name says (exit 3)."""


class ObjectErasedError(LedgerError):
    """An object was erased by law (exit 3)."""


class Objects:
    """The objects of one state directory: `objects/ab/cdef…`, each file mode 0600."""

    def __init__(self, state_directory: Path) -> None:
        self.root = state_directory / "objects"

    def put(self, content: bytes) -> str:
        """Keep content and return its SHA-256 in hex; it is on disk when this returns.

        Raises:
            ObjectErasedError: this very content was erased by law.
            LedgerError: it could not be written.
        """
        name = hashlib.sha256(content).hexdigest()
        file = self.path(name)
        self._refuse_erased(name)
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
            ObjectErasedError: it was erased by law.
            ObjectDamagedError: the content was changed.
            LedgerError: there is no such object, or it cannot be read.
        """
        try:
            content = self.path(name).read_bytes()
        except FileNotFoundError as error:
            self._refuse_erased(name)
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
        return self.root / name[:2] / name[2:]

    def tombstone(self, name: str) -> Mapping[str, Any] | None:
        """Return what stays of an object erased by law: `object`, `reason`, `by`, `approved_by`, `at`; or None."""
        try:
            return dict(json.loads(self.tombstone_file(name).read_bytes()))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError, TypeError):
            return {}

    def is_whole(self, name: str) -> bool | None:
        """Tell whether an object's content is what its name says; None if there is none."""
        digest = hashlib.sha256()
        try:
            with self.path(name).open("rb") as file:
                while part := file.read(_AT_ONCE):
                    digest.update(part)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise LedgerError(f"object {name} cannot be read: {error.strerror}") from error
        return digest.hexdigest() == name

    def names(self) -> Iterator[str]:
        """Yield the names of the objects that are there, in order; files that are none are passed over."""
        for file in sorted(self.root.glob("??/*")):
            name = file.parent.name + file.name
            if _NAME.fullmatch(name):
                yield name

    def tombstones(self) -> Iterator[str]:
        """Yield the names of the objects that have a tombstone."""
        for file in self.root.glob(f"??/*{_TOMBSTONE}"):
            name = file.parent.name + file.name.removesuffix(_TOMBSTONE)
            if _NAME.fullmatch(name):
                yield name

    def erase(self, name: str, tombstone: Mapping[str, Any]) -> None:
        """Overwrite and remove an object and leave a tombstone; done twice, it is done once.

        Raises:
            LedgerError: it could not be done; done again, it goes on.
        """
        file = self.path(name)
        try:
            self._make_folder(file.parent)
            durable.write(
                self.tombstone_file(name), (json.dumps(dict(tombstone), indent=2) + "\n").encode(), mode=0o600
            )
            if file.exists():
                _overwrite(file)
                file.unlink()
            durable.sync_directory(file.parent)
        except OSError as error:
            raise LedgerError(
                f"object {name[:12]} could not be erased: {error.strerror}",
                hint="the erasure is on record; run the same command again to finish it",
            ) from error

    def _refuse_erased(self, name: str) -> None:
        if (tombstone := self.tombstone(name)) is not None:
            reason = tombstone.get("reason", "its tombstone cannot be read")
            raise ObjectErasedError(
                f"object {name[:12]} was erased by law: {reason}", hint="holdfast ledger show --kind object.erased"
            )

    def tombstone_file(self, name: str) -> Path:
        """Return where an object's tombstone lies."""
        file = self.path(name)
        return file.with_name(file.name + _TOMBSTONE)

    def _make_folder(self, folder: Path) -> None:
        """Make `objects/ab`, each new directory entry synced in its parent."""
        for directory in (self.root, folder):
            if not directory.exists():
                directory.mkdir(parents=True, exist_ok=True, mode=0o700)
                durable.sync_directory(directory.parent)


def referred(body: Any) -> Iterator[str]:
    """Yield the names of the objects that a record's body refers to."""
    match body:
        case Mapping():
            for key, value in body.items():
                if key in ("object", "objects"):
                    values = value if isinstance(value, list) else [value]
                    yield from (name for name in values if isinstance(name, str) and _NAME.fullmatch(name))
                yield from referred(value)
        case list():
            for value in body:
                yield from referred(value)
        case _:
            return


def _overwrite(file: Path) -> None:
    """Write zeros over a file: where the file system writes in place, nothing of it is left."""
    with file.open("r+b", buffering=0) as stream:
        left = file.stat().st_size
        while left > 0:
            left -= stream.write(bytes(min(left, _AT_ONCE))) or 0
        os.fsync(stream.fileno())
