"""This machine as the place of data: what `machines.Machine` asks for, by a call."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from backup import onhost
from backup.comparison import Comparison
from backup.manifest import Manifest
from backup.onhost import landing, room, service, survey
from backup.onhost.landing import Place
from backup.onhost.survey import Found, Tell, Wanted
from backup.restic import Restic
from inventory import reach
from inventory.command import Command
from ledger import durable


class Here:
    """This machine, as the user who runs Holdfast."""

    def __init__(self, restic: Restic, state: Path, *, owners: bool) -> None:
        """Take `owners` for: users and groups can be restored, so they are compared."""
        self.name = "this machine"
        self.restic = restic
        self.state = state
        self._owners = owners

    @property
    def program(self) -> tuple[str, ...]:
        """See `Machine`; it is written anew, as it may be another version's."""
        file = self.state / "copies"
        self.state.mkdir(parents=True, exist_ok=True, mode=0o700)
        durable.write(file, onhost.program())
        return (sys.executable, "-I", str(file))

    def ask(self, do: str, **content: Any) -> dict[str, Any]:
        """See `Machine`."""
        return service.carry_out({"do": do, **content}, lambda _: None)

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

    def waiting(self, places: Sequence[Place], document: Manifest, *, overwrite: bool) -> list[Place]:
        """See `Machine`."""
        found = landing.look(places, document, owners=self._owners, overwrite=overwrite)
        return [places[at] for at in found]

    def make_ready(self, places: Sequence[Place], document: Manifest) -> list[str]:
        """See `Machine`."""
        with room.giving_up(places):
            return room.make_ready(places, document)
        raise AssertionError(places)

    def begin_anew(self, places: Sequence[Place], index: int) -> str:
        """See `Machine`."""
        with room.giving_up(places):
            return landing.begin(places[index], anew=True)
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

    def run(self, command: Command, *, name: str | None = None) -> reach.Outcome:
        """See `Machine`."""
        return reach.run(command, name=name)

    def forget(self, run: str) -> None:
        """See `Machine`; here nothing outlives us."""
