"""The site: what a user keeps in git, read as one value with every fault named."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from inventory import duration, groups, lines, people, policy
from inventory.days import ZoneName
from inventory.duration import Duration
from inventory.errors import UsageError
from inventory.lines import Problem, SiteError
from inventory.people import People
from inventory.system import Host, MediaCopy, Strict, System, VaultCopy

SETTINGS_FILE = "holdfast.yml"
_NAME = r"^[a-z0-9][a-z0-9-]{0,62}$"
Name = Annotated[str, Field(pattern=_NAME)]


class Vault(Strict):
    """An online store of repositories: a local directory (relative paths start at the site)."""

    path: str


class Disk(Strict):
    """One offline medium.

    `directory` is where its content lies while it is put away; `attach` the path it appears at while in use.
    """

    directory: str
    attach: str
    custodian: str = ""
    shelf: str = ""


class RotationSet(Strict):
    """Media that take turns."""

    disks: Annotated[dict[Name, Disk], Field(min_length=1)]


class Settings(Strict):
    """The content of `holdfast.yml`."""

    site: Name
    name: str = ""
    timezone: ZoneName = "UTC"
    policies: list[str] = ["baseline"]
    state: str = ""
    vaults: dict[Name, Vault] = {}
    media: dict[Name, RotationSet] = {}
    restore_speed_mb_s: Annotated[float, Field(gt=0)] | None = None
    fetch_medium: Duration | None = None


@dataclass(frozen=True)
class Site:
    """A whole site, checked: settings, systems and hosts by key, people."""

    root: Path
    settings: Settings
    systems: Mapping[str, System]
    hosts: Mapping[str, Host]
    members: Mapping[str, tuple[str, ...]]
    people: People

    @property
    def inventory(self) -> Path:
        """Return the Ansible inventory directory."""
        return self.root / "inventory"

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
        raise UsageError(f"no system {key!r} in this site", hint=f"systems: {', '.join(self.systems) or 'none'}")

    def host(self, name: str) -> Host:
        """Return one host.

        Raises:
            UsageError: no such host.
        """
        if name in self.hosts:
            return self.hosts[name]
        raise UsageError(f"no host {name!r} in this site", hint=f"hosts: {', '.join(self.hosts) or 'none'}")

    def summary(self, key: str) -> dict[str, Any]:
        """Return one row of `holdfast inventory list --json`."""
        system = self.system(key)
        return {
            "key": key,
            "name": system.name,
            "level": system.level,
            "rto": duration.show(system.rto),
            "rto_seconds": system.rto.total_seconds(),
            "rpo": duration.show(system.rpo),
            "rpo_seconds": system.rpo.total_seconds(),
            "hosts": list(self.members.get(key, ())),
            "depends_on": list(system.depends_on),
            "external": system.external,
        }

    @property
    def own(self) -> Mapping[str, System]:
        """Return the systems that are ours (not external)."""
        return {key: system for key, system in self.systems.items() if not system.external}


def find(given: Path | None, environment: Mapping[str, str], start: Path) -> Path:
    """Return the site's directory: `--site`, then HOLDFAST_SITE, then upwards from `start`.

    Raises:
        UsageError: there is none, or the given one has no holdfast.yml.
    """
    named = given or (Path(environment["HOLDFAST_SITE"]) if environment.get("HOLDFAST_SITE") else None)
    if named is not None:
        if (named / SETTINGS_FILE).is_file():
            return named.resolve()
        raise UsageError(f"{named} is not a site: it has no {SETTINGS_FILE}", hint=f"holdfast init {named}")
    for folder in (start, *start.parents):
        if (folder / SETTINGS_FILE).is_file():
            return folder.resolve()
    raise UsageError(
        f"no site here: no {SETTINGS_FILE} in {start} or above",
        hint="give one with --site DIR or HOLDFAST_SITE, or make one with: holdfast init DIR",
    )


def load(root: Path) -> Site:
    """Read and check a whole site.

    Raises:
        SiteError: every fault found, with file, line, key and hint.
    """
    problems: list[Problem] = []
    settings, staff = Settings(site="unread"), People()
    try:
        settings = _settings(root / SETTINGS_FILE)
    except SiteError as error:
        problems += error.problems
    try:
        staff = people.load(root / "people.yml")
    except SiteError as error:
        problems += error.problems
    read = groups.read(root / "inventory")
    problems += read.problems
    site = Site(root.resolve(), settings, read.systems, read.hosts, read.members, staff)
    problems += _references(site, read, check_stores=settings.site != "unread")
    if problems:
        raise SiteError(problems, hint="mend the lines named, then run: holdfast inventory validate")
    return site


def _settings(file: Path) -> Settings:
    document = lines.read(file)
    settings = lines.validate(document, Settings)
    unknown = [index for index, name in enumerate(settings.policies) if name not in policy.known()]
    if unknown:
        hint = f"packs: {', '.join(policy.known())}"
        raise SiteError(document.problem(("policies", index), "no such policy pack", hint) for index in unknown)
    return settings


def state_directory(site: Site, environment: Mapping[str, str]) -> Path:
    """Return where ledger, keys and positions of this site live; never inside git.

    HOLDFAST_STATE, then `state:` of holdfast.yml, then /var/lib/holdfast if it is ours to write, then
    the user's own state directory.
    """
    if environment.get("HOLDFAST_STATE"):
        return Path(environment["HOLDFAST_STATE"])
    if site.settings.state:
        return site.resolve(site.settings.state)
    system_wide = Path("/var/lib/holdfast")
    if system_wide.is_dir() and os.access(system_wide, os.W_OK):
        return system_wide / site.settings.site
    home = environment.get("XDG_STATE_HOME") or str(Path(environment.get("HOME", "/")) / ".local" / "state")
    return Path(home) / "holdfast" / site.settings.site


def _references(site: Site, read: groups.Groups, *, check_stores: bool) -> Iterator[Problem]:
    for key, system in site.systems.items():
        document = read.documents[key]
        here = read.places[key]
        for index, other in enumerate(system.depends_on):
            if other not in read.documents:
                known = ", ".join(site.systems)
                yield document.problem((*here, "depends_on", index), f"no system {other!r}", f"systems: {known}")
        for part, host in _named_hosts(system):
            if host not in site.hosts:
                yield document.problem((*here, *part), f"no host {host!r}", f"hosts: {', '.join(site.hosts)}")
        for index, copy in enumerate(system.copies if check_stores else []):
            match copy:
                case VaultCopy(vault=name) if name not in site.settings.vaults:
                    yield document.problem((*here, "copies", index), f"no vault {name!r} in {SETTINGS_FILE}")
                case MediaCopy(media=name) if name not in site.settings.media:
                    yield document.problem((*here, "copies", index), f"no rotation set {name!r} in {SETTINGS_FILE}")
                case _:
                    pass
    yield from _cycles(site, read)


def _named_hosts(system: System) -> Iterator[tuple[lines.Location, str]]:
    for field in ("data", "logs", "normal_when"):
        for index, item in enumerate(getattr(system, field)):
            if (host := getattr(item, "host", None)) is not None:
                yield (field, index), host
    if system.canary is not None:
        yield ("canary", "host"), system.canary.host
    for name, target in system.drill_targets.items():
        yield ("drill_targets", name), name
        yield ("drill_targets", name), target


def _cycles(site: Site, read: groups.Groups) -> Iterator[Problem]:
    done: set[str] = set()

    def visit(key: str, path: tuple[str, ...]) -> Iterator[Problem]:
        if key in path:
            loop = " → ".join((*path[path.index(key) :], key))
            place = (*read.places[path[-1]], "depends_on")
            yield read.documents[path[-1]].problem(place, f"depends on itself: {loop}")
            return
        if key in done or key not in site.systems:
            return
        done.add(key)
        for other in site.systems[key].depends_on:
            yield from visit(other, (*path, key))

    for key in site.systems:
        yield from visit(key, ())
