"""The way into one host for preparing and forgetting it: as whom, with which key, with which sudo password."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from inventory import hostkeys, known_hosts, sitekey
from inventory.errors import RefusedError
from inventory.site import Site
from inventory.system import Host
from playbooks.ansible import Play


@dataclass(frozen=True)
class Way:
    """A host and who comes in; without user and key the inventory says it. `password` is what sudo asks for."""

    host: Host
    user: str = ""
    key: Path | None = None
    password: str = field(default="", repr=False)

    @property
    def login(self) -> str:
        """Return the user that comes in, as far as Holdfast knows it."""
        return self.user or self.host.user

    @property
    def is_the_account(self) -> bool:
        """Tell whether it is Holdfast's own account that comes in."""
        return self.login == sitekey.ACCOUNT

    def play(self, site: Site, playbook: Path, variables: Mapping[str, Any], *, check: bool = False) -> Play:
        """Return the run of one of our playbooks on this host alone."""
        given: dict[str, Any] = dict(variables)
        if self.user:
            given["ansible_user"] = self.user
        if self.key is not None:
            given["ansible_ssh_private_key_file"] = str(self.key.expanduser().resolve())
        if self.login == "root":
            given["holdfast_become"] = False
        return Play(
            playbook,
            site.inventories,
            [self.host.name],
            check=check,
            known_hosts=site.root / known_hosts.FILE,
            key=sitekey.of(site),
            variables=given,
            password=self.password,
        )


def require_trusted(site: Site, host: Host) -> None:
    """Refuse a host whose key the site does not know: what is done there would be done to whoever answers.

    Raises:
        UsageError: it is not reached over SSH, or nobody can tell where it is.
        RefusedError: its key is not in the site's known_hosts.
    """
    hostkeys.require_ssh(host)
    file = site.root / known_hosts.FILE
    text = file.read_text(encoding="utf-8", errors="surrogateescape") if file.is_file() else ""
    if not known_hosts.known(text, known_hosts.name_of(host)):
        raise RefusedError(
            f"the key of {host.name} is not in the site's known_hosts",
            hint=f"holdfast inventory host trust {host.name}",
        )
