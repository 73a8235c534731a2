"""The PostgreSQL databases of one restore that go to one server: roles first, loaded beside, counted, renamed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace

from backup import complaints, manifest
from backup.errors import AnswerError
from backup.machines import Machine
from backup.manifest import Manifest, Source
from backup.onhost import order
from backup.onhost.databases import Database
from backup.restic import OnProgress
from backup.restic_command import Repository
from inventory.ssh import plain
from inventory.verdict import InDoubtError, NoSuchRunError


class Reviving:
    """Databases of a manifest, and the machine whose server they go to."""

    def __init__(self, machine: Machine, host: str, source_host: str, document: Manifest, mark: str, run: str) -> None:
        """Look which of them are in place already. `run` is what the loads are named after, if they are to be.

        Raises:
            HoldfastError: the server or its host does not answer.
        """
        self.machine = machine
        self._host = host
        self._runs: list[str] = []
        own = [source for source in document.sources if source.host == source_host]
        self._roles = next((source for source in own if source.kind == "roles"), None)
        self.all: list[tuple[Source, Database]] = []
        for source in own:
            if source.kind == "postgresql":
                name = manifest.database_name(source.path)
                named = f"{run}-{len(self.all) + 1}" if run else ""
                one = Database(host, name, mark, str(machine.state), source.tables, source.about, named)
                self.all.append((source, one))
        answer = machine.ask("databases waiting", databases=self._said([one for _, one in self.all]))
        self.waiting = [self.all[index] for index in answer["waiting"]]

    def make_ready(self, *, overwrite: bool) -> None:
        """Refuse before anything is written if something is in the way, or there is no room.

        Raises:
            TargetInUseError, StorageError: that is so.
        """
        if self.waiting:
            self.machine.ask("databases ready", databases=self._said(self._databases()), overwrite=overwrite)

    def read(self, repository: Repository, progress: OnProgress) -> list[str]:
        """Make the roles that are missing, load every database beside its place, and count; returns what differs."""
        problems: list[str] = []
        if self.waiting and self._roles is not None:
            progress(f"{self._host}: roles", None)
            problems += self._load(repository, self._roles, "", "")
        for source, one in [] if problems else self.waiting:
            progress(f"{one.shown}: loading", None)
            problems += self._loaded(repository, source, one) or self._judged(one, progress)
        return problems

    def put(self) -> None:
        """Rename everything to where it belongs."""
        if self.waiting:
            self.machine.ask("databases put", databases=self._said(self._databases()))

    def forget(self) -> None:
        """Give up what the host keeps of the runs."""
        for run in self._runs:
            self.machine.forget(run)

    def _judged(self, one: Database, progress: OnProgress) -> list[str]:
        progress(f"{one.shown}: counting", None)
        found = self.machine.ask("database judge", databases=self._said([one]))
        return [str(each) for each in found["differences"]]

    def _loaded(self, repository: Repository, source: Source, one: Database) -> list[str]:
        """Load one database; a run of ours that goes on is followed, one that came to no end is begun anew."""
        try:
            return self._load(repository, source, one.beside, self._begun(one, anew=False))
        except (InDoubtError, NoSuchRunError):
            if not one.run:
                raise
            return self._load(repository, source, one.beside, self._begun(one, anew=True))

    def _begun(self, one: Database, *, anew: bool) -> str:
        """Have an empty database beside, unless the run that loads it goes on; returns the run's name."""
        run = str(self.machine.ask("database begin", databases=self._said([one]), anew=anew)["run"])
        self._runs += [run] if run else []
        return run

    def _load(self, repository: Repository, source: Source, database: str, run: str) -> list[str]:
        """Have our program there read a dump and load it; returns what restic found damaged.

        Raises:
            HoldfastError: restic or PostgreSQL failed.
        """
        machine = self.machine
        dump = machine.restic.dump_command(repository, source.snapshot, source.stored)
        command = replace(dump, argv=(*machine.program, "load", database, *dump.argv))
        outcome = machine.run(command, name=run or None)
        last = (outcome.stdout.strip().splitlines() or [""])[-1]
        try:
            said = json.loads(last)
            if "error" in said:
                raise order.to_error({name: plain(str(text)) for name, text in said["error"].items()}, self._host)
            code, words = int(said["answer"]["reader"]), plain(str(said["answer"]["said"]))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise AnswerError(
                f"our program on {self._host} ended with {outcome.exit_code}: {plain(outcome.stderr) or last[:200]}",
                hint=f"holdfast inventory host prepare {self._host}",
            ) from error
        if code and complaints.is_damage(words):
            return [f"{source.host}:{source.path}: {words}"]
        if code:
            raise machine.restic.failure(code, words, repository)
        return []

    def _databases(self) -> list[Database]:
        return [one for _, one in self.waiting]

    def _said(self, databases: Sequence[Database]) -> list[dict[str, object]]:
        return [asdict(one) for one in databases]
