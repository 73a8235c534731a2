"""What restic is to be told: arguments in, a command out. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from inventory.reach import Command

_LOCK_PATIENCE = "15s"
_GLOB = str.maketrans({char: "\\" + char for char in "*?[]\\"})


@dataclass(frozen=True)
class Repository:
    """One repository and the password that opens it."""

    path: Path
    password: bytes = field(repr=False)


@dataclass(frozen=True)
class Program:
    """Which restic to run, and where it may keep its cache."""

    path: str
    cache: Path

    @property
    def environment(self) -> Mapping[str, str]:
        """Return all restic is told besides its arguments."""
        return {"RESTIC_CACHE_DIR": str(self.cache), "RESTIC_PROGRESS_FPS": "2"}


def version(program: Program) -> Command:
    """Ask which version it is."""
    return Command((program.path, "version", "--json"), env=program.environment, limit=30)


def init(program: Program, new: Repository, *, like: Repository | None = None) -> Command:
    """Make a repository; `like` gives the chunker parameters, so that copies between the two share data."""
    if like is None:
        return _on(program, new, "init", "--json")
    return _from(program, new, like, "init", "--json", "--copy-chunker-params")


def backup(
    program: Program,
    repository: Repository,
    paths: Sequence[Path],
    *,
    host: str,
    tags: Sequence[str],
    exclude: Path | None = None,
) -> Command:
    """Take one snapshot of `paths` without what the patterns in the file `exclude` mean."""
    options = ["backup", "--json", "--host", host]
    for tag in tags:
        options += ["--tag", tag]
    if exclude is not None:
        options += ["--exclude-file", str(exclude)]
    return _on(program, repository, *options, "--", *map(str, paths))


def snapshots(program: Program, repository: Repository) -> Command:
    """List the snapshots."""
    return _on(program, repository, "snapshots", "--json", "--no-lock")


def check(program: Program, repository: Repository, *, read_data: bool) -> Command:
    """Check a repository: its structure, and with `read_data` every byte of it.

    As text: restic shows no progress of a check with --json.
    """
    options = ("--read-data",) if read_data else ()
    return _on(program, repository, "check", "--retry-lock", _LOCK_PATIENCE, *options)


def copy(program: Program, source: Repository, target: Repository, ids: Sequence[str]) -> Command:
    """Copy snapshots from one repository to another. restic answers as text only."""
    return _from(program, target, source, "copy", "--", *ids)


def restore(program: Program, repository: Repository, snapshot: str, path: str, target: Path) -> Command:
    """Bring back one file or folder of a snapshot, by its path there, into `target` under its own last name."""
    folder, _, name = path.rpartition("/")
    return _on(
        program,
        repository,
        *("restore", "--json", "--no-lock", "--target", str(target), "--include", "/" + name.translate(_GLOB)),
        *("--", f"{snapshot}:{folder or '/'}"),
    )


def dump(program: Program, repository: Repository, snapshot: str, path: str) -> Command:
    """Print one text file of a snapshot."""
    return _on(program, repository, "dump", "--no-lock", "--", snapshot, path)


def cat_lock(program: Program, repository: Repository, lock: str) -> Command:
    """Print one lock."""
    return _on(program, repository, "cat", "--no-lock", "lock", lock)


def literal(path: str) -> str:
    """Return a line for an exclude file that means this path; white space is matched by `?`, as restic trims lines."""
    return re.sub(r"\s", "?", path.translate(_GLOB)).replace("$", "$$")


def _on(program: Program, repository: Repository, *arguments: str) -> Command:
    return Command(
        (program.path, "-r", str(repository.path), "--password-file", "{secret:password}", *arguments),
        env=program.environment,
        secrets={"password": repository.password},
    )


def _from(program: Program, target: Repository, source: Repository, command: str, *arguments: str) -> Command:
    origin = ("--from-repo", str(source.path), "--from-password-file", "{secret:from}")
    plain = _on(program, target, command, *origin, *arguments)
    return Command(plain.argv, env=plain.env, secrets={**plain.secrets, "from": source.password})
