"""What restic complains of, in our words: is the copy damaged, and what of it. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

_SHOWN = 8
"""Characters of an id that people are shown."""
_LONGEST = 200
_DAMAGE = re.compile(
    r"verification failed|invalid data returned|unexpected (pack|blob) id|ReadFull\(<|Load\(<"
    r"|id [0-9a-f]{8,64} not found in repository|pack [0-9a-f]{8,64}: does not exist|hash mismatch|wrong hash"
)
_PARTS = (
    ("pack", "packs", re.compile(r"^pack ([0-9a-f]{64})")),
    ("index", "indexes", re.compile(r"^(?:error: )?error loading index ([0-9a-f]{8})")),
    ("list of files", "lists of files", re.compile(r"^error for tree ([0-9a-f]{8})")),
    ("snapshot", "snapshots", re.compile(r"^(?:error: )?failed to load snapshot ([0-9a-f]{8})")),
)
_ADVICE = re.compile(r"must be (removed|repaired)|https?://|^restic repair|repository contains errors$|^Load(Raw)?\(<")
"""How to change the copy (we never do, it may be the last one), and what the counted lines say already."""
_SUM = re.compile(r"^(Fatal: )?There (was|were) \d+ errors?$")
_BAD = ("error", "fatal", "fail", "damage", "missing", "unable", "corrupt", "mismatch", "does not exist")


def is_damage(text: str) -> bool:
    """Tell whether a complaint says that the copy itself is damaged."""
    return _DAMAGE.search(text) is not None


def looks_bad(line: str) -> bool:
    """Tell whether a line of plain words may be a complaint."""
    words = line.lower()
    return any(word in words for word in _BAD)


def of_check(lines: Sequence[str]) -> tuple[str, ...]:
    """Return what a check found, counted (`2 packs damaged, first 028c5216`), then what we have no words for."""
    counted: list[str] = []
    known: set[str] = set()
    for one, several, pattern in _PARTS:
        found: dict[str, None] = {}
        for line in lines:
            if match := pattern.search(line.strip()):
                known.add(line)
                found[match.group(1)[:_SHOWN]] = None
        if found:
            first = next(iter(found))
            said = f"1 {one} damaged: {first}" if len(found) == 1 else f"{len(found)} {several} damaged, first {first}"
            counted.append(said)
    rest = [line for line in lines if line not in known and not line.startswith("  ") and looks_bad(line)]
    others = [line[:_LONGEST] for line in distinct(rest)]
    return (*counted, *(line for line in others if not _ADVICE.search(line))) or tuple(others)


def distinct(texts: Sequence[str]) -> tuple[str, ...]:
    """Return complaints without blank ones, repetitions and mere sums (unless nothing else was said)."""
    lines = tuple(dict.fromkeys(text.strip() for text in texts if text.strip()))
    return tuple(line for line in lines if not _SUM.search(line)) or lines
