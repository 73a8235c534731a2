"""The door to restic: run it, read its answer, turn failure into a named error."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from backup import complaints, errors, hearing, messages, restic_command
from backup.hearing import OnProgress as OnProgress
from backup.hearing import silent as silent
from backup.restic_command import Program, Repository
from inventory import reach
from inventory.errors import HoldfastError, MissingToolError

OLDEST = (0, 17)
_MISSING, _LOCKED, _PASSWORD, _INCOMPLETE, _INTERRUPTED = 10, 11, 12, 3, 130
_CLEAN = "no errors were found"


@dataclass(frozen=True)
class Taken:
    """A snapshot that was taken, what could not be read for it (then it is incomplete), what its program said."""

    summary: messages.BackupSummary
    problems: tuple[str, ...]
    said: tuple[str, ...] = ()


@dataclass(frozen=True)
class Restored:
    """What restic brought back, and what it could not."""

    files: int
    bytes: int
    problems: tuple[str, ...]


def find(environment: Mapping[str, str], checkout: Path | None = None) -> str:
    """Return which restic to use: HOLDFAST_RESTIC, then `.tools/restic` of a checkout, then the PATH's."""
    if environment.get("HOLDFAST_RESTIC"):
        return environment["HOLDFAST_RESTIC"]
    if checkout is not None and (checkout / "pyproject.toml").is_file() and (checkout / ".tools" / "restic").is_file():
        return str(checkout / ".tools" / "restic")
    return "restic"


class Runner(Protocol):
    """Runs a command to its end, here or on a host; a run with a name can be come back to."""

    def __call__(
        self,
        command: reach.Command,
        *,
        name: str | None = None,
        on_stdout: reach.LineHandler | None = None,
        on_stderr: reach.LineHandler | None = None,
    ) -> reach.Outcome:
        """Return how it ended."""
        ...


class Restic:
    """restic, as one program with one cache. Raises named errors of `backup.errors`."""

    def __init__(self, path: str, cache: Path, *, run: Runner = reach.run, version: str = "") -> None:
        """Take the restic of this machine or, with `run`, of a host; its version is asked for if it is not known.

        Raises:
            MissingToolError: it does not work, or is too old.
        """
        self.program = Program(path, cache)
        self._run = run
        self.version = version or self._version()

    def init(self, new: Repository, *, like: Repository | None = None) -> str:
        """Make a repository and return its id."""
        heard = self._talk(restic_command.init(self.program, new, like=like), new)
        for message in heard:
            if isinstance(message, messages.Made):
                return message.repository
        raise errors.AnswerError("restic made no repository and gave no reason")

    def backup(
        self,
        repository: Repository,
        paths: Sequence[Path],
        *,
        host: str,
        tags: Sequence[str],
        exclude: Path | None = None,
        progress: OnProgress = silent,
    ) -> Taken:
        """Take a snapshot; files it could not read are named, and the snapshot is kept."""
        command = restic_command.backup(self.program, repository, paths, host=host, tags=tags, exclude=exclude)
        return self._taken(command, repository, progress)

    def backup_output(
        self,
        repository: Repository,
        name: str,
        argv: Sequence[str],
        *,
        host: str,
        tags: Sequence[str],
        progress: OnProgress = silent,
    ) -> Taken:
        """Take a snapshot of what a program writes, as the file `/name`; there is none unless the program ends well.

        Raises:
            CommandFailedError: the program failed, and said why.
        """
        command = restic_command.backup_output(self.program, repository, name, argv, host=host, tags=tags)
        said: list[str] = []
        try:
            taken = self._taken(command, repository, progress, said)
            return replace(taken, said=tuple(line for line in said if line.startswith("subprocess ")))
        except errors.ResticError as error:
            if words := [line.partition(": ")[2] for line in said if line.startswith("subprocess ")]:
                raise errors.CommandFailedError("; ".join(words[-3:]), hint=error.hint) from error
            raise

    def dump_command(self, repository: Repository, snapshot: str, path: str) -> reach.Command:
        """Return the call that writes one file of a snapshot to its output, for a program that reads it."""
        return restic_command.dump(self.program, repository, snapshot, path)

    def failure(self, code: int, said: str, repository: Repository) -> HoldfastError:
        """Return the error for a call of `dump_command` that another program made."""
        return _named(reach.Outcome(code, "", said, 0.0), repository)

    def _taken(
        self, command: reach.Command, repository: Repository, progress: OnProgress, said: list[str] | None = None
    ) -> Taken:
        heard = self._talk(command, repository, progress=progress, allowed=(_INCOMPLETE,), said=said)
        summary = next((message for message in heard if isinstance(message, messages.BackupSummary)), None)
        if summary is None or not summary.snapshot:
            raise errors.AnswerError("restic ended without a snapshot and gave no reason")
        return Taken(summary, complaints.distinct(hearing.problems(heard)))

    def snapshots(self, repository: Repository) -> list[messages.Snapshot]:
        """List the snapshots, oldest first."""
        return messages.snapshots(self._read(restic_command.snapshots(self.program, repository), repository))

    def dump(self, repository: Repository, snapshot: str, path: str) -> str:
        """Return one text file of a snapshot."""
        return self._read(restic_command.dump(self.program, repository, snapshot, path), repository)

    def lock(self, repository: Repository, lock: str) -> messages.Lock:
        """Return who holds a lock."""
        return messages.lock(lock, self._read(restic_command.cat_lock(self.program, repository, lock), repository))

    def check(self, repository: Repository, *, read_data: bool, progress: OnProgress = silent) -> tuple[str, ...]:
        """Check a repository and return what is wrong with it (nothing: it is whole)."""
        spoken: list[str] = []
        outcome = self._run(
            restic_command.check(self.program, repository, read_data=read_data),
            on_stdout=hearing.text_progress(progress, spoken),
            on_stderr=spoken.append,
        )
        if outcome.exit_code == 0 and any(line.strip() == _CLEAN for line in spoken):
            return ()
        if outcome.exit_code in (_MISSING, _LOCKED, _PASSWORD, _INTERRUPTED) or outcome.exit_code < 0:
            raise _named(outcome, repository)
        return complaints.of_check(spoken) or (
            f"the check ended with {outcome.exit_code} and no reason: {_last(outcome)}",
        )

    def copy(
        self, source: Repository, target: Repository, ids: Sequence[str], *, progress: OnProgress = silent
    ) -> None:
        """Copy snapshots; whether they arrived must be seen from the target's own list."""
        command = restic_command.copy(self.program, source, target, ids)
        outcome = self._run(command, on_stdout=hearing.text_progress(progress, []))
        if outcome.exit_code != 0:
            raise _named(outcome, target)

    def restore(
        self,
        repository: Repository,
        snapshot: str,
        path: str,
        target: Path,
        *,
        name: str | None = None,
        progress: OnProgress = silent,
    ) -> Restored:
        """Bring back one path of a snapshot into `target`; damage in the repository is named, not raised.

        `name`: on a host, a run that can be come back to.
        """
        command = restic_command.restore(self.program, repository, snapshot, path, target)
        heard = self._talk(command, repository, name=name, progress=progress, allowed=(1,))
        summary = next((message for message in heard if isinstance(message, messages.RestoreSummary)), None)
        problems = complaints.distinct(hearing.problems(heard))
        if summary is None and not problems:
            raise errors.AnswerError("restic ended a restore without a summary and gave no reason")
        return Restored(summary.files if summary else 0, summary.bytes if summary else 0, problems)

    def _talk(
        self,
        command: reach.Command,
        repository: Repository,
        *,
        name: str | None = None,
        progress: OnProgress = silent,
        allowed: Sequence[int] = (),
        said: list[str] | None = None,
    ) -> list[messages.Message]:
        """Run a command that answers in JSON lines; only 0 and `allowed` are no failure."""
        heard: list[messages.Message] = []

        def listen(line: str) -> None:
            message = messages.parse(line)
            if isinstance(message, messages.Progress):
                progress(f"{message.files} files, {message.bytes} bytes", message.share)
            elif not (isinstance(message, messages.Text) and not message.text.strip()):
                heard.append(message)
            if said is not None and isinstance(message, messages.Text):
                said.append(message.text)

        outcome = self._run(command, name=name, on_stdout=listen, on_stderr=listen)
        if name is not None:  # what another process heard of this run is not told again: take all that was kept
            heard.clear()
            for line in hearing.whole_lines(outcome):
                listen(line)
        if outcome.exit_code not in (0, *allowed):
            raise _named(outcome, repository)
        if outcome.exit_code != 0 and not hearing.problems(heard):
            raise _named(outcome, repository)
        return heard

    def _read(self, command: reach.Command, repository: Repository) -> str:
        spoken: list[str] = []
        outcome = self._run(command, on_stdout=spoken.append)
        if outcome.exit_code != 0:
            raise _named(outcome, repository)
        return "\n".join(spoken)

    def _version(self) -> str:
        hint = "run `make restic` in a checkout, or install restic 0.17 or newer and name it in HOLDFAST_RESTIC"
        try:
            outcome = self._run(restic_command.version(self.program))
        except HoldfastError as error:
            raise MissingToolError(f"restic is missing: {error.message}", hint=hint) from error
        found = re.search(r'"version":\s*"(\d+)\.(\d+)[^"]*"|restic (\d+)\.(\d+)', outcome.stdout)
        if outcome.exit_code != 0 or found is None:
            raise MissingToolError(f"{self.program.path} is not a restic that works", hint=hint)
        numbers = tuple(int(part) for part in found.groups() if part is not None)
        text = ".".join(map(str, numbers))
        if numbers < OLDEST:
            raise MissingToolError(f"restic {text} at {self.program.path} is too old; 0.17 is needed", hint=hint)
        exact = re.search(r'"version":\s*"([^"]+)"', outcome.stdout)
        return exact.group(1) if exact else text


def _named(outcome: reach.Outcome, repository: Repository) -> HoldfastError:
    """Return the error an exit code stands for; a code nobody knows is a failure like any other."""
    where = repository.location
    match outcome.exit_code:
        case 10:
            return errors.RepositoryMissingError(
                f"there is no repository at {where}", hint="is it mounted? Holdfast never makes a lost one anew"
            )
        case 11:
            return errors.RepositoryLockedError(
                f"the repository {where} is locked", hint="wait for the other run to end, then run the command again"
            )
        case 12:
            return errors.WrongPasswordError(
                f"the password held for {where} does not open it",
                hint="bring back the right key file from your escrow; nothing was changed",
            )
        case 130:
            return errors.ResticError(f"restic was interrupted at {where}", hint="run the command again to go on")
        case code if code < 0:
            return errors.ResticError(f"restic was killed by signal {-code}", hint="run the command again to go on")
        case code:
            return errors.ResticError(f"restic ended with {code}: {_last(outcome)}", hint=_hint(outcome.stderr))


def _last(outcome: reach.Outcome) -> str:
    for line in reversed((outcome.stdout + "\n" + outcome.stderr).splitlines()):
        if line.strip():
            try:
                message = messages.parse(line)
            except errors.AnswerError:
                return line.strip()[:300]
            if not isinstance(message, messages.Progress):
                return str(getattr(message, "text", line)).strip()[:300]
    return "it said nothing"


def _hint(stderr: str) -> str:
    if "no space left" in stderr.lower() or "file too large" in stderr.lower():
        return "make room on that disk, then run the command again; what was there before is whole"
    if "read-only file system" in stderr.lower() or "permission denied" in stderr.lower():
        return "the disk must be writable for this user"
    return "look at the disk, then run the command again"
