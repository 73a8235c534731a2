"""A first site: small, valid, with every line explained."""

from __future__ import annotations

import json
import re
import secrets
from pathlib import Path
from string import Template

from inventory.errors import HoldfastError, RefusedError

_LONGEST_NAME = 50
CONTENT = Path(__file__).parent / "starter"
_FILES = {
    "holdfast.yml": "holdfast.yml",
    "people.yml": "people.yml",
    "inventory/example.yml": "inventory/example.yml",
    "gitignore": ".gitignore",
}


def make(directory: Path, *, name: str, login: str) -> list[Path]:
    """Write the starter site into a new or empty directory and return its files.

    Args:
        directory: the site to be; its last part becomes the site's id.
        name: how people call the site.
        login: who gets every working role.

    Raises:
        RefusedError: something is there already.
        HoldfastError: it cannot be written.
    """
    words = {"site": site_id(directory), "name": json.dumps(name, ensure_ascii=False), "login": json.dumps(login)}
    try:
        if directory.is_symlink() or (directory.exists() and (not directory.is_dir() or any(directory.iterdir()))):
            raise RefusedError(f"{directory} is not empty", hint="give a new directory; nothing was written")
        written = []
        for source, target in _FILES.items():
            file = directory / target
            file.parent.mkdir(parents=True, exist_ok=True)
            text = (CONTENT / source).read_text(encoding="utf-8")
            file.write_text(Template(text).substitute(words), encoding="utf-8")
            written.append(file)
    except OSError as error:
        raise HoldfastError(
            f"{directory} cannot be written: {error.strerror}", hint="give a directory that you may write"
        ) from error
    return written


def site_id(directory: Path) -> str:
    """Return a site id made from a directory's name and six random digits.

    The id names the state directory: two sites that people both call `site` must not share a ledger and keys.
    """
    words = re.sub(r"[^a-z0-9]+", "-", directory.resolve().name.lower()).strip("-")
    return f"{words[:_LONGEST_NAME].rstrip('-') or 'site'}-{secrets.token_hex(3)}"
