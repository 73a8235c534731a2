"""What restic is to be told: arguments in, a command out. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

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
    server's certificate is checked against `ca` (PEM; empty: those the machine trusts), which is the content of
    `ca_file` of this machine.
    """

    location: str
    password: bytes = field(repr=False)
    login: Login | None = None
    ca: bytes = field(default=b"", repr=False)
    ca_file: Path | None = None


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
    where, secrets = _opening(repository, "")
    if repository.ca:
        where, secrets = (*where, "--cacert", "{secret:ca}"), {**secrets, "ca": repository.ca}
    return Command((program.path, *where, *arguments), env=program.environment, secrets=secrets)


def _from(program: Program, target: Repository, source: Repository, command: str, *arguments: str) -> Command:
    """Name two repositories, on this machine. restic reads one file of certificates for both, twice: no pipe will do.

    Raises:
        ValueError: both are a server's, each with certificates of its own.
    """
    files = {repository.ca_file for repository in (target, source) if repository.ca_file is not None}
    if len(files) > 1:
        raise ValueError("restic takes one file of certificates")
    origin, secrets = _opening(source, "from-")
    there, opens = _opening(target, "")
    trust = [word for file in files for word in ("--cacert", str(file))]
    argv = (program.path, *there, *trust, command, *origin, *arguments)
    return Command(argv, env=program.environment, secrets={**opens, **secrets})


def _opening(repository: Repository, which: str) -> tuple[tuple[str, ...], dict[str, bytes]]:
    """Return the options that name a repository and what opens it; a login goes the way of a password, by a pipe."""
    password, address = f"{which}password", f"{which}address"
    options = (f"--{which}password-file", f"{{secret:{password}}}")
    if repository.login is None:
        return (f"--{which}repo", repository.location, *options), {password: repository.password}
    secrets = {password: repository.password, address: _with_login(repository.location, repository.login)}
    return (f"--{which}repository-file", f"{{secret:{address}}}", *options), secrets


def _with_login(location: str, login: Login) -> bytes:
    scheme, slashes, rest = location.partition("://")
    return f"{scheme}{slashes}{quote(login.user, safe='')}:{quote(login.password, safe='')}@{rest}".encode()
