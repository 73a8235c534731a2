"""A secret that holdfast.yml names and never holds: read from a file, a command's output, or a systemd credential."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from inventory import reach
from inventory.command import Command
from inventory.errors import HoldfastError

_LARGEST = 1 << 16
_LIMIT_SECONDS = 30.0


class SecretError(HoldfastError):
    """A secret cannot be read (exit 3); the message never holds any of it."""


def read(name: str, *, file: Path | None = None, command: Sequence[str] = (), credential: str = "") -> str:
    """Return the first line of a secret.

    Args:
        name: what to call it in an error.
        file: a file that only its owner may read.
        command: a program that prints it.
        credential: the name of a systemd credential of this service.

    Raises:
        SecretError: none of these is given, or it cannot be read, or others may read it.
    """
    if file is not None:
        return _of_file(name, file)
    if command:
        return _of_command(name, tuple(command))
    if credential:
        return _of_credential(name, credential)
    raise SecretError(f"{name} is not named anywhere", hint="name a file, a command or a credential in holdfast.yml")


def _of_file(name: str, file: Path) -> str:
    try:
        if file.stat().st_mode & 0o077:
            raise SecretError(f"others may read {file}, which holds {name}", hint=f"chmod 600 {file}")
        with file.open("rb") as stream:
            return _first_line(name, stream.read(_LARGEST))
    except OSError as error:
        raise SecretError(
            f"{name} cannot be read from {file}: {error.strerror}", hint="look at the path that holdfast.yml names"
        ) from error


def _of_command(name: str, command: tuple[str, ...]) -> str:
    ended = reach.run(Command(command, limit=_LIMIT_SECONDS))
    if ended.exit_code != 0:
        raise SecretError(
            f"the command for {name} ({command[0]}) ended with {ended.exit_code}", hint="run that command by hand"
        )
    return _first_line(name, ended.stdout.encode())


def _of_credential(name: str, credential: str) -> str:
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if folder is None or "/" in credential:
        raise SecretError(
            f"{name} is the systemd credential {credential!r}, which this process was not given",
            hint="add LoadCredential= to the unit, or name a file for commands run by hand",
        )
    try:
        return _first_line(name, (Path(folder) / credential).read_bytes()[:_LARGEST])
    except OSError as error:
        raise SecretError(
            f"{name} cannot be read from the systemd credential {credential!r}: {error.strerror}",
            hint="look at LoadCredential= of the unit",
        ) from error


def _first_line(name: str, content: bytes) -> str:
    line = content.decode(errors="replace").partition("\n")[0].rstrip("\r")
    if not line:
        raise SecretError(f"{name} is empty", hint="write it on the first line")
    return line
