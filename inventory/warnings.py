"""What a site may say and still deserves a look: a level that looks low, a target too short, nothing to bring back.

Each warning is a `Remark` with a stable code:

target_too_short   back sooner than something it needs, directly or through others
level_low          the data speak for a higher level than the one written
decision_later     a level decision dated in the future
no_data, no_copies, no_normal_when   nothing to bring back, nothing to bring it back from, no way to know it is back
no_system          hosts that belong to no system
connection_unclear how hosts are reached only Ansible can know
same_name, skipped_key, unused_variables, encrypted_file   how the inventory's files are read
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from inventory import graph
from inventory.lines import Location, Remark
from inventory.references import named_hosts
from inventory.system import System

if TYPE_CHECKING:
    from inventory.site import Site

_MOST_NAMED = 5
_DECREE = "Decree 331/2026/NĐ-CP, Art. 11-16, from secondary sources"
_OURS = "Holdfast's own proposal"


@dataclass(frozen=True)
class LevelRule:
    """What speaks for a level: `reason` completes "it …"; none of the sources was read in an official text."""

    level: int
    reason: str
    source: str
    applies: Callable[[System], bool]
    verified: bool = False


LEVEL_RULES = (
    LevelRule(
        3, "keeps basic data of 100,000 people or more", _DECREE, lambda system: system.data_subjects.basic >= 100_000
    ),
    LevelRule(
        3,
        "keeps sensitive data of 10,000 people or more",
        _DECREE,
        lambda system: system.data_subjects.sensitive >= 10_000,
    ),
    LevelRule(
        3,
        "keeps sensitive data and is open to anybody",
        _OURS,
        lambda system: system.data_subjects.sensitive > 0 and any(port.to == "any" for port in system.exposes),
    ),
    LevelRule(3, "keeps sensitive data", _OURS, lambda system: system.data_subjects.sensitive > 0),
    LevelRule(2, "keeps personal data", _DECREE, lambda system: system.data_subjects.basic > 0),
)
"""From the weightiest to the lightest; the first that asks for more than the level written is told."""


def of(site: Site, today: date) -> tuple[Remark, ...]:
    """Return every warning about a site on a day (where the site is), in the order of its systems."""
    found = [*site.remarks]
    for key, system in site.own.items():
        document, place = site.written[key]
        for code, inner, text in _about(key, system, today):
            found.append(document.remark(code, (*place, *inner), text))
    for hurry in graph.hurries(site.systems):
        document, place = site.written[hurry.system]
        index = site.systems[hurry.system].depends_on.index(hurry.path[0])
        found.append(document.remark("target_too_short", (*place, "depends_on", index), hurry.text))
    return (*found, *_without_system(site), *_unclear(site))


def _about(key: str, system: System, today: date) -> Iterator[tuple[str, Location, str]]:
    if rule := next((rule for rule in LEVEL_RULES if rule.level > system.level and rule.applies(system)), None):
        text = f"{key} {rule.reason}, which speaks for level {rule.level}, but it has {system.level} ({rule.source})"
        yield "level_low", ("level",), text
    decision = system.level_decision
    if decision is not None and decision.date > today:
        text = f"the decision {decision.number} on the level of {key} is dated {decision.date}, which is still to come"
        yield "decision_later", ("level_decision", "date"), text
    if not system.data:
        yield "no_data", (), f"{key} names no data: after a loss there would be nothing to bring back"
    elif not system.copies:
        yield "no_copies", (), f"{key} names no copies: its data could be brought back from nowhere"
    if not system.normal_when:
        yield "no_normal_when", (), f"{key} has no normal_when: nobody could know that it is back"


def _without_system(site: Site) -> Iterator[Remark]:
    carried = {host for key in site.systems for host in site.members.get(key, ())}
    spare = {host for system in site.systems.values() for _, host in named_hosts(system)}
    if alone := sorted(site.hosts.keys() - carried - spare):
        verb = "belongs" if len(alone) == 1 else "belong"
        yield Remark("no_system", site.inventory, 1, "", f"{_names(alone)} {verb} to no system")


def _unclear(site: Site) -> Iterator[Remark]:
    by_reason: dict[str, list[str]] = {}
    for host in site.hosts.values():
        for reason in host.unclear:
            by_reason.setdefault(reason, []).append(host.name)
    for reason, hosts in by_reason.items():
        text = f"how to reach {_names(hosts)} is known to Ansible only: {reason}"
        yield Remark("connection_unclear", site.inventory, 1, "", text)


def _names(names: Iterable[str]) -> str:
    known = list(names)
    more = f" and {len(known) - _MOST_NAMED} more" if len(known) > _MOST_NAMED else ""
    return ", ".join(known[:_MOST_NAMED]) + more
