"""What was worked out from a site's files, kept until one of them changes.

It is never the truth: whatever is odd (a link, a program, a file just written, a cache that others may write to) means
that it is worked out anew. `inventory validate` never asks here.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from inventory.errors import HoldfastError

_FORM = 1
_MOST_FILES = 20_000
_YOUNG_NS = 2_000_000_000
"""A file changed so short before it was read may change again without a new time."""
_FOLDERS = ("inventory", "registers", "runbooks")
_PLAIN = (".yml", ".yaml", ".json")


class _OddError(Exception):
    """The files say too little about what would be read from them."""


def file_of(root: Path, environment: Mapping[str, str]) -> Path:
    """Return where things are kept for the site in `root`: in the user's own cache directory."""
    home = environment.get("XDG_CACHE_HOME") or str(Path(environment.get("HOME", "/")) / ".cache")
    return Path(home) / "holdfast" / f"{hashlib.sha256(os.fsencode(root)).hexdigest()[:32]}.json"


def fingerprint(root: Path, now: datetime, code: Path) -> str:
    """Return a digest of everything that tells one state of the files from another; empty if that cannot be told.

    It covers name, size, times, place on disk and mode of each file of the site, and of the code below `code`.
    """
    digest = hashlib.sha256(f"{_FORM} {sys.version} {root}".encode())
    try:
        for line in _seen(root, int(now.timestamp() * 1e9) - _YOUNG_NS):
            digest.update(line)
        for line in _code(code):
            digest.update(line)
    except (_OddError, OSError):
        return ""
    return digest.hexdigest()


def read(file: Path, mark: str) -> Any:
    """Return what was kept under a fingerprint, or None."""
    if not mark:
        return None
    try:
        with file.open("rb") as content:
            status = os.fstat(content.fileno())
            if status.st_uid != os.geteuid() or status.st_mode & 0o077:
                return None
            found = json.load(content)
        return found["content"] if found["mark"] == mark else None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def write(file: Path, mark: str, content: Any) -> None:
    """Keep something under a fingerprint, if it can be kept at all."""
    if not mark:
        return
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    with suppress(OSError, HoldfastError):
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        beside.touch(mode=0o600)
        beside.write_text(json.dumps({"mark": mark, "content": content}, separators=(",", ":")), encoding="utf-8")
        beside.replace(file)


def _seen(root: Path, settled_ns: int) -> Iterator[bytes]:
    count = 0
    with os.scandir(root) as entries:
        top = sorted((entry for entry in entries if entry.name.endswith((".yml", ".yaml"))), key=lambda one: one.name)
    for entry in top:
        yield _line(entry, settled_ns)
    waiting = [root / name for name in _FOLDERS if (root / name).exists()]
    while waiting:
        folder = waiting.pop()
        if folder.is_symlink():
            raise _OddError(folder)
        with os.scandir(folder) as entries:
            for entry in sorted(entries, key=lambda one: one.name):
                count += 1
                if count > _MOST_FILES or entry.is_symlink():
                    raise _OddError(entry.path)
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(Path(entry.path))
                elif not entry.name.endswith(_PLAIN) and "_vars" not in entry.path:
                    raise _OddError(entry.path)
                yield _line(entry, settled_ns)


def _line(entry: os.DirEntry[str], settled_ns: int) -> bytes:
    status = entry.stat(follow_symlinks=False)
    if stat.S_ISLNK(status.st_mode):
        raise _OddError(entry.path)
    changed = max(status.st_mtime_ns, status.st_ctime_ns)
    if changed > settled_ns or (stat.S_ISREG(status.st_mode) and status.st_mode & 0o111):
        raise _OddError(entry.path)
    numbers = (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_dev, status.st_mode)
    return f"{entry.path}\0{numbers}\n".encode(errors="surrogateescape")


def _code(code: Path) -> Iterator[bytes]:
    """Yield what tells one Holdfast from another: every module and data file that the answer comes from."""
    for folder in ("inventory", "inventory/policies", "incident", "incident/runbooks"):
        with os.scandir(code / folder) as entries:
            for entry in sorted(entries, key=lambda one: one.name):
                if entry.name.endswith((".py", ".yml")):
                    status = entry.stat()
                    yield f"{folder}/{entry.name} {status.st_size} {status.st_mtime_ns} {status.st_ino}\n".encode()
