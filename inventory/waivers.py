"""Waivers: gaps that somebody accepted, with a reason, an owner, another person's approval and an end."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any

from pydantic import ConfigDict, Field, ValidationError

from inventory import lines, policy
from inventory.lines import Document, Location, Problem, Remark, SiteError, near
from inventory.people import People
from inventory.system import Day, Strict, System

FILE = "waivers.yml"
_SOON = timedelta(days=14)
_MAY_APPROVE = {"approver", "head"}


class Waiver(Strict):
    """One accepted gap: a control that need not pass on a system's hosts, from a day to the end of another."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)

    control: Annotated[str, Field(min_length=1)]
    system: Annotated[str, Field(min_length=1)]
    reason: Annotated[str, Field(min_length=1)]
    owner: str
    approver: str
    since: Day = Field(alias="from")
    until: Day

    def holds(self, today: date) -> bool:
        """Tell whether it holds on a day (where the site is); its last day is one."""
        return self.since <= today <= self.until

    @property
    def words(self) -> str:
        """Say what it is, for people."""
        return f"waived until {self.until} by {self.approver} for {self.owner}: {self.reason}"


class WaiversFile(Strict):
    """The content of `waivers.yml`."""

    waivers: list[Waiver] = []


@dataclass(frozen=True)
class Waivers:
    """Every waiver of a site, those that have ended too."""

    all: tuple[Waiver, ...] = ()
    document: Document | None = None

    def of_system(self, system: str, today: date) -> dict[str, Waiver]:
        """Return the waivers that hold for a system on a day, by control."""
        return {each.control: each for each in self.all if each.system == system and each.holds(today)}

    def of_host(self, systems: Sequence[str], today: date) -> dict[str, Waiver]:
        """Return the waivers that hold on a host: a control is waived there only if every system it carries waives it.

        Of several, the one that ends first is told.
        """
        by_system = [self.of_system(system, today) for system in systems]
        common = set.intersection(*(set(each) for each in by_system)) if by_system else set()
        return {control: min((each[control] for each in by_system), key=lambda one: one.until) for control in common}

    def remarks(self, today: date) -> Iterator[Remark]:
        """Yield a warning for each waiver that ended or ends soon."""
        for index, each in enumerate(self.all):
            what = f"the waiver of {each.control} on {each.system}"
            if self.document is None or each.until - today > _SOON:
                continue
            if today > each.until:
                text = f"{what} ended on {each.until} and counts no more: mend it, or have it approved anew"
                yield self.document.remark("waiver_ended", ("waivers", index, "until"), text)
            else:
                yield self.document.remark("waiver_ends", ("waivers", index, "until"), f"{what} ends on {each.until}")


def load(
    root: Path,
    people: People | None,
    systems: Mapping[str, System] | None,
    packs: Sequence[str],
    controls: Collection[str] | None = None,
) -> Waivers:
    """Read a site's waivers.yml; without the file there are none. Names of what is None (not known) are not checked.

    Raises:
        SiteError: every fault found.
    """
    file = root / FILE
    if not file.exists():
        return Waivers()
    problems: list[Problem] = []
    document = lines.read(file, problems)
    try:
        read = dict(enumerate(lines.validate(document, WaiversFile).waivers))
    except SiteError as error:
        problems += error.problems
        read = _sound(document)
    if controls is not None:
        problems += _unknown_controls(document, controls)
    for index, each in read.items():
        problems += _faults(document, ("waivers", index), each, people)
        if systems is not None:
            problems += _misplaced(document, ("waivers", index), each, systems, packs)
    if problems:
        raise SiteError(problems)
    return Waivers(tuple(read.values()), document)


def _rows(document: Document) -> list[Any]:
    rows = document.data.get("waivers") if isinstance(document.data, dict) else None
    return rows if isinstance(rows, list) else []


def _sound(document: Document) -> dict[int, Waiver]:
    """Return the waivers that can be read of a file with faults, by their place: what they name is checked too."""
    found: dict[int, Waiver] = {}
    for index, row in enumerate(_rows(document)):
        with suppress(ValidationError):
            found[index] = Waiver.model_validate(row)
    return found


def _unknown_controls(document: Document, known: Collection[str]) -> Iterator[Problem]:
    for index, row in enumerate(_rows(document)):
        control = row.get("control") if isinstance(row, dict) else None
        if isinstance(control, str) and control and control not in known:
            hint = near(control, known, "controls")
            yield document.problem(("waivers", index, "control"), f"no control {control!r}", hint)


def _faults(document: Document, here: Location, each: Waiver, people: People | None) -> Iterator[Problem]:
    if each.approver == each.owner:
        yield document.problem((*here, "approver"), "is the owner", "another person approves what one asks for")
    if each.until < each.since:
        yield document.problem((*here, "until"), "is before `from`")
    if people is None:
        return
    logins = [person.login for person in people.people]
    for role in ("owner", "approver"):
        if (login := getattr(each, role)) not in logins:
            yield document.problem((*here, role), f"no login {login!r}", near(login, logins, "logins"))
    approver = people.find(each.approver)
    if approver is not None and each.approver != each.owner and not _MAY_APPROVE & set(approver.roles):
        yield document.problem((*here, "approver"), f"{approver.name} is neither approver nor head")


def _misplaced(
    document: Document, here: Location, each: Waiver, systems: Mapping[str, System], packs: Sequence[str]
) -> Iterator[Problem]:
    if each.system not in systems:
        hint = near(each.system, systems, "systems")
        yield document.problem((*here, "system"), f"no system {each.system!r}", hint)
    elif each.until - each.since > (most := longest(systems[each.system].level, packs)):
        what = f"lasts longer than {most.days} days, the most at level {systems[each.system].level}"
        yield document.problem((*here, "until"), what, "approve it for less, and again if it is still needed")


def longest(level: int, packs: Sequence[str]) -> timedelta:
    """Return how long a waiver may last at a level: our own proposal, unless a chosen pack asks otherwise."""
    limits = policy.load(packs).limits.get("waiver_longest") or policy.load(["baseline"]).limits["waiver_longest"]
    return limits[level].duration
