"""The door to servers that hold restic repositories: the part of restic's REST protocol that needs no password of them.

What restic itself does there (backups, checks, restores) it does by itself; here is asked what a server holds. Whatever
it answers is doubted: sizes are limited, names must be ids, no other address is gone to.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import re
import shutil
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from pathlib import Path
from threading import Lock
from urllib.parse import quote, urlsplit

from backup import errors
from backup.holder import Part
from backup.restic_command import Login, Repository
from inventory import secret
from inventory.command import LARGEST_SECRET
from inventory.vaults import VaultPlace

MARKER = "holdfast-vault.json"
"""The name of the repository that is none: its config is the vault's marker, which no append-only server gives up."""

_SECONDS = 10.0
_PATIENCE = 60.0
"""Seconds for one answer, however it drips in."""
_LARGEST_FILE = 1 << 20
_LARGEST_LIST = 1 << 26
_LISTING = "application/vnd.x.restic.rest.v2"
_ID = re.compile(r"[0-9a-f]{64}")
_ABSENT = HTTPStatus.NOT_FOUND


@dataclass(frozen=True)
class Server:
    """A `Holder`: a server, as the vault `name` of the settings."""

    name: str
    at: VaultPlace

    def __str__(self) -> str:
        return self.at.rest

    def repository(self, system: str, password: bytes) -> Repository:
        """Return a system's repository as restic on this machine is to use it."""
        return Repository(
            f"rest:{self.place(system)}", password, login=self._login, ca=self._certificates, ca_file=self.at.ca_file
        )

    def place(self, system: str) -> str:
        """Return the address of a system's repository."""
        return f"{self.at.rest}{quote(system, safe='')}/"

    def require(self, name: str, *, used: bool) -> None:  # noqa: ARG002 - a server is there or not, whatever we know
        """Prove that the server answers and lets us in.

        Raises:
            VaultMissingError, VaultLoginError, VaultUntrustedError: it does not.
        """
        self.marker()

    def marker(self) -> str | None:
        """Return what its marker says, or None."""
        found = self._get(f"{MARKER}/config")
        return None if found is None else found.decode(errors="replace")

    def begin(self, marker: str) -> None:
        """Leave the marker there."""
        self._post(f"{MARKER}/?create=true")
        self._post(f"{MARKER}/config", marker.encode())

    def strangers(self) -> list[str]:
        """Return nothing: a server does not say which repositories it holds."""
        return []

    def digest(self, system: str) -> str | None:
        """Return a repository's identity, or None."""
        found = self._get(f"{quote(system, safe='')}/config")
        return None if found is None else hashlib.sha256(found).hexdigest()

    def names(self, system: str, part: Part) -> list[str]:
        """Return the ids of a repository's snapshots or locks."""
        found = self._get(f"{quote(system, safe='')}/{part}/", _LARGEST_LIST)
        try:
            names = [str(entry["name"]) for entry in json.loads(found or b"[]") or ()]
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise self._strange("with a list that is none") from error
        return sorted(name for name in names if _ID.fullmatch(name))

    def remove_lock(self, system: str, lock: str) -> None:
        """Remove one lock; an append-only server allows that, and nothing else."""
        if _ID.fullmatch(lock):
            status, _ = self._ask("DELETE", f"{quote(system, safe='')}/locks/{lock}")
            if status not in (HTTPStatus.OK, _ABSENT):
                raise self._strange(f"with {status} when a lock was to be removed")

    def is_taken(self, system: str) -> bool:
        """Tell whether there is a repository."""
        return self.digest(system) is not None

    @contextmanager
    def nursery(self, system: str, spare: Path) -> Iterator[Path]:
        """Give a directory of ours; what was made there goes to the server, its config last.

        A whole repository from a run that was killed on the way is sent again, for its key may be there already.
        """
        if spare.exists() and not (spare / "config").exists():
            shutil.rmtree(spare)
        spare.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        yield spare
        name = quote(system, safe="")
        self._post(f"{name}/?create=true")
        for key in sorted((spare / "keys").iterdir()):
            if (content := key.read_bytes()) != self._get(f"{name}/keys/{key.name}"):
                self._post(f"{name}/keys/{key.name}", content)
        self._post(f"{name}/config", (spare / "config").read_bytes())
        shutil.rmtree(spare)

    def free(self) -> int | None:
        """Return nothing: a server does not say how much room it has."""
        return None

    @cached_property
    def _login(self) -> Login | None:
        if not self.at.user:
            return None
        password = secret.read(
            f"the password of {self.at.user} for the vault {self.name}",
            file=self.at.password_file,
            command=self.at.password_command,
            credential=self.at.password_credential,
        )
        return Login(self.at.user, password)

    @cached_property
    def _line(self) -> _Line:
        return _Line(self.at.rest, None if self.at.rest.startswith("http:") else self._trust())

    @cached_property
    def _certificates(self) -> bytes:
        """Return what its certificate is checked against (PEM; nothing: those the machine trusts)."""
        if self.at.ca_file is None:
            return b""
        try:
            ssl.create_default_context(cafile=self.at.ca_file)
            found = self.at.ca_file.read_bytes()
        except OSError as error:  # an SSLError is one
            raise errors.VaultUntrustedError(
                f"the certificates in {self.at.ca_file} for the vault {self.name} cannot be used: {_reason(error)}",
                hint="they are PEM: look at the file that `ca_file` names",
            ) from error
        if len(found) >= LARGEST_SECRET:
            raise errors.VaultUntrustedError(
                f"{self.at.ca_file} holds {len(found)} bytes of certificates, which restic is not given",
                hint="let `ca_file` name only the authority of that server",
            )
        return found

    def _trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cadata=self._certificates.decode("ascii", "ignore") or None)

    def _get(self, path: str, largest: int = _LARGEST_FILE) -> bytes | None:
        status, content = self._ask("GET", path, largest=largest)
        if status == _ABSENT:
            return None
        if status != HTTPStatus.OK:
            raise self._strange(f"with {status}")
        return content

    def _post(self, path: str, content: bytes = b"") -> None:
        status, _ = self._ask("POST", path, content)
        if status != HTTPStatus.OK:
            raise self._strange(f"with {status} when {path.partition('?')[0]} was to be written")

    def _ask(
        self, method: str, path: str, content: bytes | None = None, largest: int = _LARGEST_FILE
    ) -> tuple[int, bytes]:
        headers = {"Accept": _LISTING}
        if self._login is not None:
            pair = base64.b64encode(f"{self._login.user}:{self._login.password}".encode()).decode()
            headers["Authorization"] = f"Basic {pair}"
        try:
            status, answer = self._line.ask(method, path, content, headers, largest)
        except ssl.SSLCertVerificationError as error:
            raise errors.VaultUntrustedError(
                f"the vault {self.name} shows a certificate that is not trusted: {error.verify_message}",
                hint="name the certificates it is checked against with `ca_file` in holdfast.yml; nothing was sent",
            ) from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise errors.VaultMissingError(
                f"the vault {self.name} does not answer at {self}: {_reason(error)}",
                hint="is that server on, and can this machine reach it? Then run the command again",
            ) from error
        if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN) and method == "GET":
            raise errors.VaultLoginError(
                f"the vault {self.name} at {self} lets {self.at.user or 'nobody without a user'} not in ({status})",
                hint="compare `user` and the password holdfast.yml names with the server's .htpasswd",
            )
        return status, answer

    def _strange(self, what: str) -> errors.VaultMissingError:
        return errors.VaultMissingError(
            f"the vault {self.name} answered {what}",
            hint=f"is a server that holds restic repositories at {self}? Its own log says more",
        )


class _Line:
    """One connection that is kept for the next question, and made anew when the server closed it meanwhile."""

    def __init__(self, url: str, trust: ssl.SSLContext | None) -> None:
        self._parts = urlsplit(url)
        self._trust = trust
        self._turn = Lock()
        self._open: http.client.HTTPConnection | None = None

    def ask(
        self, method: str, path: str, content: bytes | None, headers: dict[str, str], largest: int
    ) -> tuple[int, bytes]:
        with self._turn:
            again = self._open is not None
            try:
                return self._once(method, path, content, headers, largest)
            except ConnectionError:
                self._close()
                if not again:
                    raise
                return self._once(method, path, content, headers, largest)
            except BaseException:
                self._close()
                raise

    def _once(
        self, method: str, path: str, content: bytes | None, headers: dict[str, str], largest: int
    ) -> tuple[int, bytes]:
        began = time.monotonic()
        if self._open is None:
            self._open = self._connection()
        self._open.request(method, self._parts.path + path, body=content, headers=headers)
        answer = self._open.getresponse()
        found = bytearray()
        while piece := answer.read1(1 << 16):
            found += piece
            if len(found) > largest or time.monotonic() - began > _PATIENCE:
                raise ValueError(f"its answer of more than {len(found) - 1} bytes was not waited for")
        answer.close()
        if answer.will_close:
            self._close()
        return answer.status, bytes(found)

    def _connection(self) -> http.client.HTTPConnection:
        host, port = self._parts.hostname or "", self._parts.port
        if self._trust is None:
            return http.client.HTTPConnection(host, port, timeout=_SECONDS)
        return http.client.HTTPSConnection(host, port, timeout=_SECONDS, context=self._trust)

    def _close(self) -> None:
        if self._open is not None:
            with suppress(OSError):
                self._open.close()
            self._open = None


def _reason(error: Exception) -> str:
    """Return why a server could not be asked, in a word or two and without what it sent."""
    if isinstance(error, TimeoutError):
        return f"nothing came within {_SECONDS:g} seconds"
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return str(error) if isinstance(error, ValueError) else "it does not speak HTTP"
