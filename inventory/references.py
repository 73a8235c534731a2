"""Names that lead somewhere: every system, host, vault and rotation set a system speaks of must be there."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from inventory.groups import Groups
from inventory.lines import Location, Problem, near
from inventory.places import SETTINGS_FILE
from inventory.settings import Settings
from inventory.system import MediaCopy, System, VaultCopy


@dataclass(frozen=True)
class Elsewhere:
    """Names a site may speak of that this package does not know; None: not known here, so not checked."""

    runbooks: Collection[str] | None = None
    controls: Collection[str] | None = None


def unread(read: Groups) -> bool:
    """Tell whether a whole file could not be read: which systems and hosts there are is not known then."""
    return any(not problem.key for problem in read.problems)


def problems(read: Groups, settings: Settings | None, runbooks: Collection[str] | None = None) -> Iterator[Problem]:
    """Yield every name that leads nowhere and every circle of dependencies.

    What may lead into something not known (no settings, no runbooks, a file that could not be read) is not told.
    """
    blind = unread(read)
    for key, system in (read.systems | read.faulty).items():
        document, here = read.documents[key], read.places[key]
        inside = () if blind else _strangers(system, read)
        for place, what, hint in (*inside, *_unknown(system, settings, runbooks)):
            yield document.problem((*here, *place), what, hint)
    yield from _circles(read)


def _strangers(system: System, read: Groups) -> Iterator[tuple[Location, str, str]]:
    for index, other in enumerate(system.depends_on):
        if other not in read.documents:
            yield ("depends_on", index), f"no system {other!r}", near(other, read.documents, "systems")
    for place, host in named_hosts(system):
        if host not in read.hosts:
            yield place, f"no host {host!r}", near(host, read.hosts, "hosts")


def _unknown(
    system: System, settings: Settings | None, runbooks: Collection[str] | None
) -> Iterator[tuple[Location, str, str]]:
    if runbooks is not None and system.runbook not in runbooks:
        yield ("runbook",), f"no runbook {system.runbook!r}", near(system.runbook, sorted(runbooks), "runbooks")
    for index, copy in enumerate(system.copies if settings is not None else []):
        assert settings is not None
        match copy:
            case VaultCopy(vault=name):
                yield from _store(index, name, "vault", settings.vaults)
            case MediaCopy(media=name):
                yield from _store(index, name, "rotation set", settings.media)


def _store(index: int, name: str, kind: str, known: Collection[str]) -> Iterator[tuple[Location, str, str]]:
    if name not in known:
        yield ("copies", index), f"no {kind} {name!r} in {SETTINGS_FILE}", near(name, known, f"{kind}s")


def named_hosts(system: System) -> Iterator[tuple[Location, str]]:
    """Yield every host a system names, with where in its block."""
    for field in ("data", "logs", "normal_when", "exposes", "start", "stop"):
        for index, item in enumerate(getattr(system, field)):
            if host := getattr(item, "host", None):
                yield (field, index), host
    if system.canary is not None:
        yield ("canary", "host"), system.canary.host
    for name, target in system.drill_targets.items():
        yield ("drill_targets", name), name
        yield ("drill_targets", name), target


def _circles(read: Groups) -> Iterator[Problem]:
    done: set[str] = set()
    systems = read.systems | read.faulty
    for start in systems:
        path: list[str] = []
        waiting = [iter([start])]
        while waiting:
            key = next(waiting[-1], None)
            if key is None:
                waiting.pop()
                if path:
                    path.pop()
            elif key in path:
                loop = " → ".join((*path[path.index(key) :], key))
                place = (*read.places[path[-1]], "depends_on")
                yield read.documents[path[-1]].problem(place, f"depends on itself: {loop}")
            elif key in systems and key not in done:
                done.add(key)
                path.append(key)
                waiting.append(iter(systems[key].depends_on))
