"""The registers of a site (`registers/*.yml`): who is on duty, who was trained, what was decided and inspected.

Each is validated as the inventory is; what is allowed and still deserves a look is a warning (`register_warnings`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from inventory import lines, policy
from inventory.lines import Document, Location, Problem, SiteError, near
from inventory.people import People
from inventory.system import Day, Strict, System

FOLDER = "registers"

Words = Annotated[str, Field(min_length=1)]


def _moment(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as error:
        raise ValueError(f"{value!r} is no moment; write it like 2026-11-25 08:00") from error
    if moment.tzinfo is not None:
        raise ValueError("is local time, where the site is: leave the zone out")
    return moment


LocalMoment = Annotated[
    datetime,
    BeforeValidator(_moment),
    WithJsonSchema({"type": "string", "pattern": r"^\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?$"}),
]
"""A moment as people write it, where the site is: `2026-11-25 08:00`."""


class Shift(Strict):
    """Who is on duty from one moment to another (local time); `deputy` is called if they do not answer."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)

    since: LocalMoment = Field(alias="from")
    until: LocalMoment
    login: str
    deputy: str = ""

    @model_validator(mode="after")
    def _lasts(self) -> Shift:
        if self.until <= self.since:
            raise ValueError("ends before it begins")
        return self


class Training(Strict):
    """Who was trained in what, on which day; `evidence` is where the list of names is kept."""

    title: Words
    day: Day
    logins: Annotated[list[str], Field(min_length=1)]
    evidence: str = ""


class LevelDecided(Strict):
    """A decision on a system's level, as it was signed."""

    system: str
    level: Annotated[int, Field(ge=1, le=5)]
    number: Words
    date: Day
    by: Words


class Regulation(Strict):
    """The unit's own written rules: issued one day, approved (with the level) on another."""

    title: Words
    number: str = ""
    issued: Day
    approved: Day | None = None
    by: str = ""
    systems: list[str] = []


class Inspection(Strict):
    """An inspection: by whom, whether without warning and from outside, what was found, and by when it is mended."""

    day: Day
    by: Words
    surprise: bool = False
    outside: bool = False
    systems: list[str] = []
    seed: str = ""
    found: str = ""
    mend_by: Day | None = None
    mended: Day | None = None


class Sent(Strict):
    """Something of the policies' calendar that is done: which, for which day, when and by whom, with the receipt."""

    item: Words
    day: Day
    sent: Day
    by: str
    receipt: Words


class _Roster(Strict):
    shifts: list[Shift] = []


class _Training(Strict):
    trainings: list[Training] = []


class _Levels(Strict):
    decisions: list[LevelDecided] = []


class _Regulations(Strict):
    regulations: list[Regulation] = []


class _Inspections(Strict):
    inspections: list[Inspection] = []


class _Calendar(Strict):
    done: list[Sent] = []


MODELS: Mapping[str, type[Strict]] = {
    "roster": _Roster,
    "training": _Training,
    "level_decisions": _Levels,
    "regulations": _Regulations,
    "inspections": _Inspections,
    "calendar": _Calendar,
}
"""The registers there are, by the name of their file."""


@dataclass(frozen=True)
class Registers:
    """The content of the registers; `documents` say where each stands. A register without a file is empty."""

    shifts: Sequence[Shift] = ()
    trainings: Sequence[Training] = ()
    decisions: Sequence[LevelDecided] = ()
    regulations: Sequence[Regulation] = ()
    inspections: Sequence[Inspection] = ()
    done: Sequence[Sent] = ()
    documents: Mapping[str, Document] = field(default_factory=dict)


def load(root: Path, people: People | None, systems: Mapping[str, System] | None, packs: Sequence[str]) -> Registers:
    """Read a site's registers. Names of what is None (not known) are not checked.

    Raises:
        SiteError: every fault found: unknown files and keys, logins and systems that are none.
    """
    problems: list[Problem] = []
    documents: dict[str, Document] = {}
    parts: dict[str, list[Any]] = {}
    for file in sorted((root / FOLDER).glob("*.yml")):
        if file.stem not in MODELS:
            hint = near(file.stem, MODELS, "registers")
            problems.append(Problem(file, 1, "", f"no register {file.stem!r}", hint))
            continue
        try:
            twice: list[Problem] = []
            document, read = lines.load(file, MODELS[file.stem], twice)
        except SiteError as error:
            problems += error.problems
            continue
        problems += twice
        documents[file.stem] = document
        parts |= {name: getattr(read, name) for name in type(read).model_fields}
    found = Registers(**_named(parts), documents=documents)
    problems += _references(found, people, systems, packs)
    if problems:
        raise SiteError(problems)
    return found


def _named(parts: Mapping[str, list[Any]]) -> dict[str, Any]:
    return {name: tuple(values) for name, values in parts.items()}


def _references(
    found: Registers, people: People | None, systems: Mapping[str, System] | None, packs: Sequence[str]
) -> Iterator[Problem]:
    """Yield a fault for each login, system and calendar item that does not exist."""
    logins = [person.login for person in people.people] if people is not None else None
    items = [rule.key for rule in policy.load(packs).calendar] if found.done else []
    for register, place, kind, name in _names(found):
        known: Collection[str] | None = {"login": logins, "system": systems, "calendar item": items}[kind]
        if known is not None and name not in known:
            document = found.documents[register]
            yield document.problem(place, f"no {kind} {name!r}", near(name, known, f"{kind}s"))


def _names(found: Registers) -> Iterator[tuple[str, Location, str, str]]:
    for index, shift in enumerate(found.shifts):
        yield "roster", ("shifts", index, "login"), "login", shift.login
        if shift.deputy:
            yield "roster", ("shifts", index, "deputy"), "login", shift.deputy
    for index, training in enumerate(found.trainings):
        for inner, login in enumerate(training.logins):
            yield "training", ("trainings", index, "logins", inner), "login", login
    for index, decision in enumerate(found.decisions):
        yield "level_decisions", ("decisions", index, "system"), "system", decision.system
    several: Sequence[tuple[str, Sequence[Regulation | Inspection]]] = (
        ("regulations", found.regulations),
        ("inspections", found.inspections),
    )
    for register, entries in several:
        for index, entry in enumerate(entries):
            for inner, system in enumerate(entry.systems):
                yield register, (register, index, "systems", inner), "system", system
    for index, sent in enumerate(found.done):
        yield "calendar", ("done", index, "item"), "calendar item", sent.item
        yield "calendar", ("done", index, "by"), "login", sent.by
