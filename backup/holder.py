"""Who holds repositories: a directory here, or a server. What can be asked and done without any repository's password.

Every repository has the files restic gives it: `config` (its identity), and beside it `snapshots` and `locks` by id.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Literal, Protocol

from backup.restic_command import Repository

Part = Literal["snapshots", "locks"]
ID_LENGTH = 64


class Holder(Protocol):
    """One place with a repository per system. As text it says where it is, without any secret.

    Whatever is asked may raise a HoldfastError of `backup.errors` when the place cannot be asked at all.
    """

    def repository(self, system: str, password: bytes) -> Repository:
        """Return a system's repository as restic on this machine is to use it."""
        ...

    def place(self, system: str) -> str:
        """Return where a system's repository lies, in words."""
        ...

    def require(self, name: str, *, used: bool) -> None:
        """Prove that it answers; `name` is the vault's, `used` whether the ledger knows it.

        Raises:
            VaultMissingError: it does not.
        """
        ...

    def marker(self) -> str | None:
        """Return the text it is known again by, or None."""
        ...

    def begin(self, marker: str) -> None:
        """Leave the text it is to be known again by."""
        ...

    def strangers(self) -> list[str]:
        """Return what lies in it besides a marker, as far as that can be seen; a new one must be empty."""
        ...

    def digest(self, system: str) -> str | None:
        """Return a repository's identity, SHA-256 of its config file (None: there is none)."""
        ...

    def names(self, system: str, part: Part) -> list[str]:
        """Return the ids of a repository's snapshots or locks, sorted (none: it is not there)."""
        ...

    def remove_lock(self, system: str, lock: str) -> None:
        """Remove one lock; one that is gone already is no error."""
        ...

    def is_taken(self, system: str) -> bool:
        """Tell whether anything stands where a system's repository is to be made."""
        ...

    def nursery(self, system: str, spare: Path) -> AbstractContextManager[Path]:
        """Give a place where a new repository is made; put it where it belongs, whole, when the block ends well.

        `spare` is a directory of ours that may be used (it need not be there).
        """
        ...

    def free(self) -> int | None:
        """Return the bytes that are free where it lies, or None if that cannot be known."""
        ...
