"""Where data lies or goes to: this machine, or a host reached over SSH. The same functions do the work on both."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn, Protocol

from backup.comparison import Comparison
from backup.depot import Depot
from backup.here import Here
from backup.manifest import Manifest
from backup.onhost.landing import Place
from backup.onhost.survey import Found, Tell, Wanted
from backup.restic import Restic
from backup.there import There
from inventory.command import Command, Outcome
from inventory.system import Host


class Machine(Protocol):
    """What is done where the data is. Errors are those of `backup.onhost`, and that the host cannot be reached."""

    name: str
    restic: Restic
    state: Path
    """Where it keeps what is needed between two orders."""

    @property
    def program(self) -> tuple[str, ...]:
        """Return how our program is called there."""
        ...

    def ask(self, do: str, **content: Any) -> dict[str, Any]:
        """Have one order of `backup.onhost.service` carried out, and return its answer."""
        ...

    def survey(self, wanted: Wanted, tell: Tell) -> tuple[Found, Path]:
        """Stage and list what is wanted; returns it and the file that names what restic must leave out."""
        ...

    def changed(self, found: Found, staging: Path) -> set[tuple[str, str]]:
        """Return the files that changed since they were listed."""
        ...

    def clear(self, staging: Path) -> None:
        """Remove what was staged."""
        ...

    def waiting(self, places: Sequence[Place], document: Manifest, *, overwrite: bool) -> list[Place]:
        """Return the places where not exactly that is which the manifest says; refuse what is in use."""
        ...

    def make_ready(self, places: Sequence[Place], document: Manifest) -> list[str]:
        """Refuse if there is no room; else make the folders to read into. Returns each run's name (`landing.begin`)."""
        ...

    def begin_anew(self, places: Sequence[Place], index: int) -> str:
        """Make one place's folder empty again, and return the name of its new run."""
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

    def run(self, command: Command, *, name: str | None = None) -> Outcome:
        """Run a program there, on a host as root; a run with a name can be come back to."""
        ...

    def forget(self, run: str) -> None:
        """Give up the result of a run that can be come back to."""
        ...


def of(depot: Depot, host: Host, *, owners: bool) -> Machine:
    """Return where a host's data is handled; `owners` is about this machine only, elsewhere root does it."""
    if host.connection == "local":
        return Here(depot.restic, depot.state / "onhost", owners=owners)
    return There(host, depot.ssh, depot.restic.version)
