"""Which files Ansible reads of an inventory: the sources themselves, and the variables beside them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

VarsDirectory = Literal["group_vars", "host_vars"]
VARS_DIRECTORIES: tuple[VarsDirectory, ...] = ("group_vars", "host_vars")
EXTENSIONS = (".yml", ".yaml", ".json")
_IGNORED_ENDS = (".pyc", ".pyo", ".swp", ".bak", "~", ".rpm", ".md", ".txt", ".rst", ".orig", ".cfg", ".retry")
_IGNORED_NAMES = (*VARS_DIRECTORIES, "vars_plugins")

Kind = Literal["yaml", "maybe", "static", "dynamic"]
"""Who reads a file: we; we, if it is YAML after all; Ansible; Ansible, and it may hear something new each time."""


@dataclass(frozen=True)
class Source:
    """One inventory file that Ansible reads."""

    file: Path
    kind: Kind


def files(source: Path, above: frozenset[Path] = frozenset()) -> Iterator[Source]:
    """Yield the inventory files of a source (a file, or a directory with those below it) in Ansible's order.

    Left out, as Ansible does by default: hidden files, variables' directories, and names that end like a backup,
    a note or a configuration (`~`, `.orig`, `.md`, `.txt`, `.cfg`, …). `above` are the directories it lies in: a link
    back into one of them is not followed.
    """
    if not source.is_dir():
        yield Source(source, _kind(source))
        return
    here = source.resolve()
    if here in above:
        return
    for entry in sorted(source.iterdir(), key=lambda entry: entry.name):
        if not (entry.name.startswith(".") or entry.name in _IGNORED_NAMES or entry.name.endswith(_IGNORED_ENDS)):
            yield from files(entry, above | {here})


def _kind(file: Path) -> Kind:
    is_yaml = file.suffix in EXTENSIONS
    if file.exists() and not file.is_file():
        return "yaml"  # a pipe or a device: our reader refuses it, Ansible would wait for it
    if os.access(file, os.X_OK) and not (is_yaml and not _is_program(file)):
        return "dynamic"
    if is_yaml:
        return "yaml"
    return "static" if file.suffix else "maybe"


def _is_program(file: Path) -> bool:
    """Tell whether a file could be run: on some file systems everything carries the mark of a program."""
    try:
        with file.open("rb") as content:
            return content.read(4).startswith((b"#!", b"\x7fELF"))
    except OSError:
        return False


class Beside:
    """The files of variables that lie beside the sources, looked up by group or host."""

    def __init__(self, sources: Sequence[Path], directory: VarsDirectory) -> None:
        places = [base(source) / directory for source in sources]
        self._places = [(place, _names(place)) for place in places]

    def files(self, name: str) -> list[list[Path]]:
        """Return for each source the files Ansible reads for a group or host, in the order they count.

        The first of `name`, `name.yml`, `name.yaml`, `name.json` that is there is taken, be it a directory.
        """
        return [self._one(place, names, name) if names else [] for place, names in self._places]

    def _one(self, place: Path, names: set[str], name: str) -> list[Path]:
        entry = next((name + end for end in ("", *EXTENSIONS) if name + end in names), None)
        if entry is None:
            return []
        return list(_directory(place / entry)) if (place / entry).is_dir() else [place / entry]

    def names(self) -> dict[str, Path]:
        """Return every group or host that variables are written for."""
        return {
            entry.removesuffix(suffix) if (suffix := Path(entry).suffix) in EXTENSIONS else entry: place / entry
            for place, names in self._places
            for entry in sorted(names)
            if not entry.startswith(".") and not entry.endswith("~")
        }


def _names(place: Path) -> set[str]:
    try:
        return {entry.name for entry in place.iterdir()}
    except OSError:
        return set()


def base(source: Path) -> Path:
    """Return the directory beside which the variables of a source lie."""
    return source if source.is_dir() else source.parent


def _directory(directory: Path) -> Iterator[Path]:
    for entry in sorted(directory.iterdir(), key=lambda entry: entry.name):
        if entry.name.startswith(".") or entry.name.endswith("~"):
            continue
        if entry.is_dir() and not entry.suffix:
            yield from _directory(entry)
        elif entry.is_file() and entry.suffix in ("", *EXTENSIONS):
            yield entry


def influences(sources: Sequence[Path]) -> Iterator[Path]:
    """Yield every file that can change what Ansible makes of `sources`."""
    for source in sources:
        if source.is_dir():
            yield from below(source)
            continue
        yield source
        for directory in VARS_DIRECTORIES:
            yield from below(source.parent / directory)


def below(directory: Path) -> Iterator[Path]:
    """Yield every file below a directory, through links too, each directory once."""
    seen: set[str] = set()
    for place, folders, files in os.walk(directory, followlinks=True):
        real = os.path.realpath(place)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders.sort()
        yield from (Path(place) / name for name in sorted(files))


def digest(sources: Sequence[Path], salt: Iterable[str] = ()) -> str:
    """Return a hash of everything that can change what Ansible makes of `sources`: names, modes, contents."""
    found = hashlib.sha256("\0".join(salt).encode())
    for source in sources:
        found.update(f"\0{source}\0".encode(errors="surrogateescape"))
    for path in influences(sources):
        executable = os.access(path, os.X_OK)
        inside = _inside(path)
        found.update(f"{path}\0{executable}\0{inside}\n".encode(errors="surrogateescape"))
    return found.hexdigest()


def _inside(path: Path) -> str:
    if path.exists() and not path.is_file():
        return "no regular file"  # never opened: a pipe would be waited for
    try:
        with path.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()
    except OSError as error:
        return f"unreadable {error.errno}"
