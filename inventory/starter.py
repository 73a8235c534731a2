"""A first site: a small one with every line explained, or the sample province; valid as it is written."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from string import Template
from typing import Literal

from inventory.errors import HoldfastError, RefusedError

_LONGEST_NAME = 50
Kind = Literal["starter", "sample"]
_AS_IT_IS = ("inventory",)
"""The folders whose files are copied; the others have places for the site's id and name, a login, and days."""
_AHEAD, _BACK = (4, 7, 11, 14, 90), (7, 30, 60, 72, 100)


def content(kind: Kind) -> Path:
    """Return the directory that holds a first site's files."""
    return Path(__file__).parent / kind


def make(directory: Path, *, name: str, login: str, kind: Kind = "starter", today: date | None = None) -> list[Path]:
    """Write a first site into a new or empty directory and return its files.

    Args:
        directory: the site to be; its last part becomes the site's id.
        name: how people call the site.
        login: who gets every working role.
        kind: `starter` has one system, `sample` every system of an invented province.
        today: the day the sample's duty roster, training and inspections are dated by.

    Raises:
        RefusedError: something is there already.
        HoldfastError: it cannot be written.
    """
    return write(directory, texts(directory, name=name, login=login, kind=kind, today=today))


def texts(
    directory: Path, *, name: str, login: str, kind: Kind = "starter", today: date | None = None
) -> dict[str, str]:
    """Return the files of a first site: their text by their path in the site."""
    words = {"site": site_id(directory), "name": json.dumps(name, ensure_ascii=False), "login": json.dumps(login)}
    words |= _days(today) if today is not None else {}
    found = {}
    for source in sorted(file for file in content(kind).rglob("*") if file.is_file()):
        text = source.read_text(encoding="utf-8")
        target = source.relative_to(content(kind))
        filled = text if target.parts[0] in _AS_IT_IS else Template(text).substitute(words)
        found[str(target).replace("gitignore", ".gitignore")] = filled
    return found


def _days(today: date) -> dict[str, str]:
    """Return the days the sample speaks of, by the names they have there."""
    ahead = {f"in_{days}": str(today + timedelta(days)) for days in _AHEAD}
    return {"today": str(today)} | ahead | {f"ago_{days}": str(today - timedelta(days)) for days in _BACK}


def write(directory: Path, files: Mapping[str, str]) -> list[Path]:
    """Write files into a new or empty directory and return their paths.

    Raises:
        RefusedError: something is there already.
        HoldfastError: they cannot be written.
    """
    try:
        require_empty(directory)
        written = []
        for target, text in files.items():
            file = directory / target
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
            written.append(file)
    except OSError as error:
        raise HoldfastError(
            f"{directory} cannot be written: {error.strerror}", hint="give a directory that you may write"
        ) from error
    return written


def require_empty(directory: Path) -> None:
    """Refuse a place that holds something.

    Raises:
        RefusedError: it does.
        OSError: nobody can look.
    """
    if directory.is_symlink() or (directory.exists() and (not directory.is_dir() or any(directory.iterdir()))):
        raise RefusedError(f"{directory} is not empty", hint="give a new directory; nothing was written")


def site_id(directory: Path) -> str:
    """Return a site id made from a directory's name and six random digits.

    The id names the state directory: two sites that people both call `site` must not share a ledger and keys.
    """
    words = re.sub(r"[^a-z0-9]+", "-", directory.resolve().name.lower()).strip("-")
    return f"{words[:_LONGEST_NAME].rstrip('-') or 'site'}-{secrets.token_hex(3)}"
