"""`holdfast.yml`: where copies, ledger, logs and notices go. A secret is named here, never written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import parse_qs, urlsplit

from pydantic import AfterValidator, Field, Tag, model_validator

from inventory import lines, packs
from inventory.days import ZoneName
from inventory.fields import Duration
from inventory.lines import Document, Problem, SiteError
from inventory.system import Strict, by_key
from inventory.vaults import VaultPlace

_NAME = r"^[a-z0-9][a-z0-9-]{0,62}$"
_LEDGER = "postgresql"

Name = Annotated[str, Field(pattern=_NAME)]
Words = Annotated[list[str], Field(min_length=1)]
Port = Annotated[int, Field(ge=1, le=65535)]


class Disk(Strict):
    """One offline medium.

    `directory` is where its content lies while it is put away; `attach` the path it appears at while in use.
    """

    directory: str
    attach: str
    custodian: str = ""
    shelf: str = ""


class RotationSet(Strict):
    """Media that take turns."""

    disks: Annotated[dict[Name, Disk], Field(min_length=1)]


def _web_address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{url!r} is no address; write it like https://search.example:9200")
    if parts.username or parts.password:
        raise ValueError("an address holds no name and no password; name a file that holds the key")
    return url


class DirectoryVault(Strict):
    """An online store of repositories: a directory of this machine (relative paths start at the site)."""

    path: str


def _server_address(url: str) -> str:
    parts = urlsplit(_web_address(url))
    if parts.query or parts.fragment:
        raise ValueError(f"{url!r} has more than an address and a path")
    return url if url.endswith("/") else url + "/"


class ServerVault(Strict):
    """An online store of repositories: a server that speaks restic's REST protocol, like rest-server.

    Its password for `user` is in a file, a command's output, or a systemd credential; `ca_file` holds the certificates
    (PEM) its own is checked against.
    """

    rest: Annotated[str, AfterValidator(_server_address)]
    user: str = ""
    password_file: str = ""
    password_command: list[str] = []
    password_credential: str = ""
    ca_file: str = ""

    @model_validator(mode="after")
    def _one_secret(self) -> ServerVault:
        _at_most_one(self, "password")
        if not self.user and any(_named(self, "password")):
            raise ValueError("a password needs a user")
        if self.user and not any(_named(self, "password")):
            raise ValueError("the user needs a password; name a file that holds it with password_file")
        return self


Vault = Annotated[
    Annotated[DirectoryVault, Tag("<path>")] | Annotated[ServerVault, Tag("<rest>")], by_key("path", "rest")
]


class Elasticsearch(Strict):
    """Where logs are kept and searched; the API key is in a file, a command's output, or a systemd credential.

    `other_nodes` are further addresses of the same cluster, for when the first does not answer.
    """

    url: Annotated[str, AfterValidator(_web_address)]
    other_nodes: list[Annotated[str, AfterValidator(_web_address)]] = []
    ca_file: str = ""
    api_key_file: str = ""
    api_key_command: list[str] = []
    api_key_credential: str = ""

    @model_validator(mode="after")
    def _one_secret(self) -> Elasticsearch:
        _at_most_one(self, "api_key")
        return self


class CommandChannel(Strict):
    """Notices are handed to a program, on its standard input."""

    command: Words


class SmtpChannel(Strict):
    """Notices go by mail over the server `smtp`; the password is in a file, a command's output, or a credential."""

    smtp: Annotated[str, Field(min_length=1)]
    port: Port = 25
    sender: Annotated[str, Field(alias="from", min_length=3)]
    to: Words
    user: str = ""
    password_file: str = ""
    password_command: list[str] = []
    password_credential: str = ""

    @model_validator(mode="after")
    def _one_secret(self) -> SmtpChannel:
        _at_most_one(self, "password")
        if not self.user and any(_named(self, "password")):
            raise ValueError("a password needs a user")
        return self


Channel = Annotated[
    Annotated[CommandChannel, Tag("<command>")] | Annotated[SmtpChannel, Tag("<smtp>")], by_key("command", "smtp")
]


def _ledger_address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme != _LEDGER or not parts.hostname or not parts.path.strip("/"):
        raise ValueError(f"must be like {_LEDGER}://holdfast@db.example/holdfast; without one it is SQLite in `state`")
    if parts.password is not None or "password" in parse_qs(parts.query, keep_blank_values=True):
        raise ValueError("holds a password; name it with ledger_password_file instead")
    return url


class Settings(Strict):
    """The content of `holdfast.yml`.

    `inventories` are further Ansible inventories, read before `inventory/` and never written to; `ledger` a database
    (without it: SQLite in the state directory). Relative paths start at the site.
    """

    site: Name
    name: str = ""
    language: Literal["en", "vi"] = "en"
    timezone: ZoneName = "UTC"
    policies: list[str] = ["baseline"]
    state: str = ""
    inventories: list[str] = []
    ledger: Annotated[str, AfterValidator(_ledger_address)] | None = None
    ledger_password_file: str = ""
    ledger_password_command: list[str] = []
    ledger_password_credential: str = ""
    vaults: dict[Name, Vault] = {}
    media: dict[Name, RotationSet] = {}
    elasticsearch: Elasticsearch | None = None
    notifications: dict[Name, Channel] = {}
    restore_speed_mb_s: Annotated[float, Field(gt=0)] | None = None
    fetch_medium: Duration | None = None

    @model_validator(mode="after")
    def _one_secret(self) -> Settings:
        _at_most_one(self, "ledger_password")
        if self.ledger is None and any(_named(self, "ledger_password")):
            raise ValueError("a password for the ledger needs the ledger's address in `ledger`")
        return self


def place_of(vault: DirectoryVault | ServerVault, resolve: Callable[[str], Path]) -> VaultPlace:
    """Return where a vault is; `resolve` makes its paths absolute."""
    if isinstance(vault, DirectoryVault):
        return VaultPlace(path=resolve(vault.path))
    return VaultPlace(
        rest=vault.rest,
        user=vault.user,
        password_file=resolve(vault.password_file) if vault.password_file else None,
        password_command=tuple(vault.password_command),
        password_credential=vault.password_credential,
        ca_file=resolve(vault.ca_file) if vault.ca_file else None,
    )


def _named(settings: Strict, secret: str) -> Iterator[str]:
    """Yield the keys that say where a secret is."""
    for where in ("file", "command", "credential"):
        if getattr(settings, f"{secret}_{where}"):
            yield f"{secret}_{where}"


def _at_most_one(settings: Strict, secret: str) -> None:
    if len(written := list(_named(settings, secret))) > 1:
        raise ValueError(f"only one of {', '.join(written)} can say where the secret is")


def load(file: Path) -> Settings:
    """Read `holdfast.yml`.

    Raises:
        SiteError: every fault with its line.
    """
    problems: list[Problem] = []
    document, settings = lines.load(file, Settings, problems)
    problems += [*_policies(document, settings), *_inventories(document, settings)]
    if problems:
        raise SiteError(problems)
    return settings


def _policies(document: Document, settings: Settings) -> Iterator[Problem]:
    known = packs.known()
    for index, name in enumerate(settings.policies):
        if name not in known:
            yield document.problem(("policies", index), "no such policy pack", lines.near(name, known, "packs"))


def _inventories(document: Document, settings: Settings) -> Iterator[Problem]:
    for index, path in enumerate(settings.inventories):
        if not (document.file.parent / path).exists():
            yield document.problem(("inventories", index), f"no inventory at {path}")
