"""Where data lies or goes to: this machine, or a host reached over SSH. The same functions do the work on both."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn, Protocol

from backup import onhost
from backup.depot import Depot
from backup.errors import AnswerError
from backup.manifest import Comparison, Entry, Manifest
from backup.onhost import landing, order, room, survey
from backup.onhost.landing import Place
from backup.onhost.survey import Found, Tell, Wanted
from backup.restic import Restic
from inventory import reach
from inventory.command import Command
from inventory.errors import HoldfastError
from inventory.ssh import NotPreparedError, Ssh, plain
from inventory.system import Host


class Machine(Protocol):
    """What is done where the data is. Errors are those of `backup.onhost`, and that the host cannot be reached."""

    name: str
    restic: Restic

    def survey(self, wanted: Wanted, tell: Tell) -> tuple[Found, Path]:
        """Stage and list what is wanted; returns it and the file that names what restic must leave out."""
        ...

    def changed(self, found: Found, staging: Path) -> set[tuple[str, str]]:
        """Return the files that changed since they were listed."""
        ...

    def clear(self, staging: Path) -> None:
        """Remove what was staged."""
        ...

    def waiting(self, places: Sequence[Place], document: Manifest) -> list[Place]:
        """Return the places where not exactly that is which the manifest says."""
        ...

    def make_ready(self, places: Sequence[Place], document: Manifest, *, overwrite: bool) -> None:
        """Refuse before anything is written if something is in the way, or there is no room."""
        ...

    def begin(self, places: Sequence[Place], index: int, *, anew: bool = False) -> bool:
        """Make one place's empty folder to read into; False if its own run has begun already (see `landing.begin`)."""
        ...

    def compare(self, place: Place, document: Manifest) -> Comparison:
        """Hold what was read against the manifest."""
        ...

    def put(self, places: Sequence[Place]) -> None:
        """Rename everything to where it belongs."""
        ...

    def give_up(self, places: Sequence[Place], fault: OSError) -> NoReturn:
        """Remove what was read, and say that the target can take no more.

        Raises:
            StorageError: always.
        """
        ...

    def forget(self, run: str) -> None:
        """Give up the result of a run that can be come back to."""
        ...


class Here:
    """This machine, as the user who runs Holdfast."""

    def __init__(self, restic: Restic, *, owners: bool) -> None:
        """Take `owners` for: users and groups can be restored, so they are compared."""
        self.name = "this machine"
        self.restic = restic
        self._owners = owners

    def survey(self, wanted: Wanted, tell: Tell) -> tuple[Found, Path]:
        """See `Machine`."""
        found = survey.survey(wanted, tell)
        exclude = Path(wanted.staging).parent / "exclude"
        with exclude.open(
            "a", errors="surrogateescape"
        ) as file:  # one for all hosts that are directories of this machine
            file.write(survey.exclusions(found))
        return found, exclude

    def changed(self, found: Found, staging: Path) -> set[tuple[str, str]]:
        """See `Machine`."""
        del staging
        return survey.changed(found.where, found.seen)

    def clear(self, staging: Path) -> None:
        """See `Machine`."""
        survey.clear(staging.parent)

    def waiting(self, places: Sequence[Place], document: Manifest) -> list[Place]:
        """See `Machine`."""
        return [place for place in places if not landing.already_there(place, document, owners=self._owners)]

    def make_ready(self, places: Sequence[Place], document: Manifest, *, overwrite: bool) -> None:
        """See `Machine`."""
        with room.giving_up(places):
            room.make_ready(places, document, overwrite=overwrite)

    def begin(self, places: Sequence[Place], index: int, *, anew: bool = False) -> bool:
        """See `Machine`."""
        with room.giving_up(places):
            return landing.begin(places[index], anew=anew)
        raise AssertionError(places)

    def compare(self, place: Place, document: Manifest) -> Comparison:
        """See `Machine`."""
        return landing.judge(place, document, owners=self._owners)

    def put(self, places: Sequence[Place]) -> None:
        """See `Machine`."""
        with room.giving_up(places):
            landing.put_all_in_place(places)

    def give_up(self, places: Sequence[Place], fault: OSError) -> NoReturn:
        """See `Machine`."""
        with room.giving_up(places):
            raise fault
        raise AssertionError(fault)

    def forget(self, run: str) -> None:
        """See `Machine`; here nothing outlives us."""


class There:
    """A host reached over SSH, as root through what `holdfast inventory host prepare` installed."""

    def __init__(self, host: Host, ssh: Ssh, version: str) -> None:
        self.host = host
        self.name = host.name
        self._ssh = ssh
        self.restic = Restic(onhost.RESTIC, Path(onhost.STATE) / "cache", run=self.run, version=version)

    def survey(self, wanted: Wanted, tell: Tell) -> tuple[Found, Path]:
        """See `Machine`."""
        entries: list[Entry] = []
        answer = self._ask("survey", {"wanted": order.from_wanted(wanted)}, tell, entries)
        return order.to_found(answer, entries), Path(answer["exclude"])

    def changed(self, found: Found, staging: Path) -> set[tuple[str, str]]:
        """See `Machine`."""
        del found
        return {(host, path) for host, path in self._ask("changed", {"staging": str(staging)})["changed"]}

    def clear(self, staging: Path) -> None:
        """See `Machine`."""
        self._ask("clear", {"staging": str(staging)})

    def waiting(self, places: Sequence[Place], document: Manifest) -> list[Place]:
        """See `Machine`."""
        return [places[index] for index in self._ask("look", self._of(places, document))["waiting"]]

    def make_ready(self, places: Sequence[Place], document: Manifest, *, overwrite: bool) -> None:
        """See `Machine`."""
        self._ask("make ready", {**self._of(places, document), "overwrite": overwrite})

    def begin(self, places: Sequence[Place], index: int, *, anew: bool = False) -> bool:
        """See `Machine`."""
        return bool(self._ask("begin", {**self._of(places), "index": index, "anew": anew})["begun"])

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
        """See `Machine`."""
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
                entries.extend(order.entries_of(said["entries"]))
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


def of(depot: Depot, host: Host, *, owners: bool) -> Machine:
    """Return where a host's data is handled; `owners` is about this machine only, elsewhere root does it."""
    if host.connection == "local":
        return Here(depot.restic, owners=owners)
    return There(host, depot.site.ssh, depot.restic.version)


def _parsed(line: str, host: str) -> dict[str, Any]:
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise AnswerError(f"{host} answers what Holdfast does not understand: {plain(line)[:200]}")
    return said


def _unprepared(error: HoldfastError, command: Command, host: Host) -> HoldfastError:
    """Turn the failure to start our own program into what it means."""
    if f"{command.argv[0]} is not installed" in error.message or "does not name" in error.message:
        return NotPreparedError(
            f"{host.name} is not prepared for copies: {error.message}",
            hint=f"holdfast inventory host prepare {host.name}",
        )
    return error
