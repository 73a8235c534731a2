"""A host as the place of data: what `machines.Machine` asks for, done by our program there, as root over SSH."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from backup import onhost
from backup.comparison import Comparison
from backup.errors import AnswerError
from backup.manifest import Entry, Manifest
from backup.onhost import order
from backup.onhost.landing import Place
from backup.onhost.survey import Found, Tell, Wanted
from backup.restic import Restic
from inventory import reach
from inventory.command import Command
from inventory.errors import HoldfastError
from inventory.ssh import NotPreparedError, Ssh, plain
from inventory.system import Host


class There:
    """A host reached over SSH, as root through what `holdfast inventory host prepare` installed."""

    def __init__(self, host: Host, ssh: Ssh, version: str) -> None:
        self.host = host
        self.name = host.name
        self.state = Path(onhost.STATE)
        self._ssh = ssh
        self.restic = Restic(onhost.RESTIC, Path(onhost.STATE) / "cache", run=self.run, version=version)

    @property
    def program(self) -> tuple[str, ...]:
        """See `Machine`."""
        return (onhost.INSTALLED,)

    def ask(self, do: str, **content: Any) -> dict[str, Any]:
        """See `Machine`."""
        return self._ask(do, content)

    def survey(self, wanted: Wanted, tell: Tell) -> tuple[Found, Path]:
        """See `Machine`."""
        entries: list[Entry] = []
        answer = self._ask("survey", {"wanted": order.from_wanted(wanted)}, tell, entries)
        try:
            return order.to_found(answer, entries), Path(answer["exclude"])
        except (KeyError, TypeError, ValueError) as error:
            raise _strange(self.name, repr(error)) from error

    def changed(self, found: Found, staging: Path) -> set[tuple[str, str]]:
        """See `Machine`."""
        del found
        return {(host, path) for host, path in self._ask("changed", {"staging": str(staging)})["changed"]}

    def clear(self, staging: Path) -> None:
        """See `Machine`."""
        self._ask("clear", {"staging": str(staging)})

    def waiting(self, places: Sequence[Place], document: Manifest, *, overwrite: bool) -> list[Place]:
        """See `Machine`."""
        answer = self._ask("look", {**self._of(places, document), "overwrite": overwrite})
        return [places[at] for at in answer["waiting"]]

    def make_ready(self, places: Sequence[Place], document: Manifest) -> list[str]:
        """See `Machine`."""
        answer = self._ask("make ready", self._of(places, document))
        return [str(run) for run in answer["runs"]]

    def begin_anew(self, places: Sequence[Place], index: int) -> str:
        """See `Machine`."""
        return str(self._ask("begin", {**self._of(places), "index": index})["run"])

    def compare(self, place: Place, document: Manifest) -> Comparison:
        """See `Machine`."""
        return order.to_comparison(self._ask("compare", self._of([place], document)))

    def put(self, places: Sequence[Place]) -> None:
        """See `Machine`."""
        self._ask("put", self._of(places))

    def give_up(self, places: Sequence[Place], fault: OSError) -> NoReturn:
        """See `Machine`."""
        self._ask("give up", {**self._of(places), "errno": fault.errno, "file": str(fault.filename)})
        raise fault

    def forget(self, run: str) -> None:
        """See `Machine`. A host that cannot do it now does it by itself in a week."""
        with suppress(HoldfastError):
            reach.forget(run, on=self.host, ssh=self._ssh, as_root=True)

    def run(
        self,
        command: Command,
        *,
        name: str | None = None,
        on_stdout: reach.LineHandler | None = None,
        on_stderr: reach.LineHandler | None = None,
    ) -> reach.Outcome:
        """Run a program there, as root."""
        rooted = Command(
            command.argv, command.env, command.cwd, command.secrets, command.stdin, command.limit, as_root=True
        )
        try:
            return reach.run(rooted, on=self.host, ssh=self._ssh, name=name, on_stdout=on_stdout, on_stderr=on_stderr)
        except HoldfastError as error:
            raise _unprepared(error, command, self.host) from error

    def _of(self, places: Sequence[Place], document: Manifest | None = None) -> Mapping[str, Any]:
        said: dict[str, Any] = {"places": [order.from_place(place) for place in places]}
        if document is not None:
            said["document"] = order.from_document(document, {place.source.host for place in places})
        return said

    def _ask(
        self, do: str, content: Mapping[str, Any], tell: Tell | None = None, entries: list[Entry] | None = None
    ) -> dict[str, Any]:
        """Have one order done and return its answer.

        Raises:
            HoldfastError: what went wrong there, or that the host is not prepared for this version.
        """
        asked = json.dumps({"digest": onhost.digest(), "do": do, **content}).encode()
        answers: list[dict[str, Any]] = []

        def listen(line: str) -> None:
            said = _parsed(line, self.name)
            if "tell" in said and tell is not None:
                tell(plain(str(said["tell"][0])), said["tell"][1])
            elif "entries" in said and entries is not None:
                entries.extend(_entries(said["entries"], self.name))
            else:
                answers.append(said)

        outcome = self.run(Command((onhost.INSTALLED,), stdin=asked), on_stdout=listen)
        last = answers[-1] if answers else {}
        if "error" in last:
            said = {name: plain(str(text)) for name, text in last["error"].items()}
            raise order.to_error(said, self.name)
        if "answer" not in last:
            raise AnswerError(
                f"{onhost.INSTALLED} on {self.name} ended with {outcome.exit_code}: {plain(outcome.stderr)[-300:]}",
                hint=f"holdfast inventory host prepare {self.name}",
            )
        if "version" in last["answer"]:
            raise NotPreparedError(
                f"{onhost.INSTALLED} on {self.name} is of another version of Holdfast",
                hint=f"prepare it again: holdfast inventory host prepare {self.name}",
            )
        return dict(last["answer"])


def _parsed(line: str, host: str) -> dict[str, Any]:
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise _strange(host, line)
    return said


def _entries(piece: Any, host: str) -> list[Entry]:
    try:
        return order.entries_of(piece)
    except (TypeError, ValueError) as error:
        raise _strange(host, repr(error)) from error


def _strange(host: str, said: str) -> AnswerError:
    return AnswerError(
        f"{host} answers what Holdfast does not understand: {plain(said)[:200]}",
        hint=f"look at what is installed there, then: holdfast inventory host prepare {host}",
    )


def _unprepared(error: HoldfastError, command: Command, host: Host) -> HoldfastError:
    """Turn the failure to start our own program into what it means."""
    if f"{command.argv[0]} is not installed" in error.message or "does not name" in error.message:
        return NotPreparedError(
            f"{host.name} is not prepared for copies: {error.message}",
            hint=f"holdfast inventory host prepare {host.name}",
        )
    return error
