"""Where copies live: the site's stores, the keys that open them, and the one restic that works on them."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from backup import errors, holders, locks
from backup.directory import Directory
from backup.history import Copies, state_of
from backup.holder import Holder
from backup.messages import Lock
from backup.restic import Restic, find
from backup.restic_command import Repository
from inventory.clock import Clock
from inventory.errors import UsageError
from inventory.settings import Disk
from inventory.site import Site
from inventory.ssh import Ssh
from inventory.system import Host
from ledger import durable
from ledger.ledger import Ledger

Kind = Literal["vault", "medium"]


@dataclass(frozen=True)
class Store:
    """One place for repositories: a vault, or an offline medium while it is attached."""

    kind: Kind
    name: str
    holder: Holder

    @property
    def label(self) -> str:
        """Return what people call it: `vault main`, `medium weekly-a`."""
        return f"{self.kind} {self.name}"

    @property
    def path(self) -> Path:
        """Return the directory of a medium; a vault need not be one."""
        assert isinstance(self.holder, Directory)
        return self.holder.path


class Depot:
    """Everything an operation on copies starts from. Cheap to make; restic is looked for when first used.

    `ssh` is how hosts are reached, if not as usual.
    """

    def __init__(self, site: Site, state: Path, ledger: Ledger, ssh: Ssh | None = None) -> None:
        self.site = site
        self.ssh = ssh or site.ssh
        self.state = state
        self.ledger = ledger
        self._holders: dict[str, Holder] = {}

    @property
    def clock(self) -> Clock:
        """Return the clock records are made with."""
        return self.ledger.clock

    @cached_property
    def restic(self) -> Restic:
        """Return restic.

        Raises:
            MissingToolError: none, or an old one.
        """
        cache = self.state / "cache"
        cache.mkdir(parents=True, exist_ok=True, mode=0o700)
        return Restic(find(os.environ, Path(__file__).resolve().parent.parent), cache)

    def copies(self) -> Copies:
        """Return what the ledger knows of copies, now."""
        return state_of(self.ledger)

    def vault(self, name: str) -> Store:
        """Return a vault of the settings.

        Raises:
            UsageError: no such vault.
        """
        vaults = self.site.settings.vaults
        if name not in vaults:
            raise UsageError(f"no vault {name!r} in holdfast.yml", hint=f"vaults: {', '.join(vaults) or 'none'}")
        if name not in self._holders:
            self._holders[name] = holders.of(name, self.site.vault_places[name])
        return Store("vault", name, self._holders[name])

    def medium(self, label: str) -> Store:
        """Return a medium of the settings, at the place it is attached to.

        Raises:
            UsageError: no such medium.
        """
        return Store("medium", label, Directory(self.site.resolve(self.disk(label)[1].attach)))

    def store(self, name: str) -> Store:
        """Return a vault or medium by its name.

        Raises:
            UsageError: neither has this name.
        """
        known = {store.name: store for store in reversed(self.stores())}
        if name not in known:
            raise UsageError(f"no store {name!r} in holdfast.yml", hint=f"stores: {', '.join(known) or 'none'}")
        return known[name]

    def store_of(self, kind: str, name: str) -> Store:
        """Return a vault, or a medium at the place it is attached to.

        Raises:
            UsageError: no such store.
        """
        return self.medium(name) if kind == "medium" else self.vault(name)

    def stores(self) -> list[Store]:
        """Return every vault and medium of the settings."""
        media = [self.medium(label) for rotation in self.site.settings.media.values() for label in rotation.disks]
        return [self.vault(name) for name in self.site.settings.vaults] + media

    def disk(self, label: str) -> tuple[str, Disk]:
        """Return a medium's rotation set and settings.

        Raises:
            UsageError: no such medium.
        """
        for name, rotation in self.site.settings.media.items():
            if label in rotation.disks:
                return name, rotation.disks[label]
        known = [label for rotation in self.site.settings.media.values() for label in rotation.disks]
        raise UsageError(f"no medium {label!r} in holdfast.yml", hint=f"media: {', '.join(known) or 'none'}")

    def key_file(self, store: Store, system: str) -> Path:
        """Return where the password of a repository is kept."""
        return self.state / "keys" / store.kind / store.name / system

    def open(self, store: Store, system: str) -> Repository:
        """Return a system's repository in a store, after looking that it is the one the ledger knows.

        Raises:
            RepositoryMissingError, OtherRepositoryError, KeyMissingError: it cannot be used.
        """
        place = store.holder.place(system)
        known = self.copies().repository(store.kind, store.name, system)
        if known is None:
            raise errors.RepositoryMissingError(
                f"{store.label} holds no copy of {system} yet", hint=f"make one with: holdfast backup run {system}"
            )
        found = store.holder.digest(system)
        if found is None:
            raise errors.RepositoryMissingError(
                f"the repository {place} is gone",
                hint="is the disk mounted? Holdfast never makes a lost repository anew; restore from another copy",
            )
        if found != known.digest:
            raise errors.OtherRepositoryError(
                f"{place} is another repository than the one recorded for {system} (record {known.seq})",
                hint="put the right disk in its place; nothing was written",
            )
        return store.holder.repository(system, self._password(store, system))

    @contextmanager
    def lend(self, store: Store, system: str, host: Host, *, writing: bool) -> Iterator[Repository]:
        """Let a host use a system's repository during the block, as it is to be called there.

        Raises:
            RepositoryMissingError: as `open`; or the host does not find it: it is a directory of this machine.
        """
        repository = self.open(store, system)
        try:
            yield repository
        except errors.RepositoryMissingError as error:
            if host.connection == "local" or not isinstance(store.holder, Directory):
                raise
            hint = "to copy other hosts a vault must be a server: `rest: https://…` in holdfast.yml"
            if not writing:
                hint = f"bring it back here and take it there: holdfast backup restore {system} --to DIR"
            raise errors.RepositoryMissingError(
                f"{host.name} does not find {store.label}, which is a directory of this machine", hint=hint
            ) from error

    def make(self, store: Store, system: str, like: Repository | None = None) -> Repository:
        """Make a system's repository in a store that has never had one, and record it.

        It is made under another name and put in place whole, so that a killed run leaves nothing half made.

        Raises:
            OtherRepositoryError: something stands there already that our key does not open.
        """
        with errors.naming(f"{store.label} or its key"):
            password = self._new_password(store, system)
            repository = store.holder.repository(system, password)
            spare = self.state / "making" / hashlib.sha256(f"{store.label} {system} ".encode() + password).hexdigest()
            if store.holder.is_taken(system):
                self._adopt(store, system, repository)
            else:
                with store.holder.nursery(system, spare) as nursery:
                    if not (nursery / "config").exists():
                        self.restic.init(Repository(str(nursery), password), like=like)
        digest = store.holder.digest(system)
        assert digest is not None
        body = {"kind": store.kind, "store": store.name, "digest": digest, "path": store.holder.place(system)}
        self.ledger.append("repository.made", body, system=system)
        return repository

    @contextmanager
    def turn(self, store: Store, system: str, repository: Repository) -> Iterator[list[str]]:
        """Take the turn at a repository; yields notes on locks left by dead runs, which are removed.

        Raises:
            RepositoryLockedError: another Holdfast works on it.
        """
        name = f"{store.kind}-{store.name}-{system}"
        with locks.turn(self.state / "turns", name, self.clock.now()) as (broken, here):
            yield list(self._remove_dead(store, system, repository, broken, here))

    def describe_locks(self, store: Store, system: str, repository: Repository) -> str:
        """Return who holds a repository's locks, in words."""
        held = self._locks(store, system, repository)
        return "; ".join(f"{lock.user} on {lock.host}, process {lock.pid}, since {lock.time}" for lock in held)

    def _locks(self, store: Store, system: str, repository: Repository) -> Iterator[Lock]:
        for name in store.holder.names(system, "locks"):
            try:
                yield self.restic.lock(repository, name)
            except errors.ResticError:
                if name in store.holder.names(system, "locks"):  # else its owner has just let go of it
                    raise

    def _remove_dead(
        self, store: Store, system: str, repository: Repository, broken: locks.Turn | None, here: locks.Turn
    ) -> Iterator[str]:
        for lock in self._locks(store, system, repository):
            proof = locks.judge(lock, broken, here, locks.process_started)
            if proof.dead:
                body = {"kind": store.kind, "store": store.name, "lock": lock.id, "reason": proof.reason}
                self.ledger.append("lock.removed", body, system=system)
                store.holder.remove_lock(system, lock.id)
                yield f"a lock left by a dead run was removed: {proof.reason}"

    def _adopt(self, store: Store, system: str, repository: Repository) -> None:
        """Accept a repository we made but had no time to record: our key opens it, and it is empty."""
        try:
            if store.holder.digest(system) is not None and not self.restic.snapshots(repository):
                return
        except errors.ResticError:
            pass
        raise errors.OtherRepositoryError(
            f"{store.holder.place(system)} is there already and the ledger does not know it",
            hint="look at what it is and move it away; Holdfast neither uses nor removes it",
        )

    def _password(self, store: Store, system: str) -> bytes:
        file = self.key_file(store, system)
        hint = f"bring back {file} from your escrow; without it this copy is lost"
        try:
            password = file.read_bytes()
        except OSError as error:
            raise errors.KeyMissingError(
                f"the key of {system} in {store.label} cannot be read: {error.strerror}", hint=hint
            ) from error
        if not password.strip():
            raise errors.KeyMissingError(f"the key of {system} in {store.label} is empty: {file}", hint=hint)
        return password

    def _new_password(self, store: Store, system: str) -> bytes:
        file = self.key_file(store, system)
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with suppress(FileExistsError):  # whole or not there: a run killed here must leave no empty key
            durable.write(file, secrets.token_hex(32).encode(), mode=0o600, replace=False)
        return self._password(store, system)
