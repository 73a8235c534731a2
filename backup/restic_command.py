"""What restic is to be told: arguments in, a command out. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from inventory.reach import Command

_LOCK_PATIENCE = "15s"
_GLOB = str.maketrans({char: "\\" + char for char in "*?[]\\"})


@dataclass(frozen=True)
class Login:
    """Who we are to a server that holds repositories."""

    user: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class Repository:
    """One repository as one restic is to use it, and what opens it.

    `location` is a directory, or `rest:` and an address without any secret, for which `login` lets us in; the
    server's certificate is checked against those in `ca_file`, or in `ca` (PEM) on a host that lacks the file.
    """

    location: str
    password: bytes = field(repr=False)
    login: Login | None = None
    ca_file: Path | None = None
    ca: bytes = field(default=b"", repr=False)


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


def backup_output(
    program: Program, repository: Repository, name: str, argv: Sequence[str], *, host: str, tags: Sequence[str]
) -> Command:
    """Take one snapshot of what a program writes, as the file `/name`."""
    options = ["backup", "--json", "--host", host]
    for tag in tags:
        options += ["--tag", tag]
    options += ["--stdin-filename", f"/{name}", "--stdin-from-command"]
    return _on(program, repository, *options, "--", *argv)


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


def _on(program: Program, repository: Repository, *arguments: str) -> Command:
    trust, certificates = _trust(repository)
    return Command(
        (program.path, "-r", repository.location, "--password-file", "{secret:password}", *trust, *arguments),
        env={**program.environment, **_login(repository)},
        secrets={"password": repository.password, **certificates},
    )


def _from(program: Program, target: Repository, source: Repository, command: str, *arguments: str) -> Command:
    """Name two repositories. restic has one login and one trust for both, so only one of them may be a server's."""
    assert None in (target.login, source.login), "restic takes one login for both repositories"
    trust, certificates = _trust(source)
    origin = ("--from-repo", source.location, "--from-password-file", "{secret:from}", *trust)
    plain = _on(program, target, command, *origin, *arguments)
    secrets = {**plain.secrets, "from": source.password, **certificates}
    return Command(plain.argv, env={**plain.env, **_login(source)}, secrets=secrets)


def _trust(repository: Repository) -> tuple[tuple[str, ...], Mapping[str, bytes]]:
    if repository.ca_file is not None:
        return ("--cacert", str(repository.ca_file)), {}
    return (("--cacert", "{secret:ca}"), {"ca": repository.ca}) if repository.ca else ((), {})


def _login(repository: Repository) -> Mapping[str, str]:
    if repository.login is None:
        return {}
    return {"RESTIC_REST_USERNAME": repository.login.user, "RESTIC_REST_PASSWORD": repository.login.password}
