"""Field names: the data in `detect/fields/` that turns a log's own names into the ones rules use."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from detect.event import put

_FOLDER = Path(__file__).parent / "fields"
_MOST_NAMES = 20_000


@cache
def table(name: str) -> Any:
    """Return the content of one file of `detect/fields/`."""
    return yaml.safe_load((_FOLDER / f"{name}.yml").read_text(encoding="utf-8"))


class Names:
    """Renames the fields of one kind of log; what is not in its table keeps its name (without blanks).

    Sigma writes the Windows field `Threat Name` as `ThreatName`, so blanks go.
    """

    def __init__(self, kind: str) -> None:
        self._rules = [(re.compile(rule["from"]), str(rule["to"])) for rule in table(kind)["rename"]]
        self._known: dict[str, str] = {}

    def applied(self, flat: Mapping[str, Any]) -> dict[str, Any]:
        """Return the fields under their new names."""
        renamed: dict[str, Any] = {}
        for name, value in flat.items():
            put(renamed, self._known.get(name) or self._renamed(name), value)
        return renamed

    def _renamed(self, name: str) -> str:
        new = name
        for pattern, replacement in self._rules:
            if (found := pattern.fullmatch(name)) is not None:
                new = found.expand(replacement)
                break
        new = new.replace(" ", "")
        if len(self._known) < _MOST_NAMES:  # names come from the log; a hostile one must not fill the memory
            self._known[name] = new
        return new


@cache
def names(kind: str) -> Names:
    """Return the renaming of one kind of log."""
    return Names(kind)
