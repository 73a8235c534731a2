"""Bring what a manifest names to its targets: read beside its place everywhere, compare, and only then rename."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace

from backup import machines
from backup.candidates import Candidate
from backup.depot import Depot
from backup.machines import Machine
from backup.manifest import Manifest
from backup.onhost import landing, room
from backup.onhost.landing import Place
from backup.restic import OnProgress, Restored
from backup.restic_command import Repository
from backup.reviving import Reviving
from backup.there import There
from inventory.errors import HoldfastError, UsageError
from inventory.system import Host
from inventory.verdict import InDoubtError, NoSuchRunError

Said = tuple[list[str], list[str]]
"""What differs, and what is only worth saying."""


@dataclass
class _Target:
    """What goes to one machine, and what of it is not in place yet."""

    machine: Machine
    places: list[Place]
    waiting: list[Place]
    runs: list[str] = field(default_factory=list)


class Bringing:
    """One restore: its places, machine by machine. `newest` is what the canary answered, if it was asked."""

    def __init__(
        self,
        depot: Depot,
        candidate: Candidate,
        repository: Repository,
        document: Manifest,
        targets: Mapping[str, Host],
        run_name: str = "",
        *,
        overwrite: bool = False,
    ) -> None:
        """Look what is in place already; nothing is written.

        Raises:
            TargetInUseError: something else is in the way anywhere, and `overwrite` is False.
            UsageError: a host of the snapshot has no target.
            StorageError: a server of databases has no room.
            HoldfastError: a host cannot be reached or is not prepared.
        """
        self._depot, self._candidate = depot, candidate
        self._repository, self._document = repository, document
        self._mark = candidate.snapshot[:8]
        self._lends: dict[str, Repository] = {}
        self._runs: list[tuple[Machine, str]] = []
        self.newest: str | None = None
        self._hosts = {host.name: host for host in targets.values()}
        self._targets = self._look(places(document, targets, self._mark), run_name, overwrite=overwrite)
        self._servers: list[Reviving] = []
        with_databases = [source.host for source in document.sources if source.kind == "postgresql"]
        for number, name in enumerate(dict.fromkeys(with_databases), 1):
            host = targets[name]
            run = f"{run_name}-d{number}" if run_name and host.connection != "local" else ""
            reviving = Reviving(self._machine(host), host.name, name, document, self._mark, run)
            reviving.look(overwrite=overwrite)
            self._servers.append(reviving)

    @property
    def whole(self) -> bool:
        """Tell whether nothing of it was in place already."""
        placed = all(len(target.waiting) == len(target.places) for target in self._targets)
        return placed and all(len(server.waiting) == len(server.all) for server in self._servers)

    def make_ready(self) -> None:
        """Make the folders to read into.

        Raises:
            StorageError: a target has no room; then none has such folders.
        """
        ready: list[_Target] = []
        try:
            for target in self._targets:
                if target.waiting:
                    target.runs = target.machine.make_ready(target.waiting, self._document)
                    ready.append(target)
        except HoldfastError:
            for target in ready:
                with suppress(HoldfastError):
                    target.machine.give_up(target.waiting, OSError(errno.ENOSPC, "", ""))
            raise

    def read(self, progress: OnProgress) -> Said:
        """Read every source beside its place and compare it.

        Raises:
            StorageError: a target can take no more; what was read there is removed.
        """
        problems: list[str] = []
        notes: list[str] = []
        with ExitStack() as lent:
            for target in self._targets:
                if target.waiting:
                    repository = self._lent(target.machine, lent)
                for index in range(len(target.waiting)):
                    differing, said = self._read(target, index, repository, progress)
                    problems += differing
                    notes += said
            for server in self._servers:
                if server.waiting:
                    problems += server.read(self._lent(server.machine, lent), progress)
        return problems, notes

    def put(self) -> None:
        """Rename everything to where it belongs."""
        for target in self._targets:
            if target.waiting:
                target.machine.put(target.waiting)
        canary = self._depot.site.system(self._candidate.system).canary
        for server in self._servers:
            self.newest = server.put(canary) or self.newest

    def forget(self) -> None:
        """Give up what hosts keep of the runs; nobody needs to come back to them."""
        for machine, run in self._runs:
            machine.forget(run)
        for server in self._servers:
            server.forget()

    def _look(self, found: Sequence[Place], run_name: str, *, overwrite: bool) -> list[_Target]:
        """Return what goes to each machine, and what of it is not in place yet."""
        named: dict[str, list[Place]] = {}
        for index, place in enumerate(found):
            away = self._hosts[place.host].connection != "local"
            run = f"{run_name}-{index + 1}" if run_name and away else ""
            named.setdefault(place.host if away else "", []).append(replace(place, run=run))
        machines_ = [(self._machine(self._hosts[own[0].host]), own) for own in named.values()]
        return [
            _Target(machine, own, machine.waiting(own, self._document, overwrite=overwrite))
            for machine, own in machines_
        ]

    def _machine(self, host: Host) -> Machine:
        return machines.of(self._depot, host, owners=os.geteuid() == 0)

    def _lent(self, machine: Machine, lent: ExitStack) -> Repository:
        """Return the repository as that machine is to use it."""
        if not isinstance(machine, There):
            return self._repository
        if machine.name not in self._lends:
            store = self._depot.store_of(self._candidate.kind, self._candidate.store)
            lend = self._depot.lend(store, self._candidate.system, machine.host, writing=False)
            self._lends[machine.name] = lent.enter_context(lend)
        return self._lends[machine.name]

    def _read(self, target: _Target, index: int, repository: Repository, progress: OnProgress) -> Said:
        place, machine = target.waiting[index], target.machine
        name = f"{place.source.host}:{place.source.path}"
        read = self._restored(target, index, repository, lambda text, share: progress(f"{name}: {text}", share))
        if fault := room.fault_of_target(read.problems, place.staging):
            machine.give_up(target.waiting, fault)
        progress(f"{name}: comparing", None)
        found = machine.compare(place, self._document)
        return [*(f"{name}: {problem}" for problem in read.problems), *found.differences], list(found.notes)

    def _restored(self, target: _Target, index: int, repository: Repository, progress: OnProgress) -> Restored:
        """Read one source; a run of ours that goes on is followed, one that came to no end is begun anew."""
        place, machine = target.waiting[index], target.machine
        snapshot = place.source.snapshot or self._candidate.snapshot

        def restore(run: str) -> Restored:
            self._runs += [(machine, run)] if run else []
            return machine.restic.restore(
                repository, snapshot, place.source.stored, place.staging, name=run or None, progress=progress
            )

        try:
            return restore(target.runs[index])
        except (InDoubtError, NoSuchRunError):
            if not place.run:
                raise
            return restore(machine.begin_anew(target.waiting, index))


def places(document: Manifest, targets: Mapping[str, Host], mark: str) -> list[Place]:
    """Return where each source goes: files first, so that a database inside them lands in folders that are there.

    Raises:
        UsageError: a host of the snapshot has no target.
    """
    found: list[Place] = []
    for name in {source.host for source in document.sources} - targets.keys():
        raise UsageError(f"the snapshot holds data of {name}, which has no target", hint="name a target for each host")
    files = [source for source in document.sources if source.kind not in ("postgresql", "roles")]
    for source in sorted(files, key=lambda source: (source.kind != "files", source.path)):
        host = targets[source.host]
        path = landing.real(host.root, source.path)
        above = [
            one.path for one in found if (one.host, one.root) == (host.name, host.root) and one.path in path.parents
        ]
        found.append(Place(source, host.name, host.root, (above[0] if above else path).parent, mark))
    return found
