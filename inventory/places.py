"""Where a site lies, and where its state does."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from inventory.errors import UsageError
from inventory.outline import SiteFacts

SETTINGS_FILE = "holdfast.yml"


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


def state_directory(site: SiteFacts, environment: Mapping[str, str]) -> Path:
    """Return where ledger, keys and positions of this site live; never inside git.

    HOLDFAST_STATE, then `state:` of holdfast.yml, then /var/lib/holdfast if it is ours to write, then
    the user's own state directory.
    """
    if environment.get("HOLDFAST_STATE"):
        return Path(environment["HOLDFAST_STATE"])
    if site.state_place is not None:
        return site.state_place
    system_wide = Path("/var/lib/holdfast")
    if system_wide.is_dir() and os.access(system_wide, os.W_OK):
        return system_wide / site.site_id
    home = environment.get("XDG_STATE_HOME") or str(Path(environment.get("HOME", "/")) / ".local" / "state")
    return Path(home) / "holdfast" / site.site_id
