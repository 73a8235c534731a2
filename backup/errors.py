"""What can go wrong with copies, named; each says the next step."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from inventory.errors import HoldfastError, RefusedError


class ResticError(HoldfastError):
    """restic ended with a failure that has no name of its own (exit 3)."""


class AnswerError(ResticError):
    """restic said something this version does not know; taken as a failure (exit 3)."""


class RepositoryMissingError(ResticError):
    """There is no repository where one must be; never made anew by itself (exit 3)."""


class RepositoryLockedError(ResticError):
    """Somebody else holds the repository's lock (exit 3)."""


class DamagedCopyError(ResticError):
    """The copy itself is damaged; another one must be used (exit 3)."""


class WrongPasswordError(ResticError):
    """The password we hold does not open the repository (exit 3)."""


class CommandFailedError(ResticError):
    """The program whose output restic was to keep failed; the message is what it complained of (exit 3)."""


class KeyMissingError(HoldfastError):
    """The password file of a repository is gone (exit 3)."""


class OtherRepositoryError(RefusedError):
    """Another repository stands where ours should be (exit 4)."""


class VaultMissingError(HoldfastError):
    """The vault's directory is not there (not mounted, or never made), or its server does not answer (exit 3)."""


class VaultLoginError(HoldfastError):
    """The vault's server does not let us in with this user and password (exit 3)."""


class VaultUntrustedError(RefusedError):
    """The vault's server shows a certificate that is not trusted: nothing was sent to it (exit 4)."""


class VaultLostError(HoldfastError):
    """The vault was used before and now has nothing of ours in it (exit 3)."""


class WrongVaultError(RefusedError):
    """What is there is not the vault the ledger knows (exit 4)."""


class WrongMediumError(RefusedError):
    """The medium is not the one asked for; nothing was written to it (exit 4)."""


class MediumAwayError(HoldfastError):
    """The medium is put away, or went away while it was in use (exit 3)."""


class SourceError(HoldfastError):
    """Data to be copied is missing, empty or unreadable (exit 3)."""


class ManifestError(HoldfastError):
    """A snapshot has no manifest that can be read (exit 3)."""


class TargetInUseError(RefusedError):
    """Restoring would overwrite what is there (exit 4)."""


class StorageError(HoldfastError):
    """A disk or folder does not take what is to be written, or cannot be read (exit 3)."""


_HINTS = {
    errno.ENOSPC: "make room on that disk, then run the command again; what was there before is whole",
    errno.EDQUOT: "make room on that disk, then run the command again; what was there before is whole",
    errno.EROFS: "the disk is read-only: look why, then run the command again",
    errno.EACCES: "it must be accessible to the user who runs this command",
    errno.EPERM: "it must be accessible to the user who runs this command",
}


@contextmanager
def naming(what: str) -> Iterator[None]:
    """Turn the operating system's errors of a block into one that names `what` and the next step.

    Raises:
        StorageError: the block met such an error.
    """
    try:
        yield
    except OSError as error:
        place = f" ({error.filename})" if error.filename else ""
        raise StorageError(
            f"{what} cannot be used: {error.strerror or error}{place}",
            hint=_HINTS.get(error.errno or 0, "look at that disk, then run the command again"),
        ) from error
