"""What every command starts from: the site, its state, the clock, the ledger, who acts."""

from __future__ import annotations

import os
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.clock import SystemClock
from inventory.clock import Clock

if TYPE_CHECKING:
    from datetime import date

    from incident.yardstick import Yardstick
    from inventory.outline import SiteFacts
    from inventory.people import Actor
    from inventory.site import Site
    from ledger.ledger import Ledger

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]


class Context:
    """Built once per command; everything is opened when first asked for."""

    def __init__(self, site: Path | None = None, *, debug: bool = False) -> None:
        self._given_site = site
        self.debug = debug
        self.clock: Clock = SystemClock()

    def serve(self, site: Path) -> None:
        """Serve the one site of this control host.

        Raises:
            RefusedError: another one was asked for.
        """
        from inventory.errors import RefusedError

        if self._given_site is not None and self._given_site.resolve() != site.resolve():
            raise RefusedError(
                f"this control host serves {site} only", hint="leave --site away, or run Holdfast as yourself"
            )
        self._given_site = site

    def prefer(self, site: Path) -> None:
        """Take this site unless another one is named."""
        if self._given_site is None and not os.environ.get("HOLDFAST_SITE"):
            self._given_site = site

    @cached_property
    def site(self) -> Site:
        """Return the site, read and checked."""
        from inventory import site
        from inventory.ansible_inventory import Ansible, cache_directory

        return site.load(self.root, ansible=Ansible(cache_directory(os.environ), self.clock.now()))

    @cached_property
    def root(self) -> Path:
        """Return the site's directory, read or not."""
        from inventory import places

        return places.find(self._given_site, os.environ, Path.cwd())

    @cached_property
    def yardstick(self) -> Yardstick:
        """Return what readiness is held against: as kept, if no file of the site changed since, else read anew."""
        from incident import yardstick
        from inventory import kept

        file = kept.file_of(self.root, os.environ)
        mark = kept.fingerprint(self.root, self.clock.now(), Path(__file__).parent.parent)
        with suppress(KeyError, TypeError, ValueError):
            if (content := kept.read(file, mark)) is not None:
                return yardstick.from_json(content)
        found = yardstick.of(self.site)
        if not self.site.settings.inventories:  # what lies elsewhere is not in the fingerprint
            kept.write(file, mark, yardstick.as_json(self.site, found))
        return found

    @property
    def facts(self) -> SiteFacts:
        """Return the site in outline: whole if it was read already, as kept if it was not."""
        return self.site if "site" in self.__dict__ else self.yardstick.site

    @cached_property
    def state(self) -> Path:
        """Return the state directory, made with mode 0700 if new."""
        from inventory import places
        from inventory.errors import HoldfastError

        directory = places.state_directory(self.facts, os.environ)
        try:
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise HoldfastError(
                f"the state directory {directory} cannot be made: {error.strerror}",
                hint="choose another with HOLDFAST_STATE or `state:` in holdfast.yml",
            ) from error
        return directory

    @property
    def today(self) -> date:
        """Return which day it is where the site is."""
        from inventory import days

        return days.local(self.clock.now(), self.site.settings.timezone)

    @cached_property
    def actor(self) -> Actor:
        """Return who runs this command."""
        from inventory import people

        return people.who(people.current_login(), self.site.people, self.today)

    @cached_property
    def ledger(self) -> Ledger:
        """Return the site's ledger, opened; one that was lost is not begun anew."""
        from ledger import lost

        return lost.require(self.any_ledger, self.state)

    @cached_property
    def any_ledger(self) -> Ledger:
        """Return the site's ledger, opened, also where it holds nothing and should: for whoever brings it back."""
        from inventory import login
        from ledger.ledger import Ledger

        if self.facts.in_file:
            return Ledger.open(self.state, self.clock, login.current())
        settings = self.site.settings
        named = settings.ledger_password_file or settings.ledger_password_command or settings.ledger_password_credential
        password = self._ledger_password if named else None
        return Ledger.open(self.state, self.clock, login.current(), url=settings.ledger or "", password=password)

    def _ledger_password(self) -> str:
        from inventory import secret

        settings = self.site.settings
        file = settings.ledger_password_file
        return secret.read(
            "the password of the ledger",
            file=self.site.resolve(file) if file else None,
            command=settings.ledger_password_command,
            credential=settings.ledger_password_credential,
        )


def current(context: typer.Context) -> Context:
    """Return the command's Context."""
    found = context.find_object(Context)
    assert found is not None
    return found
