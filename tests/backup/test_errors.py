from __future__ import annotations

import errno
import inspect

import pytest

from backup import errors
from inventory.errors import ExitCode, HoldfastError, RefusedError

NAMED = [found for _, found in inspect.getmembers(errors, inspect.isclass) if found.__module__ == "backup.errors"]


@pytest.mark.parametrize("error", NAMED, ids=lambda error: error.__name__)
def test_every_named_error_ends_with_3_or_4_and_says_so(error: type[HoldfastError]) -> None:
    assert error.exit_code in (ExitCode.UNFINISHED, ExitCode.REFUSED)
    assert f"exit {int(error.exit_code)}" in (error.__doc__ or "")


def test_what_stands_in_the_wrong_place_is_refused() -> None:
    refused = {error for error in NAMED if issubclass(error, RefusedError)}
    assert refused == {
        errors.OtherRepositoryError,
        errors.WrongVaultError,
        errors.VaultUntrustedError,
        errors.WrongMediumError,
        errors.TargetInUseError,
    }


@pytest.mark.parametrize(
    ("number", "words"), [(errno.ENOSPC, "make room"), (errno.EROFS, "read-only"), (errno.EACCES, "accessible")]
)
def test_the_systems_own_errors_get_a_name_and_a_next_step(number: int, words: str) -> None:
    with pytest.raises(errors.StorageError, match=r"vault main .*/vault/x") as caught, errors.naming("vault main"):
        raise OSError(number, "no", "/vault/x")
    assert words in caught.value.hint
