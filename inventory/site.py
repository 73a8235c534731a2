"""The site: what a user keeps in git, read as one value with every fault named."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from inventory import duration, groups, known_hosts, people, references, registers, settings, waivers
from inventory.ansible_inventory import Ansible, cache_directory
from inventory.errors import UsageError
from inventory.lines import Document, Location, Problem, Remark, SiteError, near
from inventory.people import People
from inventory.places import SETTINGS_FILE
from inventory.references import Elsewhere
from inventory.registers import Registers
from inventory.settings import Settings
from inventory.ssh import Ssh
from inventory.system import Host, System
from inventory.vaults import VaultPlace
from inventory.waivers import Waivers

_NOT_CHECKED = Elsewhere()


@dataclass(frozen=True)
class Site:
    """A whole site, checked: settings, systems and hosts by key, people.

    `written` says where each system stands, `remarks` what is allowed and still deserves a look.
    """

    root: Path
    settings: Settings
    systems: Mapping[str, System]
    hosts: Mapping[str, Host]
    members: Mapping[str, tuple[str, ...]]
    people: People
    written: Mapping[str, tuple[Document, Location]] = field(default_factory=dict)
    remarks: tuple[Remark, ...] = ()
    waivers: Waivers = field(default_factory=Waivers)
    registers: Registers = field(default_factory=Registers)

    @property
    def inventory(self) -> Path:
        """Return the site's own Ansible inventory directory."""
        return self.root / "inventory"

    @property
    def ssh(self) -> Ssh:
        """Return how hosts are reached: their keys are those of the site's known_hosts."""
        return Ssh(self.root / known_hosts.FILE)

    @property
    def inventories(self) -> tuple[Path, ...]:
        """Return every Ansible inventory, in the order in which Ansible must be given them; the own one comes last."""
        return inventories(self.root, self.settings)

    def resolve(self, path: str) -> Path:
        """Return a path of the settings as absolute; relative ones start at the site."""
        return (self.root / path).resolve() if not Path(path).is_absolute() else Path(path)

    def system(self, key: str) -> System:
        """Return one system.

        Raises:
            UsageError: no such key; near ones are named.
        """
        if key in self.systems:
            return self.systems[key]
        raise UsageError(f"no system {key!r} in this site", hint=near(key, self.systems, "systems"))

    def host(self, name: str) -> Host:
        """Return one host.

        Raises:
            UsageError: no such host.
        """
        if name in self.hosts:
            return self.hosts[name]
        raise UsageError(f"no host {name!r} in this site", hint=near(name, self.hosts, "hosts"))

    def summary(self, key: str) -> dict[str, Any]:
        """Return one row of `holdfast inventory list --json`; what others run has no level and no targets here."""
        system = self.system(key)
        ours = not system.external
        return {
            "key": key,
            "name": system.name,
            "level": system.level if ours else None,
            "rto": duration.show(system.rto) if ours else None,
            "rto_seconds": system.rto.total_seconds() if ours else None,
            "rpo": duration.show(system.rpo) if ours else None,
            "rpo_seconds": system.rpo.total_seconds() if ours else None,
            "hosts": list(self.members.get(key, ())),
            "depends_on": list(system.depends_on),
            "external": system.external,
        }

    @property
    def site_id(self) -> str:
        """Return the site's own name, a word."""
        return self.settings.site

    @property
    def state_place(self) -> Path | None:
        """Return where the settings want the state to lie, if they say so."""
        return self.resolve(self.settings.state) if self.settings.state else None

    @property
    def timezone(self) -> str:
        """Return the name of the time zone the site is in."""
        return self.settings.timezone

    @property
    def in_file(self) -> bool:
        """Tell whether the ledger is a file of the state directory."""
        return self.settings.ledger is None

    def waived(self, today: date) -> Mapping[str, Collection[str]]:
        """Return, by system, the controls that are waived on a day."""
        return {key: self.waivers.of_system(key, today) for key in self.own}

    @property
    def sent(self) -> Collection[tuple[str, date]]:
        """Return what the calendar asked for and was done: which, and for which day."""
        return [(each.item, each.day) for each in self.registers.done]

    @property
    def policies(self) -> Sequence[str]:
        """Return the names of the chosen policy packs."""
        return self.settings.policies

    @property
    def vault_places(self) -> Mapping[str, VaultPlace]:
        """Return where each vault is."""
        return {name: settings.place_of(vault, self.resolve) for name, vault in self.settings.vaults.items()}

    @property
    def disks(self) -> Mapping[str, Sequence[str]]:
        """Return the labels of each rotation set's media."""
        return {name: list(rotation.disks) for name, rotation in self.settings.media.items()}

    @property
    def fetch_medium(self) -> timedelta | None:
        """Return how long fetching a medium takes, if the settings say so."""
        return self.settings.fetch_medium

    @property
    def own(self) -> Mapping[str, System]:
        """Return the systems that are ours (not external)."""
        return {key: system for key, system in self.systems.items() if not system.external}


def load(
    root: Path, *, ansible: Ansible | None = None, own: Path | None = None, names: Elsewhere = _NOT_CHECKED
) -> Site:
    """Read and check a whole site; `ansible` is asked about inventories that are not YAML.

    `own` is read in place of the site's own `inventory/`: how it would be with other files in it. `names` are those
    of runbooks and controls, for whoever wants them checked as well.

    Raises:
        SiteError: every fault found, with file, line, key and hint.
        HoldfastError: Ansible had to be asked and could not be.
    """
    root = root.resolve()
    problems: list[Problem] = []
    known, staff = None, None
    try:
        known = settings.load(root / SETTINGS_FILE)
    except SiteError as error:
        problems += error.problems
    try:
        staff = people.load(root / "people.yml")
    except SiteError as error:
        problems += error.problems
    ansible = ansible or Ansible(cache_directory(os.environ))
    *adopted, inventory = inventories(root, known)
    read = groups.read(*adopted, own or inventory, ask=ansible)
    problems += [*read.problems, *references.problems(read, known, names.runbooks)]
    systems = None if references.unread(read) else read.systems | read.faulty
    packs = known.policies if known is not None else Settings.model_fields["policies"].default
    accepted, kept = Waivers(), Registers()
    try:
        accepted = waivers.load(root, staff, systems, packs, names.controls)
    except SiteError as error:
        problems += error.problems
    try:
        kept = registers.load(root, staff, systems, packs)
    except SiteError as error:
        problems += error.problems
    if problems or known is None or staff is None:
        raise SiteError(problems, hint="mend the lines named, then run: holdfast inventory validate")
    written = {key: (read.documents[key], read.places[key]) for key in read.systems}
    remarks = tuple(read.remarks)
    return Site(root, known, read.systems, read.hosts, read.members, staff, written, remarks, accepted, kept)


def inventories(root: Path, known: Settings | None) -> tuple[Path, ...]:
    """Return the Ansible inventories of a site in the order they are read: those it adopts, then its own."""
    further = known.inventories if known is not None else []
    return (*((root / path).resolve() for path in further), root / "inventory")
