"""Check repositories: is their structure whole, and with `read_data` every byte."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from backup import errors, media
from backup.depot import Depot, Store
from backup.restic import OnProgress, silent
from inventory.errors import ExitCode, HoldfastError


@dataclass(frozen=True)
class CheckReport:
    """What a check of one repository found; `failure`: it could not be done."""

    system: str
    kind: str
    store: str
    whole: bool
    read_data: bool
    seconds: float
    problems: tuple[str, ...]
    failure: HoldfastError | None = field(default=None, compare=False)

    @property
    def exit_code(self) -> ExitCode:
        """Return 0 whole, 1 damaged, or what the failure's cause asks for."""
        if self.failure is not None:
            return self.failure.exit_code
        return ExitCode.DONE if self.whole else ExitCode.FINDINGS

    @property
    def verdict(self) -> str:
        """Return it in one word."""
        return "whole" if self.whole else "DAMAGED" if self.failure is None else "not checked"

    def as_json(self) -> dict[str, Any]:
        """Return the documented shape."""
        names = ("system", "kind", "store", "whole", "read_data")
        content: dict[str, Any] = {name: getattr(self, name) for name in names}
        done = {"done": self.failure is None, "seconds": round(self.seconds, 3), "problems": list(self.problems)}
        return content | done


def check_stores(
    depot: Depot, name: str | None, *, read_data: bool, progress: OnProgress = silent
) -> list[CheckReport]:
    """Check one store by name, or every vault that holds something."""
    if name is not None:
        return check(depot, depot.store(name), read_data=read_data, progress=progress)
    copies = depot.copies()
    used = [name for name in depot.site.settings.vaults if copies.repositories("vault", name)]
    if not used:
        raise errors.RepositoryMissingError("no vault holds a copy yet", hint="holdfast backup run --all")
    return [
        report for name in used for report in check(depot, depot.vault(name), read_data=read_data, progress=progress)
    ]


def check(
    depot: Depot, store: Store, *, read_data: bool, only: Sequence[str] = (), progress: OnProgress = silent
) -> list[CheckReport]:
    """Check every repository the ledger knows in a store (or those of `only` some systems), each with a record.

    Raises:
        MediumAwayError, WrongMediumError: the medium is not attached.
        RepositoryMissingError: the store has no repository at all.
    """
    if store.kind == "medium":
        media.require(depot, store.name)
    systems = [key for key in sorted(depot.copies().repositories(store.kind, store.name)) if not only or key in only]
    if not systems:
        raise errors.RepositoryMissingError(f"{store.label} holds no copy yet", hint="holdfast backup run")
    return [_check_one(depot, store, key, read_data, progress) for key in systems]


def _check_one(depot: Depot, store: Store, key: str, read_data: bool, progress: OnProgress) -> CheckReport:
    started = depot.clock.monotonic()
    failure: HoldfastError | None = None
    problems: Sequence[str] = ()
    try:
        repository = depot.open(store, key)
        with depot.turn(store, key, repository):
            problems = depot.restic.check(
                repository, read_data=read_data, progress=lambda text, share: progress(f"{key}: {text}", share)
            )
    except errors.RepositoryLockedError as error:
        failure = _with_owner(depot, store, key, error)
        problems = (failure.message,)
    except HoldfastError as error:
        failure, problems = error, (error.message,)
    report = CheckReport(
        system=key,
        kind=store.kind,
        store=store.name,
        whole=not problems,
        read_data=read_data,
        seconds=depot.clock.monotonic() - started,
        problems=tuple(problems)[:20],
        failure=failure,
    )
    depot.ledger.append("check.finished", report.as_json(), system=key)
    return report


def _with_owner(depot: Depot, store: Store, key: str, error: HoldfastError) -> HoldfastError:
    """Say who holds the lock, and what to do; a lock is never removed on a guess."""
    owner = depot.describe_locks(store, key, depot.open(store, key))
    if not owner:
        return error
    return errors.RepositoryLockedError(
        f"{error.message} by {owner}",
        hint="wait for that process; if you are sure it is dead, remove the file below `locks/` of the repository",
    )
