"""Where a vault is and how to get in: what is told of it to those who look at vaults without reading a whole site."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class VaultPlace:
    """A directory (`path`), or a server that holds restic repositories (`rest`, its address with a slash at the end).

    All paths are absolute. Where the server's password for `user` is, is named as in `holdfast.yml`.
    """

    path: Path | None = None
    rest: str = ""
    user: str = ""
    password_file: Path | None = None
    password_command: tuple[str, ...] = ()
    password_credential: str = ""
    ca_file: Path | None = None

    @property
    def encrypted(self) -> bool:
        """Tell whether what is said to it cannot be read on the way: it is here, or behind TLS."""
        return not self.rest.startswith("http:")

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON that `from_json` reads back."""
        return {name: str(value) if isinstance(value, Path) else value for name, value in asdict(self).items() if value}


def from_json(content: Mapping[str, Any]) -> VaultPlace:
    """Read what `as_json` wrote.

    Raises:
        TypeError: it is something else.
    """
    paths = {name: Path(content[name]) for name in ("path", "password_file", "ca_file") if name in content}
    return VaultPlace(**{**content, **paths, "password_command": tuple(content.get("password_command", ()))})
