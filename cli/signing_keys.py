"""Whether a key that may sign for a person is at hand on this machine. Only looked at, never used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inventory.people import Person

_LIMIT_SECONDS = 5.0


def at_hand(person: Person, environment: Mapping[str, str]) -> list[str]:
    """Return where a private key of the person is: `ssh-agent`, or the file."""
    wanted = {key.blob for key in person.public_keys}
    found = ["ssh-agent"] if wanted & set(_blobs(_in_agent(environment))) else []
    for file in sorted(Path(environment.get("HOME", "/nonexistent"), ".ssh").glob("*.pub")):
        if file.with_suffix("").is_file() and wanted & set(_blobs(_text(file))):
            found.append(str(file.with_suffix("")))
    return found


def _in_agent(environment: Mapping[str, str]) -> str:
    from inventory import reach
    from inventory.errors import HoldfastError

    if not (socket := environment.get("SSH_AUTH_SOCK")):
        return ""
    try:
        asked = reach.run(reach.Command(("ssh-add", "-L"), env={"SSH_AUTH_SOCK": socket}, limit=_LIMIT_SECONDS))
    except HoldfastError:
        return ""
    return asked.stdout


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _blobs(text: str) -> Iterator[bytes]:
    from inventory import keys

    for line in text.splitlines():
        try:
            yield keys.parse(line).blob
        except ValueError:
            continue
