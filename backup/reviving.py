"""The PostgreSQL databases of one restore that go to one server: roles first, loaded beside, counted, renamed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from backup import complaints, manifest
from backup.errors import AnswerError
from backup.machines import Machine
from backup.manifest import Manifest, Source
from backup.onhost import order
from backup.onhost.databases import Database
from backup.restic import OnProgress
from backup.restic_command import Repository
from inventory.command import Command, Outcome
from inventory.errors import HoldfastError
from inventory.ssh import plain
from inventory.system import Canary
from inventory.verdict import InDoubtError, NoSuchRunError

_ATTEMPTS = 9


class Reviving:
    """Databases of a manifest, and the machine whose server they go to."""

    def __init__(self, machine: Machine, host: str, source_host: str, document: Manifest, mark: str, run: str) -> None:
        """Take what of a manifest goes there. `run` is what the loads are named after, if they are to be."""
        self.machine = machine
        self._host, self._source_host = host, source_host
        self._runs: list[str] = []
        own = [source for source in document.sources if source.host == source_host]
        self._roles = next((source for source in own if source.kind == "roles"), None)
        self._run = run
        self.all: list[tuple[Source, Database]] = []
        for source in own:
            if source.kind == "postgresql":
                name = manifest.database_name(source.path)
                one = Database(host, name, mark, str(machine.state), source.tables, source.about)
                self.all.append((source, one))
        self.waiting = self.all

    def look(self, *, overwrite: bool) -> None:
        """Look which of them are in place already; nothing is written.

        Raises:
            TargetInUseError: another database with data is in the way of one, and `overwrite` is False.
            StorageError: there is no room.
            HoldfastError: the server or its host does not answer.
        """
        said = self._said([one for _, one in self.all])
        answer = self.machine.ask("databases look", databases=said, overwrite=overwrite)
        self.waiting = [self.all[index] for index in answer["waiting"]]

    def read(self, repository: Repository, progress: OnProgress) -> list[str]:
        """Make the roles that are missing, load every database beside its place, and count; returns what differs."""
        problems: list[str] = []
        for number, (source, one) in enumerate(self.all, 1):
            if (source, one) in self.waiting:
                progress(f"{one.shown}: loading", None)
                problems += self._load(repository, source, one, number)
        return problems

    def put(self, canary: Canary | None) -> str | None:
        """Rename everything to where it belongs; returns what the canary answers on one of them, as text."""
        if not self.waiting:
            return None
        waiting = [one for _, one in self.waiting]
        fits = canary is not None and canary.host == self._source_host and canary.sql in {one.name for one in waiting}
        sql, query = (canary.sql, canary.query) if canary is not None and fits else ("", "")
        answer = self.machine.ask("databases put", databases=self._said(waiting), sql=sql, query=query)["newest"]
        return None if answer is None else str(answer)

    def forget(self) -> None:
        """Give up what the host keeps of the runs."""
        for run in self._runs:
            self.machine.forget(run)

    def _load(self, repository: Repository, source: Source, one: Database, number: int) -> list[str]:
        """Have our program there read a dump, load it and count; returns what differs, or what restic found damaged.

        Raises:
            HoldfastError: restic or PostgreSQL failed.
        """
        said = self._followed(self._command(repository, source, one), number)
        try:
            if "error" in said:
                raise order.to_error({name: plain(str(text)) for name, text in said["error"].items()}, self._host)
            answer = said["answer"]
            code, words = int(answer["reader"]), plain(str(answer["said"]))
            if code and not complaints.is_damage(words):
                raise self.machine.restic.failure(code, words, repository)
        except HoldfastError:
            self.forget()  # the next attempt must not be given this end
            raise
        damage = [f"{source.host}:{source.path}: {words}"] if code else []
        return [*damage, *(str(each) for each in answer["differences"])]

    def _command(self, repository: Repository, source: Source, one: Database) -> Command:
        """Return the call of our program; the first database brings the roles along."""
        restic, roles = self.machine.restic, self._roles if one is self.waiting[0][1] else None
        dump = restic.dump_command(repository, source.snapshot, source.stored)
        first: Command | None = None
        if roles is not None:
            first = renamed(restic.dump_command(repository, roles.snapshot, roles.stored), "roles-")
        words = first.argv if first is not None else ()
        return replace(
            dump,
            argv=(*self.machine.program, "load", str(len(words)), *words, *dump.argv),
            secrets={**dump.secrets, **(first.secrets if first is not None else {})},
            stdin=json.dumps({"database": asdict(one)}).encode(),
        )

    def _followed(self, command: Command, number: int) -> dict[str, Any]:
        """Run it, and return what it said at its end.

        A run of ours that goes on is followed. One that came to no end, or was given up, is begun anew under the next
        name: a host takes each only once, and all a run does is beside the database's place.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            run = f"{self._run}-{number}-{attempt}" if self._run else ""
            try:
                outcome = self.machine.run(command, name=run or None)
            except (InDoubtError, NoSuchRunError):
                if not run or attempt == _ATTEMPTS:
                    raise
                continue
            self._runs += [run] if run else []
            return _last(outcome, self._host)
        raise AssertionError(command)

    def _said(self, databases: Sequence[Database]) -> list[dict[str, object]]:
        return [asdict(one) for one in databases]


def renamed(command: Command, prefix: str) -> Command:
    """Return a command whose secrets have other names, so that two can be one."""
    secrets = {prefix + name: value for name, value in command.secrets.items()}

    def fill(text: str) -> str:
        for name in command.secrets:
            text = text.replace("{secret:" + name + "}", "{secret:" + prefix + name + "}")
        return text

    return replace(command, argv=tuple(map(fill, command.argv)), secrets=secrets)


def _last(outcome: Outcome, host: str) -> dict[str, Any]:
    """Return the last line our program wrote."""
    last = (outcome.stdout.strip().splitlines() or [""])[-1]
    try:
        said = json.loads(last)
        if "error" not in said:
            int(said["answer"]["reader"]), str(said["answer"]["said"]), list(said["answer"]["differences"])
    except (ValueError, KeyError, TypeError) as error:
        raise AnswerError(
            f"our program on {host} ended with {outcome.exit_code}: {plain(outcome.stderr) or plain(last)[:200]}",
            hint=f"holdfast inventory host prepare {host}",
        ) from error
    return dict(said)
