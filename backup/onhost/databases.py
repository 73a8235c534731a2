"""Databases that are brought back: made beside, loaded, counted, and only then renamed into place."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from backup.errors import ManifestError, StorageError
from backup.onhost import postgresql
from backup.onhost.psql import MAINTENANCE, Session
from inventory import size

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,62}")
_MARK = re.compile(r"[0-9a-f]{8}")
_SPARE = 64 << 20
"""Bytes left free besides what is loaded, and a tenth of it: the server writes each change to its log too."""


@dataclass(frozen=True)
class Database:
    """A database of a manifest and the server it goes to: rows by table, and what it is besides (`postgresql.about`).

    `mark` is the backup's short id; `run` names the process that loads it, if it can be come back to; in the folder
    `state` is noted which database came from which backup.
    """

    host: str
    name: str
    mark: str
    state: str
    tables: Mapping[str, int] = field(default_factory=dict)
    about: Mapping[str, Any] = field(default_factory=dict)
    run: str = ""

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
        wanted = sum(int(one.about.get("size") or 0) for one in waiting if not _going_on(session, one))
        folder = Path(session.ask("show data_directory")[0])
    if os.access(folder, os.R_OK):
        free = shutil.disk_usage(folder).free
        if wanted and wanted + wanted // 10 + _SPARE > free:
            raise StorageError(
                f"the disk of {folder} has {size.show(free)} free; {size.show(wanted)} and some spare are needed",
                hint="make room there or name another target, then run the command again; nothing was written",
            )


def begin(one: Database, *, anew: bool = False) -> str:
    """Make an empty database beside, and return the whole name of the run that is to load it (see `landing.begin`)."""
    with Session(MAINTENANCE) as session:
        if (name := _going_on(session, one)) and not anew:
            return name
        one.note("run").unlink(missing_ok=True)
        postgresql.create(session, one.beside, one.about)
    name = f"{one.run}-{secrets.token_hex(4)}" if one.run else ""
    _note(one.note("run"), {"run": one.run, "name": name})
    return name


def judge(one: Database) -> list[str]:
    """Return how what was loaded differs from the manifest; then it stays to be looked at, and no run goes on."""
    found = postgresql.differences(one.beside, one.shown, one.tables)
    if found:
        one.note("run").unlink(missing_ok=True)
    return found


def put(waiting: Sequence[Database]) -> None:
    """Rename everything to where it belongs; first is noted which database it will be."""
    with Session(MAINTENANCE) as session:
        for one in waiting:
            _note(one.note("placed"), {"number": postgresql.number(session, one.beside), "mark": one.mark})
            postgresql.put(session, one.beside, one.name)
            one.note("run").unlink(missing_ok=True)


def give_up(waiting: Sequence[Database]) -> None:
    """Remove what was loaded so far."""
    with Session(MAINTENANCE) as session:
        for one in waiting:
            postgresql.drop(session, one.beside)
            one.note("run").unlink(missing_ok=True)


def newest(name: str, query: str) -> str | None:
    """Return what a canary query answers on a database."""
    with Session(name) as session:
        session.ask("set default_transaction_read_only to on")
        return postgresql.newest(session, query)


def _going_on(session: Session, one: Database) -> str:
    noted = _noted(one.note("run"))
    if not one.run or noted.get("run") != one.run or not postgresql.is_there(session, one.beside):
        return ""
    return str(noted["name"])


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
