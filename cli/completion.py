"""What a shell may complete: systems, hosts, runbooks, groups of the site. Quick, and silent whatever is wrong."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from inventory.groups import Groups

Completer = Callable[[typer.Context, str], list[str]]


def systems(context: typer.Context, incomplete: str) -> list[str]:
    """Return the keys of systems that begin so."""
    return _beginning(incomplete, lambda: _read(context).systems)


def hosts(context: typer.Context, incomplete: str) -> list[str]:
    """Return the names of hosts that begin so."""
    return _beginning(incomplete, lambda: _read(context).hosts)


def runbooks(context: typer.Context, incomplete: str) -> list[str]:
    """Return the names of runbooks that begin so."""
    return _beginning(incomplete, lambda: (file.stem for file in _runbooks(context)))


def _beginning(incomplete: str, names: Callable[[], Iterable[str]]) -> list[str]:
    try:
        return sorted(name for name in names() if name.startswith(incomplete))
    except Exception:  # a shell waits: no site, no right to read it, a fault in it - nothing to complete
        return []


def _site(context: Any) -> Path:
    from inventory import places

    return places.find(context.find_root().params.get("site"), os.environ, Path.cwd())


def _read(context: typer.Context) -> Groups:
    """Read the inventories without asking Ansible; what is at fault is left out."""
    from inventory import groups, places, settings, site

    root = _site(context)
    return groups.read(*site.inventories(root, settings.load(root / places.SETTINGS_FILE)))


def _runbooks(context: typer.Context) -> list[Path]:
    from incident.runbook import SHIPPED

    return [*SHIPPED.glob("*.yml"), *(_site(context) / "runbooks").glob("*.yml")]
