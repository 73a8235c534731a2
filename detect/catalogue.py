"""The rules as people look them up: one entry each, runnable or not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from detect.rule import AnyRule, Correlation, Header, RuleSet
from detect.ruleset import ready
from detect.sigma import RuleError


@dataclass(frozen=True)
class Entry:
    """One rule: `kind` is event, a correlation's kind, or unusable (then `reason` says why)."""

    id: str
    title: str
    level: str
    kind: str
    place: str
    header: Header | None = None
    source: str = ""
    reason: str = ""


def entries(rules: RuleSet) -> list[Entry]:
    """Return every rule of a set, in the order read; those that cannot be run last."""
    checked = ready(rules)[1]
    runnable = [_entry(rule) for rule in checked.usable()]
    broken = [
        Entry(each.id, each.title, "-", "unusable", f"{each.file}:{each.line}", reason=each.reason)
        for each in checked.unusable
    ]
    return [*runnable, *broken]


def one(rules: RuleSet, identity: str) -> Entry:
    """Return the rule with this id or name, or the only one whose id begins with it.

    Raises:
        RuleError: none or several.
    """
    known = entries(rules)
    named = [entry for entry in known if identity in (entry.id, entry.header.name if entry.header else "")]
    found = named or [entry for entry in known if identity and entry.id.startswith(identity)]
    if len(found) == 1:
        return found[0]
    many = "no rule" if not found else f"{len(found)} rules"
    raise RuleError(f"{many} with the id or name {identity!r}", hint="list them with: holdfast detect rules list")


def to_json(entry: Entry) -> dict[str, Any]:
    """Return the documented shape of a rule in listings."""
    header = entry.header
    return {
        "id": entry.id,
        "name": header.name if header else "",
        "title": entry.title,
        "level": entry.level,
        "kind": entry.kind,
        "source": entry.source,
        "tags": list(header.tags) if header else [],
        "description": header.description if header else "",
        "false_positives": list(header.false_positives) if header else [],
        "respond": str(header.custom.get("respond", "")) if header else "",
        "runbook": str(header.custom.get("runbook", "")) if header else "",
        "file": entry.place,
        "hash": header.hash if header else "",
        "problem": entry.reason or None,
    }


def to_lines(entry: Entry) -> Sequence[str]:
    """Return a rule as lines for people."""
    return [f"{name:<16} {_words(value)}" for name, value in to_json(entry).items() if value]


def _entry(rule: AnyRule) -> Entry:
    header = rule.header
    place = f"{header.file}:{header.line}"
    if isinstance(rule, Correlation):
        return Entry(header.id, header.title, header.level, rule.kind, place, header, "correlation")
    source = "/".join(part or "*" for part in (rule.logsource.product, rule.logsource.category, rule.logsource.service))
    return Entry(header.id, header.title, header.level, "event", place, header, source)


def _words(value: Any) -> str:
    return "; ".join(value) if isinstance(value, list) else str(value)
