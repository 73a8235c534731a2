"""What we protect: a system, its data, its copies, its logs, and how one knows it is normal."""

from __future__ import annotations

import re
from datetime import date
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, model_validator

from inventory.fields import Duration, Said
from inventory.host_command import HostCommands
from inventory.outline import DEFAULT_TARGET, CopyKind


def _absolute(path: str) -> str:
    pure = PurePosixPath(path)
    if not pure.is_absolute() or ".." in pure.parts:
        raise ValueError(f"{path!r} must be an absolute path without '..'")
    return str(pure)


AbsolutePath = Annotated[str, AfterValidator(_absolute)]

_DATABASE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,62}")


def _day(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise ValueError(f"{value!r} is no day; write it like 2026-01-31") from error


def _database(text: str) -> str:
    if text.startswith("/"):
        return _absolute(text)
    if not _DATABASE_NAME.fullmatch(text):
        raise ValueError(f"{text!r} must be a PostgreSQL database's name, or the absolute path of an SQLite file")
    return text


Day = Annotated[date, BeforeValidator(_day)]
"""A day as people write it: `2026-01-31`."""

Database = Annotated[str, AfterValidator(_database)]
"""Where a query goes: an absolute path is an SQLite file, anything else the name of a PostgreSQL database."""


class Strict(BaseModel):
    """A value read from the site: unknown keys are errors, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def by_key(*keys: str) -> Discriminator:
    """Choose a union's member by the one key that only it has, so that a fault gives one clear message."""

    def choose(value: Any) -> str | None:
        written = value if isinstance(value, dict) else vars(value) if isinstance(value, Strict) else {}
        return next((f"<{key}>" for key in keys if key in written), None)

    return Discriminator(
        choose, custom_error_type="no_kind", custom_error_message=f"needs one of the keys {', '.join(keys)}"
    )


class FilesSource(Strict):
    """Files and folders of one host, by absolute path on that host."""

    files: Annotated[list[AbsolutePath], Field(min_length=1)]
    host: str
    exclude: list[str] = []


class SqliteSource(Strict):
    """One SQLite database of one host, copied while it is in use."""

    sqlite: AbsolutePath
    host: str


class PostgresqlSource(Strict):
    """One database of a PostgreSQL server that runs on a host."""

    postgresql: Annotated[str, Field(pattern=rf"^{_DATABASE_NAME.pattern}$")]
    host: str


DataSource = Annotated[
    Annotated[FilesSource, Tag("<files>")]
    | Annotated[SqliteSource, Tag("<sqlite>")]
    | Annotated[PostgresqlSource, Tag("<postgresql>")],
    by_key("files", "sqlite", "postgresql"),
]


class VaultCopy(Strict):
    """A copy kept in a vault, renewed at least every `every`."""

    vault: str
    every: Duration

    @property
    def kind(self) -> CopyKind:
        """Return what kind of store it is in."""
        return "vault"

    @property
    def place(self) -> str:
        """Return the vault's name."""
        return self.vault


class MediaCopy(Strict):
    """A copy kept on offline media of a rotation set, renewed at least every `every`."""

    media: str
    every: Duration

    @property
    def kind(self) -> CopyKind:
        """Return what kind of store it is in."""
        return "medium"

    @property
    def place(self) -> str:
        """Return the rotation set's name."""
        return self.media


Copy = Annotated[Annotated[VaultCopy, Tag("<vault>")] | Annotated[MediaCopy, Tag("<media>")], by_key("vault", "media")]


class FileLog(Strict):
    """A log file (or glob) of one host, and how to read it."""

    host: str
    file: AbsolutePath
    format: Literal["auto", "jsonl", "journald", "syslog"] = "auto"


class JournaldLog(Strict):
    """The journal of one unit of one host."""

    host: str
    journald: str


LogSource = Annotated[
    Annotated[FileLog, Tag("<file>")] | Annotated[JournaldLog, Tag("<journald>")], by_key("file", "journald")
]


class HttpCheck(Strict):
    """Passes when a request to `http` answers with `status` (and contains `contains`)."""

    http: Annotated[str, Field(pattern=r"^https?://")]
    status: int = 200
    contains: str = ""


class SqlCheck(Strict):
    """Passes when the first value of `query` is at least `at_least`."""

    sql: Database
    host: str
    query: str
    at_least: float = 1


class PortCheck(Strict):
    """Passes when a TCP connection to `host`:`port` opens."""

    port: Annotated[int, Field(ge=1, le=65535)]
    host: str


class CommandCheck(Strict):
    """Passes when a command on a host ends with 0."""

    command: Annotated[list[str], Field(min_length=1)]
    host: str


NormalCheck = Annotated[
    Annotated[HttpCheck, Tag("<http>")]
    | Annotated[SqlCheck, Tag("<sql>")]
    | Annotated[PortCheck, Tag("<port>")]
    | Annotated[CommandCheck, Tag("<command>")],
    by_key("http", "sql", "port", "command"),
]


class Canary(Strict):
    """A query whose answer is the time of the newest record really in the data (RFC 3339)."""

    sql: Database
    host: str
    query: str


class LevelDecision(Strict):
    """The decision that set a system's level; `date` is the day it was signed."""

    number: str
    date: Day
    by: str


class Exposed(Strict):
    """A port of a host that others may reach: `to` is `any`, an address, or a network."""

    host: str
    port: Annotated[int, Field(ge=1, le=65535)]
    to: str = "any"


class DataSubjects(Strict):
    """How many people a system keeps personal data of: basic, and sensitive (health, beliefs, biometrics)."""

    basic: Annotated[int, Field(ge=0)] = 0
    sensitive: Annotated[int, Field(ge=0)] = 0


class System(Strict):
    """One information system, as its `system:` block in the inventory says.

    `level` is 1..5; `rto` how soon it must be back (default 24 h), `rpo` how much data may be lost.
    """

    name: Said
    name_local: str = ""
    unit: str = ""
    accountable: str = ""
    level: Annotated[int, Field(ge=1, le=5)] = 1
    level_decision: LevelDecision | None = None
    rto: Duration = DEFAULT_TARGET
    rto_reason: str = ""
    rto_approver: str = ""
    rpo: Duration = DEFAULT_TARGET
    depends_on: list[str] = []
    external: bool = False
    serves: str = ""
    data_subjects: DataSubjects = DataSubjects()
    exposes: list[Exposed] = []
    data: list[DataSource] = []
    realistic_size_gb: Annotated[float, Field(gt=0)] | None = None
    copies: list[Copy] = []
    logs: list[LogSource] = []
    runbook: str = "generic"
    start: HostCommands = []
    stop: HostCommands = []
    drill_targets: dict[str, str] = {}
    normal_when: list[NormalCheck] = []
    canary: Canary | None = None

    @model_validator(mode="after")
    def _long_target_is_an_exception(self) -> System:
        if self.rto > DEFAULT_TARGET and not (self.rto_reason and self.rto_approver):
            raise ValueError("rto above 24h needs rto_reason and rto_approver")
        return self


class Host(Strict):
    """A host that carries one or more systems.

    `connection`, `address`, `port`, `user` and `key_file` (a private SSH key, empty: ssh's own defaults) are what
    Ansible calls ansible_connection, ansible_host, ansible_port, ansible_user and ansible_ssh_private_key_file.
    `root` is where the host's file system begins as seen from its connection: `/` for a real host,
    a directory for a host that is only a directory (demo, tests). `unclear` names what Holdfast cannot know about
    the way to the host: variables that are encrypted, or templates that only Ansible evaluates.
    """

    name: str
    connection: str = "ssh"
    address: str = ""
    port: Annotated[int, Field(ge=1, le=65535)] = 22
    user: str = ""
    key_file: str = ""
    root: AbsolutePath = "/"
    unclear: tuple[str, ...] = ()

    def path(self, path: str) -> str:
        """Return where `path` of this host is found through its connection."""
        if self.root == "/":
            return path
        return str(PurePosixPath(self.root) / path.lstrip("/"))


Systems = dict[str, System]
"""Systems by key, in inventory order."""
