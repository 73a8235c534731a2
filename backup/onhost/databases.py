"""Databases that are brought back: made beside, loaded, counted, and only then renamed into place."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from backup.errors import ManifestError, StorageError
from backup.onhost import dumping, postgresql
from backup.onhost.psql import MAINTENANCE, Session
from inventory import size

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,62}")
_MARK = re.compile(r"[0-9a-f]{8}")
_SPARE = 64 << 20
"""Bytes left free besides what is loaded, and a tenth of it: the server writes each change to its log too."""


@dataclass(frozen=True)
class Database:
    """A database of a manifest and the server it goes to: rows by table, and what it is besides (`postgresql.about`).

    `mark` is the backup's short id; in the folder `state` is noted which database came from which backup.
    """

    host: str
    name: str
    mark: str
    state: str
    tables: Mapping[str, int] = field(default_factory=dict)
    about: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name) or not _MARK.fullmatch(self.mark):
            raise ManifestError(f"{self.name!r} is no database's name", hint="choose another snapshot")

    @property
    def beside(self) -> str:
        """Return the name it has until it was compared."""
        return postgresql.beside(self.name, self.mark)

    @property
    def shown(self) -> str:
        """Return what people call it."""
        return f"{self.host}:postgresql:{self.name}"

    def note(self, ending: str) -> Path:
        """Return where something about it is noted."""
        return Path(self.state) / "databases" / f"{self.name}.{ending}"


def is_in_place(one: Database) -> bool:
    """Tell whether exactly this was put in place already, so that a restore that broke off can go on."""
    with Session(MAINTENANCE) as session:
        number = postgresql.number(session, one.name)
    noted = _noted(one.note("placed"))
    if not number or (noted.get("number"), noted.get("mark")) != (number, one.mark):
        return False
    return not postgresql.differences(one.name, one.shown, one.tables)


def make_ready(waiting: Sequence[Database], *, overwrite: bool) -> None:
    """Refuse before anything is written if something would be replaced, or there is no room.

    Raises:
        TargetInUseError, StorageError: that is so.
    """
    with Session(MAINTENANCE) as session:
        postgresql.require_free(session, [one.name for one in waiting], waiting[0].host, overwrite=overwrite)
        sizes = [int(one.about.get("size") or 0) - postgresql.bytes_of(session, one.beside) for one in waiting]
        wanted = sum(max(0, each) for each in sizes)  # what a load that still runs has written needs no more room
        folder = Path(session.ask("show data_directory")[0])
    if os.access(folder, os.R_OK):
        free = shutil.disk_usage(folder).free
        if wanted and wanted + wanted // 10 + _SPARE > free:
            raise StorageError(
                f"the disk of {folder} has {size.show(free)} free; {size.show(wanted)} and some spare are needed",
                hint="make room there or name another target, then run the command again; nothing was written",
            )


def load(one: Database, roles_reader: Sequence[str], reader: Sequence[str]) -> dict[str, Any]:
    """Make the roles that are missing, an empty database beside, load it, and count.

    The readers are calls of restic that write dumps to their output; that of the roles may be empty. Returns how what
    was loaded differs from the manifest, and how restic ended (`reader`, 0 if well) with its last words (`said`).

    Raises:
        SourceError: PostgreSQL says no.
    """
    roles: dict[str, Any] = {"reader": 0}

    def ready() -> bool:
        if roles_reader:
            roles.update(dumping.load_roles(roles_reader))
        if roles["reader"]:
            return False
        with Session(MAINTENANCE) as session:
            postgresql.create(session, one.beside, one.about)
        return True

    found = dumping.load(one.beside, reader, ready)
    if roles["reader"]:
        found = {"reader": roles["reader"], "said": roles["said"]}
    if found["reader"]:
        return {**found, "differences": []}
    return {**found, "differences": postgresql.differences(one.beside, one.shown, one.tables)}


def put(waiting: Sequence[Database]) -> None:
    """Rename everything to where it belongs; first is noted which database it will be."""
    with Session(MAINTENANCE) as session:
        for one in waiting:
            _note(one.note("placed"), {"number": postgresql.number(session, one.beside), "mark": one.mark})
            postgresql.put(session, one.beside, one.name)


def newest(name: str, query: str) -> str | None:
    """Return what a canary query answers on a database."""
    with Session(name) as session:
        session.ask("set default_transaction_read_only to on")
        return postgresql.newest(session, query)


def _noted(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _note(file: Path, content: Mapping[str, Any]) -> None:
    """Write a note, on the disk when this returns."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with file.with_suffix(".new").open("w") as new:
        json.dump(content, new)
        new.flush()
        os.fsync(new.fileno())
    file.with_suffix(".new").replace(file)
